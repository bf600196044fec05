//! `users export`, `import` and `apply`, `admin doctor` and `metrics`: both programs together.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::common::test_daemon::TestDaemon;
use crate::said;

fn file(home: &TestDaemon, name: &str, text: &str) -> PathBuf {
    let path = home.root().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn on(home: &TestDaemon, line: &str, path: &Path) -> (String, i32) {
    said(home, &line.replace("FILE", path.to_str().unwrap()))
}

/// Names and outcomes.
fn outcomes(csv: &str) -> Vec<String> {
    let rows = csv.lines().skip(1).map(|row| row.split(';').collect::<Vec<_>>());
    rows.map(|row| format!("{} {}", row[1], row[2])).collect()
}

#[test]
fn what_one_daemon_exports_another_imports() {
    let (here, there) = (TestDaemon::started(), TestDaemon::started());
    assert_eq!(said(&here, "users add -p mysecret -r user -w bob").1, 0);
    assert_eq!(said(&here, "users add -A none -r guest eve").1, 0);
    let (text, code) = said(&here, "users export --with-secrets");
    assert_eq!((text.lines().count(), code), (3, 0));
    let path = file(&there, "accounts.ndjson", &text);
    let (plan, code) = on(&there, "users import --dry-run --csv FILE", &path);
    assert_eq!(
        (outcomes(&plan), code),
        (vec!["admin unchanged".into(), "bob added".into(), "eve added".into()], 0)
    );
    assert_eq!(on(&there, "users import --csv FILE", &path), (plan, 0));
    assert_eq!(said(&there, "users export --with-secrets"), (text, 0));
    let (again, code) = on(&there, "users import --csv FILE", &path);
    assert_eq!(
        (outcomes(&again), code),
        (vec!["admin unchanged".into(), "bob unchanged".into(), "eve unchanged".into()], 0)
    );
    // A name that breaks a rule is reported and not bent; the exit code is that of the refusal.
    let path = file(&there, "bad.csv", "name,role,provider\nB b,user,none\nmax,user,none\n");
    let (rows, code) = on(&there, "users import --csv FILE", &path);
    assert_eq!((outcomes(&rows), code), (vec![" refused".into(), "max added".into()], 2));
}

#[test]
fn a_declared_file_is_applied_once() {
    let home = TestDaemon::started();
    assert_eq!(said(&home, "users add -A none -r guest old").1, 0);
    file(&home, "secrets/bob", "correct horse\n");
    let toml = "[[account]]\nname = \"bob\"\nrole = \"user\"\nwebdav = true\n\
                password_file = \"secrets/bob\"\n\n[[account]]\nname = \"admin\"\n";
    let path = file(&home, "accounts.toml", toml);
    let plan =
        |prune: &str| on(&home, &format!("users apply -f FILE --dry-run --csv {prune}"), &path);
    let (rows, code) = plan("--prune");
    assert_eq!(outcomes(&rows), ["bob added", "admin unchanged", "old pruned"]);
    assert_eq!(code, 10);
    assert_eq!(on(&home, "users apply -f FILE --prune", &path).1, 2);
    assert_eq!(on(&home, "users apply -f FILE --prune --yes", &path).1, 0);
    assert_eq!(plan("--prune").1, 0);
    let (trail, _) = said(&home, "admin audit ls -n 0 --json");
    assert_eq!(on(&home, "users apply -f FILE", &path).1, 0);
    // The second run leaves one record of itself, and none of an account.
    let (longer, _) = said(&home, "admin audit ls -n 0 --json");
    assert_eq!(longer.matches("\"number\"").count(), trail.matches("\"number\"").count() + 1);

    file(&home, "secrets/bob", "staple and paper\n");
    let (rows, code) = plan("");
    assert_eq!((outcomes(&rows), code), (vec!["bob updated".into(), "admin unchanged".into()], 10));
    assert!(rows.contains(";password;"), "{rows}");
    assert_eq!(on(&home, "users apply -f FILE", &path).1, 0);
    assert_eq!(plan(""), (rows.replace("updated;password", "unchanged;"), 0));
}

#[test]
fn the_daemon_is_examined_and_counted() {
    let mut home = TestDaemon::started();
    assert_eq!(said(&home, "admin doctor").1, 1);
    assert_eq!(said(&home, "passwd --generate admin").1, 0);
    let (report, code) = said(&home, "admin doctor --csv");
    // How full the disk of this machine is does not matter here.
    let bad: Vec<&str> = report.lines().filter(|row| row.contains(";No;")).collect();
    assert!(bad.iter().all(|row| row.starts_with("disk space;")), "{report}");
    assert_eq!(code, i32::from(!bad.is_empty()));
    let (text, code) = said(&home, "admin metrics --openmetrics");
    assert!(code == 0 && text.ends_with("# EOF\n"), "{text}");
    let (text, code) = said(&home, "admin metrics");
    assert!(code == 0 && text.contains("# TYPE photoprismd_build_info gauge\n"), "{text}");
    assert!(!text.contains("# EOF") && !text.contains("# UNIT"), "{text}");
    home.stop();
    assert_eq!(said(&home, "admin doctor").1, 69);
    assert_eq!(said(&home, "admin metrics").1, 69);
}
