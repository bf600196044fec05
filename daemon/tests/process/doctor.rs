//! `doctor` on a real installation: what is well, and each thing that is not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::bare::{create_photoprism, home_with};
use crate::common::is_root;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

fn examined(home: &TestDaemon) -> Value {
    home.connect().ok("doctor", json!({}))
}

/// The check of that name.
fn check(report: &Value, name: &str) -> Value {
    let found = report["checks"].as_array().unwrap().iter().find(|check| check["check"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {report}")).clone()
}

fn bad(report: &Value) -> Vec<&str> {
    let checks = report["checks"].as_array().unwrap().iter();
    checks
        .filter(|check| check["ok"] == false)
        .map(|check| check["check"].as_str().unwrap())
        .collect()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_new_installation_lacks_a_password_and_nothing_else() {
    // The group of the auth socket is one that root alone can give.
    let mut home = if is_root() { TestDaemon::new().with_auth_socket() } else { TestDaemon::new() };
    home.start();
    let report = examined(&home);
    // How full the disk of this machine is does not matter here.
    let bad: Vec<&str> = bad(&report).into_iter().filter(|name| *name != "disk space").collect();
    assert_eq!(bad, ["first admin"], "{report}");
    assert_eq!(check(&report, "first admin")["advice"], "photoprism passwd admin");
    assert_eq!(check(&report, "journal mode")["found"], "wal");
    assert!(check(&report, "backups")["found"].as_str().unwrap().ends_with("not made yet"));
    home.ok("passwd.set", json!({"user": "admin", "password": "correct horse"}));
    assert_eq!(check(&examined(&home), "first admin")["ok"], true);
}

#[test]
fn what_others_may_do_is_reported_with_what_helps() {
    let mut home = TestDaemon::started();
    home.ok("users.reset", json!({}));
    let names = ["admin socket", "admin socket directory", "database file", "backups"];
    let report = examined(&home);
    assert!(names.iter().all(|name| check(&report, name)["ok"] == true), "{report}");
    set_mode(&home.socket(), 0o666);
    set_mode(home.socket().parent().unwrap(), 0o777);
    set_mode(home.database(), 0o644);
    set_mode(&home.data().join("backups"), 0o755);
    let report = examined(&home);
    assert_eq!(report["ok"], false);
    for (name, advice) in names.iter().zip(["chmod o-rwx", "chmod o-w", "chmod 600", "chmod 700"]) {
        let check = check(&report, name);
        assert!(check["advice"].as_str().unwrap().contains(advice), "{check}");
    }
    // The answer to a socket's name that is gone comes on a connection that is still there.
    let mut client = home.connect();
    fs::remove_file(home.socket()).unwrap();
    let report = client.ok("doctor", json!({}));
    assert!(check(&report, "admin socket")["advice"].as_str().unwrap().contains("restart"));
}

#[test]
fn a_second_name_of_the_database_is_reported() {
    let mut home = TestDaemon::started();
    assert_eq!(check(&examined(&home), "database file")["ok"], true);
    home.stop();
    let other = home.data().join("other.db");
    fs::hard_link(home.database(), &other).unwrap();
    home.start();
    home.running().wait_for_log("a second daemon could start there");
    let file = check(&examined(&home), "database file").clone();
    assert!(file["advice"].as_str().unwrap().contains("hard link"), "{file}");
    fs::remove_file(other).unwrap();
    assert_eq!(check(&examined(&home), "database file")["ok"], true);
}

#[test]
fn a_clock_that_was_set_back_is_reported() {
    let mut home = TestDaemon::started();
    home.ok("users.add", json!({"name": "bob", "role": "guest", "provider": "none"}));
    home.offline(|database| {
        database.execute("UPDATE admin_audit SET at = at + 7200", []).unwrap();
    });
    let clock = check(&examined(&home), "clock");
    assert!(clock["advice"].as_str().unwrap().contains("behind the newest instant"), "{clock}");
}

#[test]
fn photoprisms_database_is_examined_before_and_after_it_is_there() {
    let mut home = home_with("index.db");
    home.start();
    let report = examined(&home);
    assert!(check(&report, "database")["found"].as_str().unwrap().ends_with("does not exist yet"));
    create_photoprism(home.database());
    home.ok("users.ls", json!({}));
    let report = examined(&home);
    assert_eq!(check(&report, "database")["ok"], true);
    assert!(check(&report, "database")["found"].as_str().unwrap().contains("241230-abc"));
    assert_eq!(check(&report, "journal mode")["found"], "delete");
}
