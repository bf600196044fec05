//! What `doctor`, the log, metrics and a refusal say of the daemon's own file next to PhotoPrism's.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::common::database::Database;
use crate::common::json::Ask;
use crate::common::test_daemon::{TestDaemon, on_mariadb};
use crate::setup::{fixture, home};

const FILE: &str = "photoprism-admin.db";

/// The row of that name.
fn check(home: &mut TestDaemon, name: &str) -> Value {
    let report = home.ok("doctor", json!({}));
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["check"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {report}")).clone()
}

fn own_tables(home: &TestDaemon) -> Database {
    if on_mariadb() {
        return home.outside();
    }
    Database::Sqlite(Connection::open(home.data().join(FILE)).unwrap())
}

#[test]
fn a_trail_that_does_not_hold_is_reported_at_the_start_and_by_doctor() {
    let mut home = home();
    for attr in ["a", "b", "c"] {
        home.ok("users.mod", json!({"user": "bob", "attr": attr}));
    }
    assert_eq!(check(&mut home, "audit trail")["ok"], true);
    assert_eq!(check(&mut home, "audit trail")["found"], "3 records");
    home.stop();
    own_tables(&home).execute("UPDATE admin_audit SET target = '' WHERE number = 2", []).unwrap();
    home.start();
    let log = home.running().wait_for_log("the audit trail does not hold");
    assert!(log.contains("broken_at=2"), "{log}");
    let row = check(&mut home, "audit trail");
    assert!(row["advice"].as_str().unwrap().contains("record 2 was altered"), "{row}");
}

#[test]
fn a_file_that_others_may_read_is_reported() {
    let mut home = home();
    let row = check(&mut home, "own tables");
    assert!(row["found"].as_str().unwrap().ends_with("photoprism-admin.db, not made yet"), "{row}");
    home.ok("users.mod", json!({"user": "bob", "attr": "a"}));
    let row = check(&mut home, "own tables");
    assert!(row["ok"] == true && row["found"].as_str().unwrap().contains("0600"), "{row}");
    fs::set_permissions(home.data().join(FILE), PermissionsExt::from_mode(0o644)).unwrap();
    let row = check(&mut home, "own tables");
    assert!(row["advice"].as_str().unwrap().contains("chmod 600"), "{row}");
}

#[test]
fn wal_mode_of_photoprism_s_file_is_reported() {
    let mut home = home();
    assert_eq!(check(&mut home, "journal mode")["ok"], true);
    home.offline(|conn| {
        conn.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).unwrap();
    });
    let row = check(&mut home, "journal mode");
    let advice = row["advice"].as_str().unwrap();
    assert!(advice.contains("a change without its audit record"), "{row}");
    home.ok("users.mod", json!({"user": "bob", "attr": "in WAL mode"}));
    home.kill();
    home.start();
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["attr"], "in WAL mode");
    assert_eq!(home.ok("audit.verify", json!({}))["records"], 1);
}

#[test]
fn tables_of_another_trail_are_reported() {
    let mut home = home();
    home.ok("users.mod", json!({"user": "bob", "attr": "a"}));
    home.offline(|conn| {
        for statements in [
            include_str!("../../src/store/migrations/0001/logins.sql"),
            include_str!("../../src/store/migrations/0001/admin.sql"),
            "INSERT INTO admin_audit VALUES (1, 2, 3, 4, 5, 'admin', 'x', 'y', 'another')",
        ] {
            conn.execute_batch(statements).unwrap();
        }
    });
    let row = check(&mut home, "older tables");
    let found = row["found"].as_str().unwrap();
    assert!(found.contains("admin_audit") && found.contains("audit_logins"), "{row}");
    assert_eq!(home.ok("audit.verify", json!({}))["ok"], true);
    home.ok("users.mod", json!({"user": "bob", "attr": "b"}));
    let log = home.stop();
    assert!(log.contains("tables of a daemon with another audit trail"), "{log}");
    let conn = home.open_database();
    let records = "SELECT count(*) FROM admin_audit";
    assert_eq!(conn.query_row(records, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

#[test]
fn metrics_have_the_size_of_each_file() {
    let mut home = home();
    home.ok("users.mod", json!({"user": "bob", "attr": "a"}));
    let metrics = home.ok("metrics", json!({}));
    let text = metrics["text"].as_str().unwrap();
    for file in ["main", "wal", "admin", "admin-wal"] {
        let row = format!("photoprismd_database_size_bytes{{file=\"{file}\"}} ");
        let found = text.lines().find(|line| line.starts_with(&row));
        let size = found.unwrap_or_else(|| panic!("no {row} in {text}")).rsplit(' ').next();
        assert_eq!(size == Some("0"), file == "wal", "{found:?}");
    }
}

#[test]
fn given_as_a_database_it_is_refused_naming_index_db() {
    let mut home = home();
    home.ok("users.mod", json!({"user": "bob", "attr": "a"}));
    home.stop();
    let own = TestDaemon::new().with_database(&home.data().join(FILE));
    for arguments in [&[][..], &["--check"]] {
        let mut command = own.command();
        let output = command.args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(78), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("index.db"), "{output:?}");
    }
    // The same under a name that says nothing, and where PhotoPrism's file has this one's.
    let renamed = home.data().join("storage.db");
    fs::rename(home.data().join(FILE), &renamed).unwrap();
    let output = TestDaemon::new().with_database(&renamed).ends();
    assert_eq!(output.status.code(), Some(78), "{output:?}");
    let misnamed = home.data().join(FILE);
    fs::copy(fixture(), &misnamed).unwrap();
    let output = TestDaemon::new().with_database(&misnamed).ends();
    assert_eq!(output.status.code(), Some(78), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("index.db"), "{output:?}");
}
