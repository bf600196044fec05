//! The report of `--check`.

use std::ffi::OsString;

use crate::config::table::SETTINGS;
use crate::config::testing::Machine;
use crate::config::{Process, Start, load, report};

fn check(machine: &Machine, args: &[&str]) -> String {
    match machine.start(&[args, &["--check"]].concat()).unwrap() {
        Start::Check(loaded) => {
            report(&loaded, |database| format!("own, {}", database.path.exists()))
        }
        start @ (Start::Print(_) | Start::PrintSchema | Start::Run(_)) => panic!("{start:?}"),
    }
}

#[test]
fn every_setting_has_its_line_with_value_and_source() {
    let text = check(&Machine::new(), &[]);
    assert_eq!(text.lines().count(), SETTINGS.len() + 1);
    for (line, row) in text.lines().zip(&SETTINGS) {
        assert!(line.starts_with(&format!("{}: ", row.name)), "{line}");
        assert!(line.ends_with(" (from default)"), "{line}");
    }
    for line in [
        "database: /nonexistent/data/photoprism/admin.db (from default)",
        "socket: /nonexistent/run/photoprism/admin.sock (from default)",
        "socket-group: none (from default)",
        "auth-socket: off (from default)",
        "allow: members of the socket group: admin (from default)",
        "admin-password: none (from default)",
        "password-hash: by the database (from default)",
        "hash-threads: 2 (from default)",
        "disable-features: none (from default)",
        "max-line: 65536 (from default)",
        "database in use: /nonexistent/data/photoprism/admin.db (own, false)",
    ] {
        assert!(text.lines().any(|known| known == line), "{line} in {text}");
    }
}

#[test]
fn sources_and_values_worked_out_are_shown() {
    let machine = Machine::new();
    let directory = machine.create("storage", 0o750);
    let text = "PHOTOPRISM_ADMIN_LINE_TIMEOUT=9\nPHOTOPRISM_ADMIN_ALLOW=read=uid:5\n";
    let config = machine.file("settings", text);
    let machine = machine.env("PHOTOPRISM_ADMIN_GROUP", "0");
    let text = check(&machine, &["--config", &config, "--database", &directory, "--max-line=2048"]);
    for line in [
        "max-line: 2048 (from --max-line)",
        &format!("config: {config} (from --config)"),
        &format!("line-timeout: 9 (from PHOTOPRISM_ADMIN_LINE_TIMEOUT, {config}:1)"),
        &format!("allow: read=uid:5 (from PHOTOPRISM_ADMIN_ALLOW, {config}:2)"),
        &format!("database: {directory}/index.db (from --database)"),
        "socket-group: root (0) (from PHOTOPRISM_ADMIN_GROUP)",
        &format!("database in use: {directory}/index.db (own, false)"),
    ] {
        assert!(text.lines().any(|known| known == line), "{line} in {text}");
    }
}

#[test]
fn no_secret_is_shown_or_kept() {
    let machine = Machine::new();
    let config = machine.file("settings", "PHOTOPRISM_ADMIN_PASSWORD=hunter22\n");
    let password = machine.file("password", "hunter22\n");
    let environment = Machine::new().env("PHOTOPRISM_ADMIN_PASSWORD", "hunter22");
    let args = ["--admin-password-file", &password];
    for (machine, args, line) in [
        (&environment, &[] as &[&str], "admin-password: *** (from PHOTOPRISM_ADMIN_PASSWORD)"),
        (&machine, &["--config", &config], "admin-password: *** (from PHOTOPRISM_ADMIN_PASSWORD, "),
        (&machine, &args, "admin-password: none (from default)"),
    ] {
        let text = check(machine, args);
        assert!(text.contains(line), "{text}");
        assert!(!text.contains("hunter22"), "{text}");
        let loaded = machine.run(args).unwrap();
        assert!(!format!("{loaded:?}").contains("hunter22"), "{loaded:?}");
    }
}

#[test]
fn values_cannot_forge_a_line() {
    let machine = Machine::new().env("PHOTOPRISM_ADMIN_USER", "a\nmax-line: 1\u{202e}");
    let text = check(&machine, &[]);
    assert!(text.contains("admin-user: a\\nmax-line: 1\\u{202e} (from "), "{text}");
    assert_eq!(text.lines().count(), SETTINGS.len() + 1);
}

#[test]
fn help_and_version_are_printed_whatever_else_is_wrong() {
    for flag in ["--help", "-h", "--version", "-V"] {
        let machine = Machine::new().env("PHOTOPRISM_ADMIN_MAX_LINE", "x");
        assert!(matches!(machine.start(&[flag]), Ok(Start::Print(_))), "{flag}");
    }
}

#[test]
fn bytes_that_are_not_text_are_allowed_only_in_paths() {
    use std::os::unix::ffi::OsStringExt;
    let odd = OsString::from_vec(b"/tmp/\xff.db".to_vec());
    let start = |variable: &'static str| {
        let env = |name: &str| match name {
            "HOME" => Some("/nonexistent".into()),
            _ => (name == variable).then(|| odd.clone()),
        };
        let process = Process { env: &env, uid: 1000, cores: 1, admin_socket_passed: false };
        load([OsString::from("photoprismd")], &process)
    };
    assert!(start("PHOTOPRISM_ADMIN_DATABASE").is_ok());
    let error = start("PHOTOPRISM_ADMIN_USER").unwrap_err().to_string();
    assert_eq!(error, "admin-user: is not valid UTF-8 text (from PHOTOPRISM_ADMIN_USER)");
}

#[test]
fn this_process_has_cores_and_an_environment() {
    let env = |name: &str| std::env::var_os(name);
    let process = Process::current(&env, true);
    assert!(process.cores >= 1 && process.admin_socket_passed);
    assert_eq!(process.uid, nix::unistd::geteuid().as_raw());
}

#[test]
fn what_is_disabled_is_shown_as_it_was_understood() {
    for (given, shown) in [
        ("Upload, App_Passwords", "app-passwords"),
        ("upload, app passwords", "none of these: upload, app passwords"),
    ] {
        let text = check(&Machine::new().env("PHOTOPRISM_DISABLE_FEATURES", given), &[]);
        let line = format!("disable-features: {shown} (from PHOTOPRISM_DISABLE_FEATURES)");
        assert!(text.lines().any(|known| known == line), "{line} in {text}");
    }
}
