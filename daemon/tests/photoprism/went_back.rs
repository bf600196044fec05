//! Changes of accounts that a running PhotoPrism undoes are logged by name, and not fought.

use std::path::Path;

use serde_json::{Value, json};

use crate::common::database::Database;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::ghost::{Ghost, wait_until};
use crate::setup::{Row, home, photoprism, row};

/// The whole account as PhotoPrism has it in memory.
fn account(conn: &Database) -> Row {
    row(conn, "auth_users", "user_name = 'bob'")
}

/// A session of it saves its profile: UPDATE of every column and, where no row changed, INSERT.
fn save_account(conn: &Database, account: &Row) {
    let names: Vec<&String> = account.keys().collect();
    let set: Vec<String> = names.iter().map(|name| format!("{name} = ?")).collect();
    let update = format!("UPDATE auth_users SET {} WHERE id = ?", set.join(", "));
    let values: Vec<_> = account.values().chain([&account["id"]]).cloned().collect();
    if conn.execute(&update, values).unwrap() == 0 {
        let columns: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
        let places = vec!["?"; columns.len()].join(", ");
        let insert = format!("INSERT INTO auth_users ({}) VALUES ({places})", columns.join(", "));
        conn.execute(&insert, account.values().cloned().collect::<Vec<_>>()).unwrap();
    }
}

fn doctor(home: &mut TestDaemon) -> Value {
    let report = home.ok("doctor", json!({}));
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["check"] == "account changes").unwrap().clone()
}

fn is_logged(home: &TestDaemon, what: &str) -> bool {
    let log = home.running().log();
    log.lines().any(|line| line.contains("PhotoPrism changed an account") && line.contains(what))
}

#[test]
fn each_right_that_goes_back_is_logged_by_name() {
    for (change, what) in [
        (json!({"role": "guest"}), "role is admin again, it was set to guest"),
        (json!({"can_login": false}), "can_login is true again, it was set to false"),
        (json!({"super_admin": true}), "super_admin is false again, it was set to true"),
        (json!({"provider": "none"}), "provider is default again, it was set to none"),
        (json!({"expires_at": "2020-01-02T03:04:05Z"}), "expires_at is none again"),
    ] {
        let mut home = home();
        let conn = photoprism(&home);
        let before = account(&conn);
        let mut args = change;
        args["user"] = json!("bob");
        home.ok("users.mod", args);
        assert_eq!(doctor(&mut home)["ok"], true);
        save_account(&conn, &before);
        wait_until(what, || is_logged(&home, what) && is_logged(&home, "bob"));
        let check = doctor(&mut home);
        assert_eq!(check["ok"], false, "{check}");
        assert!(check["found"].as_str().unwrap().contains(what), "{check}");
        assert!(account(&conn) == before, "it is not fought");
    }
}

#[test]
fn a_deletion_that_goes_back_is_logged_across_a_crash_and_once() {
    let mut home = home();
    let conn = photoprism(&home);
    let before = account(&conn);
    home.ok("users.rm", json!({"user": "bob"}));
    // Answered by the thread that then knows the change as committed: no crash undid it.
    home.ok("users.ls", json!({}));
    home.kill();
    save_account(&conn, &before);
    home.start();
    let what = "deleted is false again, it was set to true";
    wait_until(what, || is_logged(&home, what));
    home.restart();
    let check = doctor(&mut home);
    assert!(check["found"].as_str().unwrap().contains("bob: deleted is false"), "{check}");
    // A change by the daemon itself does not count, and what is right again is not shown.
    home.ok("users.rm", json!({"user": "bob"}));
    assert_eq!(doctor(&mut home)["ok"], true);
    home.ok("users.restore", json!({"user": "bob"}));
    home.ok("users.mod", json!({"user": "bob", "role": "guest"}));
    home.ok("users.mod", json!({"user": "bob", "role": "admin"}));
    assert_eq!(doctor(&mut home)["ok"], true);
    let log = home.stop();
    assert!(!log.contains("PhotoPrism changed an account"), "logged again: {log}");
}

#[test]
fn app_passwords_that_photoprism_creates_meanwhile_are_reported() {
    let mut home = home();
    let conn = photoprism(&home);
    let phone = Ghost::load(&conn, "sessbo4hwg3t");
    home.ok("users.mod", json!({"user": "bob", "role": "guest"}));
    home.ok("auth.add", json!({"name": "Daemon", "scope": "*", "user": "bob"}));
    let created = "UPDATE auth_sessions SET created_at = '2100-01-01 00:00:00+00:00'
         WHERE client_name IN ('Phone', 'Daemon')";
    let added = phone.another(&conn, "sesstheirs00", "Phone");
    conn.execute(created, []).unwrap();
    let what = "an app password was made: sesstheirs00";
    wait_until(what, || is_logged(&home, what));
    let found = doctor(&mut home)["found"].as_str().unwrap().to_owned();
    assert!(found.contains("Phone") && !found.contains("Daemon"), "{found}");
    assert!(added.is_there(&conn), "it is not fought");
    assert!(!home.stop().contains(&added.id()), "an id is as good as a secret");
}

#[test]
fn accounts_of_a_reset_and_of_a_restore_that_come_back_are_logged() {
    let mut home = home();
    let conn = photoprism(&home);
    Ghost::load(&conn, "sessqf0mn4tk");
    let before = account(&conn);
    let backup = home.ok("users.reset", json!({}))["backup"].as_str().unwrap().to_owned();
    save_account(&conn, &before);
    let what = "deleted is false again, it was set to true";
    wait_until(what, || is_logged(&home, what));
    let file = Path::new(&backup).file_name().unwrap().to_str().unwrap();
    home.ok("backup.restore", json!({"file": file, "with_sessions": true}));
    home.ok("users.mod", json!({"user": "bob", "role": "guest", "keep_sessions": true}));
    Ghost::load(&conn, "sessqf0mn4tk");
    let guest = account(&conn);
    home.ok("backup.restore", json!({"file": file, "with_sessions": true}));
    save_account(&conn, &guest);
    let what = "role is guest again, it was set to admin";
    wait_until(what, || is_logged(&home, what));
}
