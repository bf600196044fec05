//! Backups of accounts in PhotoPrism's database, and backups of the other kind.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::json;

use super::backup::{create, directory, populated};
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

fn fixture() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db"))
}

fn attached() -> TestDaemon {
    let mut home = TestDaemon::new().with_database(fixture());
    home.start();
    home
}

/// Puts a backup of PhotoPrism's accounts into the directory, as if another daemon had written it.
fn put_photoprism(home: &TestDaemon, name: &str) {
    fs::create_dir_all(directory(home)).unwrap();
    let path = directory(home).join(name);
    fs::copy(fixture(), &path).unwrap();
    let copy = Connection::open(&path).unwrap();
    let others = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
        AND name NOT LIKE 'auth\\_users%' ESCAPE '\\'
        AND name NOT IN ('auth_sessions', 'passwords', 'passcodes')";
    let others: Vec<String> = copy
        .prepare(others)
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for table in others {
        copy.execute_batch(&format!("DROP TABLE \"{table}\"")).unwrap();
    }
    copy.execute_batch("PRAGMA application_id = 0x5050424B; PRAGMA user_version = 1").unwrap();
}

#[test]
fn backups_of_photoprisms_accounts_are_listed_checked_and_compared() {
    let mut home = attached();
    put_photoprism(&home, "photoprism.db");
    let items = home.ok("backup.ls", json!({}))["items"].clone();
    assert_eq!(
        (&items[0]["file"], &items[0]["origin"]),
        (&json!("photoprism.db"), &json!("manual"))
    );
    let found = home.ok("backup.verify", json!({"file": "photoprism.db"}))["backups"][0].clone();
    assert_eq!((&found["ok"], &found["database"]), (&json!(true), &json!("photoprism")));
    assert_eq!(found["counts"], json!({"users": 10, "deleted": 1, "sessions": 14}));
    let plan = home.ok("backup.restore", json!({"file": "photoprism.db", "dry_run": true}));
    assert_eq!((&plan["unchanged"], &plan["accounts"]), (&json!(11), &json!([])), "{plan}");
    assert_eq!((&plan["sessions_revoked"], &plan["sessions_restored"]), (&json!(14), &json!(0)));
    let photoprism = Connection::open(home.database()).unwrap();
    photoprism
        .execute_batch(
            "UPDATE auth_users SET user_role = 'guest' WHERE user_name = 'bob';
             DELETE FROM auth_users WHERE user_name = 'alice'",
        )
        .unwrap();
    let plan = home.ok("backup.restore", json!({"file": "photoprism.db", "dry_run": true}));
    assert_eq!((&plan["added"], &plan["changed"]), (&json!(1), &json!(1)));
    assert_eq!(plan["accounts"][1]["fields"], json!(["role"]));
}

#[test]
fn one_that_cannot_be_recorded_leaves_no_file() {
    let mut home = attached();
    let result = home.ok("backup.create", json!({}));
    assert_eq!(result["counts"], json!({"users": 10, "deleted": 1, "sessions": 14}));
    let files = |home: &TestDaemon| fs::read_dir(directory(home)).unwrap().count();
    assert_eq!(files(&home), 1);
    assert_eq!(home.ok("backup.verify", json!({}))["ok"], true);
    // Its record has to wait for PhotoPrism, and waits in vain.
    let writing = rusqlite::Connection::open(home.database()).unwrap();
    writing.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = home.refused("backup.create", json!({}));
    assert_eq!((&refused["code"], files(&home)), (&json!("unavailable"), 1), "{refused}");
}

#[test]
fn a_backup_of_the_other_kind_is_refused() {
    let mut own = populated();
    let (file, path) = create(&mut own);
    let mut photoprism = attached();
    put_photoprism(&own, "photoprism.db");
    fs::create_dir_all(directory(&photoprism)).unwrap();
    fs::copy(path, directory(&photoprism).join(&file)).unwrap();
    for dry_run in [true, false] {
        let error =
            own.refused("backup.restore", json!({"file": "photoprism.db", "dry_run": dry_run}));
        assert_eq!(error["code"], "conflict");
        assert!(error["message"].as_str().unwrap().contains("PhotoPrism's database"), "{error}");
    }
    let error = photoprism.refused("backup.restore", json!({"file": file, "dry_run": true}));
    assert_eq!(error["code"], "conflict", "{error}");
    // Both are good backups all the same.
    assert_eq!(own.ok("backup.verify", json!({}))["ok"], true);
    assert_eq!(photoprism.ok("backup.verify", json!({}))["ok"], true);
}
