//! Damage that a start does not notice: `doctor` does.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::bare::End;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// Overwrites the first page of a table or an index.
fn damage(file: &Path, name: &str) {
    let conn = Connection::open(file).unwrap();
    let number =
        |statement: &str| conn.query_row(statement, [], |row| row.get::<_, u32>(0)).unwrap();
    let size = number("PRAGMA page_size");
    let root = number(&format!("SELECT rootpage FROM sqlite_schema WHERE name = '{name}'"));
    drop(conn);
    let file = fs::OpenOptions::new().write(true).open(file).unwrap();
    file.write_all_at(&vec![0xA5; size as usize], u64::from((root - 1) * size)).unwrap();
}

fn check(home: &TestDaemon, name: &str) -> Value {
    let report = home.connect().ok("doctor", json!({}));
    let found = report["checks"].as_array().unwrap().iter().find(|check| check["check"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {report}")).clone()
}

/// The row of a sound file, then those after damage to each of these; a start does not read them.
fn assert_found(home: &mut TestDaemon, file: &Path, names: &[&str]) {
    let sound = check(home, "damaged pages");
    assert_eq!(sound["found"], format!("none in {}", file.display()));
    home.stop();
    let whole = fs::read(file).unwrap();
    for name in names {
        damage(file, name);
        home.start();
        let found = check(home, "damaged pages");
        assert_eq!(found["ok"], false, "{name}: {found}");
        let text = found["found"].as_str().unwrap();
        assert!(text.starts_with(&format!("{}: Tree ", file.display())), "{text}");
        assert!(found["advice"].as_str().unwrap().contains("stop photoprismd"), "{found}");
        home.ok("ping", json!({}));
        home.kill();
        // What it logged belongs to the damaged file.
        let _ = fs::remove_file(format!("{}-wal", file.display()));
        fs::write(file, &whole).unwrap();
    }
}

#[test]
fn damaged_pages_of_its_own_database_are_reported() {
    let mut home = TestDaemon::started();
    home.ok("users.add", json!({"name": "bob", "role": "guest", "provider": "none"}));
    let file = home.database().to_owned();
    assert_found(&mut home, &file, &["auth_users_shares", "idx_auth_sessions_auth_id"]);
    // The report is there, and the daemon serves, where the audit trail cannot be read.
    damage(&file, "admin_audit");
    home.start();
    assert_eq!(check(&home, "damaged pages")["ok"], false);
}

#[test]
fn damage_that_a_start_reads_ends_it_with_what_to_do() {
    let mut home = TestDaemon::started();
    let file = home.database().to_owned();
    home.stop();
    let whole = fs::read(&file).unwrap();
    for name in ["auth_users", "admin_limits", "sqlite_autoindex_passwords_1", "admin_meta"] {
        damage(&file, name);
        End::from(home.ends()).assert(78, &[file.to_str().unwrap(), "damaged", "backups"]);
        fs::write(&file, &whole).unwrap();
    }
    home.start();
}

#[test]
fn damage_of_the_file_next_to_photoprism_s_ends_the_start_with_its_name() {
    let fixture = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db"));
    let mut home = TestDaemon::new().with_database(fixture);
    home.start();
    home.ok("users.add", json!({"name": "zoe", "role": "guest", "provider": "none"}));
    home.stop();
    let file = home.data().join("photoprism-admin.db");
    let whole = fs::read(&file).unwrap();
    for name in ["admin_limits", "admin_meta"] {
        damage(&file, name);
        let words = [file.to_str().unwrap(), "damaged", "a new audit trail"];
        End::from(home.ends()).assert(78, &words);
        fs::write(&file, &whole).unwrap();
    }
    // Neither is the other's.
    damage(home.database(), "auth_users");
    End::from(home.ends()).assert(78, &[home.database().to_str().unwrap(), "damaged"]);
}

#[test]
fn damaged_pages_of_the_file_next_to_photoprism_s_are_reported() {
    let fixture = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db"));
    let mut home = TestDaemon::new().with_database(fixture);
    home.start();
    let report = home.connect().ok("doctor", json!({}));
    assert!(!report.to_string().contains("damaged pages"), "there is no file yet: {report}");
    home.ok("users.add", json!({"name": "zoe", "role": "guest", "provider": "none"}));
    let file = home.data().join("photoprism-admin.db");
    assert_found(&mut home, &file, &["admin_idempotency", "idx_audit_logins_never"]);
    // Where other checks cannot read what they need, the report is still there.
    damage(&file, "admin_changed");
    home.start();
    assert_eq!(check(&home, "damaged pages")["ok"], false);
    let database = check(&home, "database");
    assert!(database["found"].as_str().unwrap().contains("cannot be read"), "{database}");
}
