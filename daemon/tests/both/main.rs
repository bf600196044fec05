//! The real `photoprism` against the real `photoprismd`: PhotoPrism's own output for its own
//! database, and the commands of PhotoPrism's documentation.

#[expect(dead_code, reason = "other test binaries use the rest of it")]
#[path = "../common/mod.rs"]
mod common;
mod files;
mod metrics;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::common::outside::clear_env;
use crate::common::test_daemon::TestDaemon;

/// Runs the control binary as somebody at a shell without a terminal does.
fn photoprism(home: &TestDaemon, arguments: &[&str]) -> Output {
    let binary = Path::new(env!("CARGO_BIN_EXE_photoprismd")).with_file_name("photoprism");
    assert!(binary.exists(), "photoprism is not built: run cargo test --workspace");
    let mut command = Command::new(binary);
    clear_env(&mut command)
        .args(arguments)
        .env("PHOTOPRISM_ADMIN_SOCKET", home.socket())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Its standard output and exit code.
fn said(home: &TestDaemon, line: &str) -> (String, i32) {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let output = photoprism(home, &arguments);
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

#[test]
fn reports_of_a_real_database_are_photoprisms_own_bytes() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut home = TestDaemon::new().with_database(&directory.join("tests/fixtures/index.db"));
    home.start();
    for (file, line) in [
        ("users-ls.txt", "users ls"),
        ("users-ls-all.txt", "users ls all"),
        ("users-ls-bob.txt", "users ls bob"),
        ("users-ls-n-2.txt", "users ls -n 2"),
        ("users-ls-l-a-r.txt", "users ls -l -a -r"),
        ("users-ls-l-a-r.csv", "users ls -lar --csv"),
        ("users-ls-l-a-r.tsv", "users ls -l -a -r -t"),
        ("users-ls-l-a-r.md", "user ls --login --created --deleted --md"),
        ("users-legacy.txt", "users legacy"),
        ("users-legacy.csv", "users legacy -c"),
        ("users-legacy-bob.txt", "users legacy bob"),
        ("auth-ls.txt", "auth ls"),
        ("auth-ls.csv", "auth ls --csv"),
        ("auth-ls.tsv", "sess ls -t"),
        ("auth-ls.md", "auth ls -m"),
        ("auth-ls-bob.txt", "auth ls bob"),
    ] {
        let golden = directory.join("../ctl/tests/golden").join(file);
        // PhotoPrism prints an expiry of -1 as a time of 1969, `photoprism` as `never`.
        let golden = fs::read_to_string(golden).unwrap();
        let golden = golden.replace("1969-12-31 23:59:59", "never              ");
        let padded = matches!(file.split_once('.'), Some((_, "txt" | "md")));
        let expected = if padded { golden } else { golden.replace("never              ", "never") };
        assert_eq!(said(&home, line), (expected, 0), "{line}");
    }
    let (plan, code) = said(&home, "users adopt --all --dry-run");
    assert_eq!(code, 0);
    assert!(plan.contains("| grandma | Adopted | grandma  | Grandma Käthe |"), "{plan}");
}

#[test]
fn the_commands_of_the_documentation_work_letter_for_letter() {
    documentation(&TestDaemon::started());
}

#[test]
fn they_work_on_photoprisms_own_database_too() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/index.db");
    let mut home = TestDaemon::new().with_database(&fixture);
    let rename = "UPDATE auth_users SET user_name = 'robert', user_email = '',
         display_name = 'Robert' WHERE id = 2";
    home.open_database().execute(rename, []).unwrap();
    home.start();
    documentation(&home);
    let warned = photoprism(&home, &["users", "mod", "-r", "viewer", "robert"]);
    let warned = String::from_utf8(warned.stderr).unwrap();
    assert!(warned.contains("community edition"), "{warned}");
    let ended = photoprism(&home, &["passwd", "--generate", "mallory", "--json"]);
    assert!(ended.status.success());
}

fn documentation(home: &TestDaemon) {
    let ok = |line: &str| {
        let (out, code) = said(home, line);
        assert_eq!(code, 0, "{line}");
        out
    };
    // `passwd admin` asks; without a terminal it says which flag it wants.
    assert_eq!(said(home, "passwd admin").1, 2);
    ok("users add -p mysecret -n Bob bob");
    assert!(ok("users show bob").contains("| Display Name   | Bob "));
    assert!(ok("users ls").contains("| bob "));
    assert_eq!(ok("users ls bob").lines().count(), 5);
    assert!(ok("users ls --help").contains("--count"));
    assert_eq!(ok("logins ls"), "");
    assert_eq!(ok("logins ls bob"), "");
    let added = ok("auth add -n Sync -s webdav admin");
    assert!(added.contains("App Password") && added.contains("| webdav "), "{added}");
    assert!(ok("auth reset --yes").contains("/backups/"));
    assert_eq!(ok("auth ls"), "");
}

#[test]
fn failures_have_the_exit_codes_of_the_documentation() {
    let home = TestDaemon::started();
    for (line, code) in [
        ("users show nobody", 3),
        ("users add -p mysecret admin", 5),
        ("users add -p short bob", 2),
        ("users rm -y admin", 5),
        ("users rm admin", 2),
        ("auth rm -y sess00000000", 3),
        ("users mod --login --no-login admin", 2),
        ("index", 2),
        ("--socket /nowhere/at.sock users ls", 69),
        ("admin status --check", 0),
        ("admin audit verify", 0),
    ] {
        assert_eq!(said(&home, line).1, code, "{line}");
    }
}

#[test]
fn a_reset_is_undone_with_the_path_that_it_printed() {
    let home = TestDaemon::started();
    let ok = |line: &str| {
        let (out, code) = said(&home, line);
        assert_eq!(code, 0, "{line}");
        out
    };
    ok("users add -p mysecret -n Bob bob");
    ok("users rename bob robert");
    let secret = ok("auth add -q -n Sync -s webdav robert");
    let before = ok("users ls -lar --csv");
    let backup = ok("users reset --yes");
    assert_ne!(ok("users ls -lar --csv"), before);
    let backup = backup.trim();
    assert!(ok(&format!("admin backup verify {backup}")).starts_with("ok: auto-"));
    let plan = ok(&format!("admin backup restore --dry-run {backup}"));
    assert!(plan.contains("| robert   | Added "), "{plan}");
    assert_eq!(said(&home, &format!("admin backup restore {backup}")).1, 2, "nobody to ask");
    let other = ok(&format!("admin backup restore --yes --with-sessions {backup}"));
    assert!(other.trim().ends_with("-backup-restore.db"), "{other}");
    assert_eq!(ok("users ls -lar --csv"), before);
    assert!(ok(&format!("auth show {}", secret.trim())).contains("| robert"));
    assert_eq!(ok("admin backup ls --csv").lines().count(), 3);
    assert_eq!(said(&home, "admin backup restore --yes /elsewhere/x.db").1, 3);
}
