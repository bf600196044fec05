//! `--check`: what it says, and that it touches nothing.

use std::fs;
use std::path::Path;

use crate::bare::{create_database, create_photoprism, home_with, snapshot};
use crate::common::run_to_end;
use crate::common::test_daemon::TestDaemon;

struct Checked {
    code: Option<i32>,
    out: String,
    err: String,
}

fn check(home: &TestDaemon) -> Checked {
    let before = snapshot(home.root());
    let output = run_to_end(home.command().arg("--check"));
    assert!(before == snapshot(home.root()), "something was touched");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Checked { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn empty(path: &Path) {
    fs::write(path, "").unwrap();
}

fn garbage(path: &Path) {
    fs::write(path, "not a database").unwrap();
}

fn songs(path: &Path) {
    create_database(path, "CREATE TABLE songs (a)");
}

fn half(path: &Path) {
    create_database(path, "CREATE TABLE versions (a)");
}

fn old(path: &Path) {
    create_database(
        path,
        "CREATE TABLE migrations (a); CREATE TABLE versions (a); CREATE TABLE photos (a)",
    );
}

fn nothing(_: &Path) {}

type Create = fn(&Path);

#[test]
fn each_kind_of_database_is_named_and_exits_with_the_code_of_a_start() {
    let cases: [(&str, Create, i32, &str); 11] = [
        ("admin.db", nothing, 0, "own, created at the first start"),
        ("admin.db", empty, 0, "own, created at the first start"),
        ("admin.db", create_photoprism, 0, "photoprism"),
        ("admin.db", garbage, 78, "not an SQLite database"),
        ("admin.db", songs, 78, "another program"),
        ("admin.db", half, 78, "not finished"),
        ("index.db", nothing, 0, "photoprism, not there yet"),
        ("index.db", empty, 0, "photoprism, not there yet"),
        ("index.db", half, 0, "photoprism, not there yet"),
        ("index.db", old, 78, "auth_users"),
        ("index.db", create_photoprism, 0, "photoprism"),
    ];
    for (name, create, code, words) in cases {
        let home = home_with(name);
        create(home.database());
        let Checked { code: given, out, err } = check(&home);
        assert_eq!(given, Some(code), "{name} {words}: {out}{err}");
        let line = out.lines().find(|line| line.starts_with("database in use: ")).unwrap();
        assert!(line.contains(words) && line.contains(home.database().to_str().unwrap()), "{line}");
        assert_eq!(err.is_empty(), code == 0, "{err}");
        starts_as_checked(&home, code);
    }
}

/// A start must end with the same code.
fn starts_as_checked(home: &TestDaemon, code: i32) {
    if code == 0 {
        crate::common::running::Running::start(home.command()).stop();
    } else {
        assert_eq!(home.ends().status.code(), Some(code));
    }
}

#[test]
fn its_own_is_shown_with_its_schema_and_a_newer_one_is_refused() {
    let mut home = TestDaemon::started();
    home.stop();
    let checked = check(&home);
    assert_eq!(checked.code, Some(0));
    assert!(checked.out.contains("(own, schema 2)"), "{}", checked.out);
    home.open_database().execute_batch("PRAGMA user_version = 99").unwrap();
    let checked = check(&home);
    assert_eq!(checked.code, Some(78));
    assert!(checked.err.contains("99"), "{}", checked.err);
}

#[test]
fn a_running_daemon_is_not_disturbed() {
    let home = TestDaemon::started();
    let output = run_to_end(home.command().arg("--check"));
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(home.ask(r#"{"cmd":"ping"}"#)["ok"], true);
    let second = home.ends();
    assert_eq!(second.status.code(), Some(73));
}

#[test]
fn secrets_are_masked_wherever_they_come_from() {
    let home = TestDaemon::new().env("PHOTOPRISM_ADMIN_PASSWORD", "canary-in-env");
    let checked = check(&home);
    assert_eq!(checked.code, Some(0));
    assert!(
        checked.out.contains("admin-password: *** (from PHOTOPRISM_ADMIN_PASSWORD"),
        "{}",
        checked.out
    );
    assert!(!(checked.out + &checked.err).contains("canary"));
    let home = TestDaemon::new();
    let config = home.root().join("settings");
    fs::write(&config, "PHOTOPRISM_ADMIN_PASSWORD=canary-in-file\n").unwrap();
    let checked = check(&home.args(["--config", config.to_str().unwrap()]));
    assert!(checked.out.contains("admin-password: ***"), "{}", checked.out);
    assert!(!(checked.out + &checked.err).contains("canary"));
}

#[test]
fn bad_settings_are_2_and_the_password_is_not_checked() {
    let checked = check(&TestDaemon::new().args(["--max-line", "1"]));
    assert_eq!(checked.code, Some(2));
    assert!(checked.out.is_empty() && checked.err.contains("max-line"), "{}", checked.err);
    let checked = check(&TestDaemon::new().env("PHOTOPRISM_ADMIN_PASSWORD", "short"));
    assert_eq!(checked.code, Some(0), "{}", checked.err);
}
