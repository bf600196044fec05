//! Backups of the account tables.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use super::fixture::{self, StoreFixture};
use crate::store::attached;
use crate::store::backup::{copy_whole, write_automatic};
use crate::store::db::{Db, Tx};
use crate::store::error::StoreError;
use crate::store::testing::another_connection;
use crate::store::{Backup, BackupBefore, SCHEMA_VERSION};

/// Creates one for a change that is committed then.
pub(super) fn back_up(db: &Db, name: &str) -> Result<Backup, StoreError> {
    let (backup, _) = write_automatic(db, name)?;
    backup.prune(None);
    Ok(backup)
}

/// One before a change, with a connection of its own.
fn back_up_before(db: &Db, name: &str) -> BackupBefore {
    BackupBefore::write(another_connection(db), name.into(), Box::new(|_| Ok(()))).unwrap()
}

/// Its path, as a transaction learns it.
fn path_in_transaction(db: &Db, backup: &BackupBefore) -> Option<PathBuf> {
    db.begin().unwrap();
    let path = backup.path(&Tx::new(db)).unwrap();
    db.rollback().unwrap();
    path
}

fn listing(place: &StoreFixture) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(place.at("backups"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn ask(path: &Path, statement: &str) -> String {
    let conn = Connection::open(path).unwrap();
    conn.query_row(statement, [], |row| crate::store::rows::text(row, 0)).unwrap()
}

const ROWS: &str = "INSERT INTO passwords (uid, hash) VALUES ('u1', 'users'), ('c1', 'clients');
    INSERT INTO auth_sessions (id, user_uid) VALUES ('s1', 'u1'), ('s2', '');
    INSERT INTO passcodes (uid, key_type, key_url) VALUES ('u1', 'totp', 'otpauth:');
    INSERT INTO audit_logins (client_ip, login_name) VALUES ('192.0.2.1', 'bob');";

#[test]
fn it_holds_the_account_tables_and_nothing_else() {
    let place = StoreFixture::new();
    let db = place.own();
    db.conn.execute_batch(ROWS).unwrap();
    let Backup { path, .. } = back_up(&db, "x").unwrap();
    assert_eq!(path, place.at("backups/auto-x.db"));
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(path.clone()), mode(place.at("backups"))), (0o600, 0o700));
    for (statement, expected) in [
        ("PRAGMA application_id", "1347437131"),
        ("PRAGMA user_version", &SCHEMA_VERSION.to_string()),
        ("PRAGMA journal_mode", "delete"),
        ("PRAGMA integrity_check", "ok"),
        ("SELECT count(*) FROM auth_users", "3"),
        ("SELECT group_concat(uid || hash) FROM passwords", "u1users"),
        ("SELECT count(*) FROM auth_sessions", "2"),
        ("SELECT key_url FROM passcodes", "otpauth:"),
        (
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name LIKE 'a%'
             AND name NOT LIKE 'auth\\_%' ESCAPE '\\'",
            "0",
        ),
        // Columns, values, and the indexes by which a restore compares.
        ("SELECT count(*) FROM sqlite_schema WHERE sql LIKE '%NULL%' OR sql LIKE '%PRIMARY%'", "0"),
        ("SELECT count(*) FROM sqlite_schema WHERE type = 'index'", "7"),
    ] {
        assert_eq!(ask(&path, statement), expected, "{statement}");
    }
    assert_eq!(listing(&place), ["auto-x.db"]);
    // Rows that are left out leave no trace in free pages either.
    let bytes = fs::read(&path).unwrap();
    assert!(!bytes.windows(7).any(|part| part == b"clients"));
}

/// Renames the first account, by any program.
fn rename(db: &Db, name: &str) {
    db.begin().unwrap();
    let rename = "UPDATE auth_users SET user_name = ?1 WHERE id = 1";
    db.conn.execute(rename, [name]).unwrap();
    db.commit().unwrap();
}

#[test]
fn it_holds_what_the_transaction_sees_that_it_was_written_for() {
    for name in ["admin.db", "index.db"] {
        let place = StoreFixture::new();
        place.photoprism("index.db");
        let db = place.open(name).unwrap();
        let backup = back_up_before(&db, "x");
        let path = place.at("backups/auto-x.db");
        assert_eq!(path_in_transaction(&db, &backup), Some(path.clone()), "{name}");
        // Somebody commits before the transaction, and once more.
        rename(&db, "first");
        assert_eq!(path_in_transaction(&db, &backup), None, "{name}");
        backup.write_again().unwrap();
        assert_eq!(path_in_transaction(&db, &backup), Some(path.clone()), "{name}");
        rename(&db, "second");
        // Then it is written where nobody can.
        assert_eq!(path_in_transaction(&db, &backup), Some(path.clone()), "{name}");
        assert_eq!(ask(&path, "SELECT user_name FROM auth_users WHERE id = 1"), "second");
        assert_eq!(listing(&place), ["auto-x.db"]);
        backup.discard();
        assert_eq!(listing(&place), [""; 0]);
    }
}

#[test]
fn connections_come_and_go() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let mut shared = place.open("index.db").unwrap();
    attached::ready(&mut shared).unwrap();
    // SQLite keeps the descriptor of one that is closed, and gives it to the next.
    for db in [place.own(), shared] {
        for _ in 0..3 {
            drop(another_connection(&db));
        }
    }
}

