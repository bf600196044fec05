//! Backups that are written while the accounts change.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};

use super::fixture::StoreFixture;
use crate::store::backup::{copy_in_pieces, publish_to_moved_directory};
use crate::store::db::Db;
use crate::store::testing::another_connection;
use crate::store::{Backup, backup_create};

const TABLES: [&str; 7] = [
    "auth_users",
    "auth_users_details",
    "auth_users_settings",
    "auth_users_shares",
    "passwords",
    "passcodes",
    "auth_sessions",
];

/// Every row of an account table with its number.
pub(super) fn rows(conn: &Connection, table: &str) -> Vec<Vec<Value>> {
    let which = if table == "passwords" { "uid GLOB 'u*'" } else { "1" };
    let statement = format!("SELECT rowid, * FROM {table} WHERE {which} ORDER BY rowid");
    let mut statement = conn.prepare(&statement).unwrap();
    let width = statement.column_count();
    // A text that is not UTF-8 as its bytes.
    let value = |value: ValueRef<'_>| match value {
        ValueRef::Text(bytes) => String::from_utf8(bytes.into())
            .map_or_else(|error| Value::Blob(error.into_bytes()), Value::Text),
        other => Value::try_from(other).unwrap(),
    };
    let rows = statement
        .query_map([], |row| (0..width).map(|i| Ok(value(row.get_ref(i)?))).collect())
        .unwrap();
    rows.map(Result::unwrap).collect()
}

fn assert_same(copy: &Path, db: &Db, when: &str) {
    let copy = Connection::open(copy).unwrap();
    for table in TABLES {
        assert_eq!(rows(&copy, table), rows(db.sqlite().unwrap(), table), "{table} {when}");
    }
}

/// So many accounts that copying them takes several pieces.
fn populate(db: &Db) {
    db.sqlite().unwrap()
        .execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
             INSERT INTO auth_users (user_uid, user_name) SELECT printf('u%015d', i), 'n' || i FROM n
               WHERE i > 2;
             DELETE FROM auth_users WHERE id % 7 = 0;
             INSERT INTO passwords (uid, hash) SELECT user_uid, 'hash of ' || id FROM auth_users;
             INSERT INTO passwords (uid, hash) VALUES ('c1', 'of a client');
             INSERT INTO passcodes (uid, key_type) SELECT user_uid, 'totp' FROM auth_users;
             INSERT INTO auth_users_shares (user_uid, share_uid, comment)
               SELECT user_uid, 'a', x'ff00' FROM auth_users;
             INSERT INTO auth_sessions (id, user_uid, user_agent)
               SELECT 's' || id, user_uid, CAST(x'c3' AS TEXT) FROM auth_users;",
        )
        .unwrap();
}

fn names(place: &StoreFixture) -> Vec<String> {
    let entries = fs::read_dir(place.at("backups")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn it_holds_every_row_with_its_number_whatever_the_pieces() {
    for name in ["admin.db", "index.db"] {
        let place = StoreFixture::new();
        place.photoprism("index.db");
        let db = place.open(name).unwrap();
        populate(&db);
        for rows in [1, 7, 500, 100_000] {
            let path = copy_in_pieces(&db, "x", rows).unwrap().path;
            assert_same(&path, &db, &format!("in pieces of {rows}"));
            assert_eq!(names(&place), ["x.db"]);
            fs::remove_file(path).unwrap();
        }
    }
}

/// Writes a number to a row at the beginning and one at the end of each table, in one transaction.
fn mark(db: &Db, number: u32) {
    db.begin().unwrap();
    for (table, column) in
        [("auth_users", "user_attr"), ("passwords", "hash"), ("auth_sessions", "client_name")]
    {
        let statement = format!(
            "UPDATE {table} SET {column} = ?1 WHERE rowid IN
               ((SELECT min(rowid) FROM {table} WHERE rowid > 2), (SELECT max(rowid) - 1 FROM {table}))"
        );
        db.sqlite().unwrap().execute(&statement, [format!("mark {number} of a moment")]).unwrap();
    }
    db.commit().unwrap();
}

/// The numbers in a backup, and how often an earlier one is left in the file.
fn marks(path: &Path) -> (Vec<String>, usize) {
    let conn = Connection::open(path).unwrap();
    let statement = "SELECT user_attr FROM auth_users WHERE user_attr LIKE 'mark %'
         UNION ALL SELECT hash FROM passwords WHERE hash LIKE 'mark %'
         UNION ALL SELECT client_name FROM auth_sessions WHERE client_name LIKE 'mark %'";
    let mut statement = conn.prepare(statement).unwrap();
    let marks = statement.query_map([], |row| row.get(0)).unwrap();
    let bytes = fs::read(path).unwrap();
    let in_file = bytes.windows(12).filter(|part| part == b" of a moment").count();
    (marks.map(Result::unwrap).collect(), in_file)
}

#[test]
fn it_is_what_was_there_at_one_moment_whatever_changes_meanwhile() {
    for name in ["admin.db", "index.db"] {
        let place = StoreFixture::new();
        place.photoprism("index.db");
        let db = place.open(name).unwrap();
        populate(&db);
        mark(&db, 0);
        let (reader, done) = (another_connection(&db), &AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // One that commits all the time, and one that does so now and then.
                for number in 1.. {
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                    mark(&db, number);
                    if number % 2 == 0 {
                        crate::clock::pause(std::time::Duration::from_millis(15));
                    }
                }
            });
            for round in 0..20 {
                let rows = if round % 2 == 0 { 100 } else { 100_000 };
                let path = copy_in_pieces(&reader, "x", rows).unwrap().path;
                let (marks, in_file) = marks(&path);
                assert_eq!(marks.len(), 6, "{name}");
                assert!(marks.iter().all(|mark| *mark == marks[0]), "{name}: {marks:?}");
                // What was copied and thrown away left no trace.
                assert_eq!(in_file, 6, "{name}");
                fs::remove_file(path).unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
    }
}

#[test]
fn one_that_cannot_be_finished_leaves_nothing() {
    let place = StoreFixture::new();
    let db = place.own();
    populate(&db);
    fs::create_dir(place.at("backups")).unwrap();
    // A process that was killed left its file: the next backup removes it.
    for name in ["old.part", "old.part-journal", "keep"] {
        fs::write(place.at("backups").join(name), "x").unwrap();
    }
    let Backup { path, counts, bytes, .. } = backup_create(&db, "x").unwrap();
    assert_eq!(names(&place), ["keep", "x.db"]);
    assert_eq!(bytes, fs::metadata(path).unwrap().len());
    assert_eq!(counts.sessions, rows(db.sqlite().unwrap(), "auth_sessions").len() as u64);
    // The last table that is copied is missing: everything before it is already written.
    db.sqlite().unwrap().execute_batch("DROP TABLE auth_sessions").unwrap();
    backup_create(&db, "y").unwrap_err();
    assert_eq!(names(&place), ["keep", "x.db"]);
}

#[test]
fn one_that_its_path_would_not_lead_to_is_taken_back() {
    let place = StoreFixture::new();
    let db = place.own();
    for replaced in [false, true] {
        let away = place.at(&format!("away-{replaced}"));
        let error = publish_to_moved_directory(&db, "x", || {
            fs::rename(place.at("backups"), &away).unwrap();
            if replaced {
                fs::create_dir(place.at("backups")).unwrap();
            }
        });
        let error = error.unwrap_err().to_string();
        assert!(error.contains("another directory in its place"), "{error}");
        assert_eq!(fs::read_dir(&away).unwrap().count(), 0);
    }
    assert_eq!(names(&place), [""; 0]);
}