#[test]
fn what_else_is_read_fits_the_backup() {
    let place = StoreFixture::new();
    let db = place.own();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let names = Arc::clone(&seen);
    let also = Box::new(move |db: &Db| {
        names.lock().unwrap().extend(fixture::names(db));
        Ok(())
    });
    let backup = BackupBefore::write(another_connection(&db), "x".into(), also).unwrap();
    for name in ["first", "second", "third"] {
        rename(&db, name);
        if path_in_transaction(&db, &backup).is_none() {
            backup.write_again().unwrap();
        }
    }
    assert_eq!(*seen.lock().unwrap(), ["admin", "first", "second", "third"]);
    let failing = Box::new(|_: &Db| Err(StoreError::Stopped));
    assert!(BackupBefore::write(another_connection(&db), "y".into(), failing).is_err());
    assert_eq!(listing(&place), ["auto-x.db"]);
}

#[test]
fn one_that_fails_leaves_nothing() {
    let place = StoreFixture::new();
    let db = place.own();
    // The last table that is copied is missing: everything before it is already written.
    db.conn.execute_batch("DROP TABLE auth_sessions").unwrap();
    back_up(&db, "x").unwrap_err();
    assert_eq!(listing(&place), [""; 0]);
    fs::remove_dir(place.at("backups")).unwrap();
    fs::write(place.at("backups"), "in the way").unwrap();
    back_up(&db, "x").unwrap_err();
    assert_eq!(fs::read(place.at("backups")).unwrap(), b"in the way");
}

#[test]
fn one_that_would_not_be_taken_back_leaves_nothing() {
    let place = StoreFixture::new();
    let db = place.own();
    fs::create_dir(place.at("backups")).unwrap();
    // With this file next to it, a reader must assume that it is still being written.
    fs::write(place.at("backups/auto-x.tmp-wal"), "").unwrap();
    fs::write(place.at("backups/schema-1.tmp-wal"), "").unwrap();
    let before = listing(&place);
    for error in [back_up(&db, "x").unwrap_err(), copy_whole(&db, 1).unwrap_err()] {
        let message = error.to_string();
        assert!(message.contains("would not be taken back"), "{message}");
        assert!(message.contains(place.at("backups").to_str().unwrap()), "{message}");
    }
    assert_eq!(listing(&place), before);
    back_up(&db, "y").unwrap();
    copy_whole(&db, 2).unwrap();
}

#[test]
fn files_of_a_killed_one_are_removed() {
    let place = StoreFixture::new();
    let db = place.own();
    fs::create_dir(place.at("backups")).unwrap();
    for name in ["auto-x.tmp", "auto-x.tmp-journal", "auto-old.tmp", "auto-old.tmp-journal", "keep"]
    {
        fs::write(place.at("backups").join(name), vec![0xD9; 1024]).unwrap();
    }
    let Backup { path, .. } = back_up(&db, "x").unwrap();
    assert_eq!(ask(&path, "PRAGMA integrity_check"), "ok");
    assert_eq!(listing(&place), ["auto-x.db", "keep"]);
}

#[test]
fn the_newest_ten_automatic_ones_are_kept() {
    let place = StoreFixture::new();
    let db = place.own();
    fs::create_dir(place.at("backups")).unwrap();
    for name in ["by-hand.db", "schema-1.db"] {
        fs::write(place.at("backups").join(name), "").unwrap();
    }
    for number in 10..23 {
        back_up(&db, &format!("{number}")).unwrap();
    }
    let expected: Vec<String> = (13..23).map(|number| format!("auto-{number}.db")).collect();
    assert_eq!(
        listing(&place),
        [&expected[..], &["by-hand.db".into(), "schema-1.db".into()]].concat()
    );
}

#[test]
fn one_that_was_needed_lets_the_oldest_go_but_not_the_one_that_is_restored() {
    let place = StoreFixture::new();
    let db = place.own();
    for number in 10..20 {
        back_up(&db, &format!("{number}")).unwrap();
    }
    let backup = back_up_before(&db, "20");
    assert_eq!(listing(&place).len(), 11, "none has gone yet");
    backup.keep(Some(&place.at("backups/auto-10.db")));
    assert!(listing(&place).contains(&"auto-10.db".to_owned()));
    let backup = back_up_before(&db, "21");
    backup.keep(None);
    let expected: Vec<String> = (12..22).map(|number| format!("auto-{number}.db")).collect();
    assert_eq!(listing(&place), expected);
}

#[test]
fn a_failed_one_removes_no_other_backup() {
    let place = StoreFixture::new();
    let db = place.own();
    for number in 10..20 {
        back_up(&db, &format!("{number}")).unwrap();
    }
    let before = listing(&place);
    for number in 20..40 {
        let backup = back_up_before(&db, &number.to_string());
        assert!(path_in_transaction(&db, &backup).unwrap().exists());
        backup.discard();
    }
    assert_eq!(listing(&place), before);
}

#[test]
fn the_newest_ten_of_one_second_are_kept_too() {
    let place = StoreFixture::new();
    let db = place.own();
    let name = |hour| format!("20261124T{hour}0000.007Z-users-reset");
    back_up(&db, &name(10)).unwrap();
    let created: Vec<PathBuf> = (0..25).map(|_| back_up(&db, &name(20)).unwrap().path).collect();
    let mut kept: Vec<PathBuf> =
        listing(&place).iter().map(|name| place.at("backups").join(name)).collect();
    let mut expected = created[15..].to_vec();
    expected.sort();
    kept.sort();
    assert_eq!(kept, expected);
}
