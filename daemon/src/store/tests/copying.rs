//! Backups that are written step by step while the accounts change.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;

use super::fixture::{StoreFixture, number};
use crate::store::Making;
use crate::store::db::Db;

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
    let rows = statement.query_map([], |row| (0..width).map(|i| row.get(i)).collect()).unwrap();
    rows.map(Result::unwrap).collect()
}

fn assert_same(copy: &Path, db: &Db, when: &str) {
    let copy = Connection::open(copy).unwrap();
    for table in TABLES {
        assert_eq!(rows(&copy, table), rows(&db.conn, table), "{table} {when}");
    }
}

/// So many accounts that copying them takes several steps.
fn populate(db: &Db) {
    db.conn
        .execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
             INSERT INTO auth_users (user_uid, user_name) SELECT printf('u%015d', i), 'n' || i FROM n
               WHERE i > 2;
             INSERT INTO passwords (uid, hash) SELECT user_uid, 'hash of ' || id FROM auth_users;
             INSERT INTO passwords (uid, hash) VALUES ('c1', 'of a client');
             INSERT INTO auth_sessions (id, user_uid) SELECT 's' || id, user_uid FROM auth_users;",
        )
        .unwrap();
}

fn names(place: &StoreFixture) -> Vec<String> {
    let entries = fs::read_dir(place.at("backups")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn write(db: &Db, statements: &str) {
    db.begin().unwrap();
    db.conn.execute_batch(statements).unwrap();
    db.commit().unwrap();
}

/// Changes that leave the number of rows of each table as it was.
const STEADY: [u64; 5] = [0, 3, 4, 7, 9];

/// One change of that kind, with its details chosen by a number.
fn change(kind: u64, seed: u64) -> String {
    let (row, other) = (1 + seed / 16 % 1300, 1 + seed / 7 % 1300);
    match kind {
        0 => format!("UPDATE auth_users SET user_attr = 'x{seed}' WHERE id = {row}"),
        1 => format!("DELETE FROM auth_users WHERE id = {row}"),
        2 => format!("INSERT INTO auth_users (user_uid, user_name) VALUES ('v{seed}', 'new')"),
        // A key that moves to another row, before or behind what is copied.
        3 => format!(
            "CREATE TEMP TABLE kept AS SELECT * FROM passwords WHERE rowid = {row};
             DELETE FROM passwords WHERE rowid = {row};
             INSERT INTO passwords (uid, hash) SELECT uid, 'another' FROM kept; DROP TABLE kept"
        ),
        4 => format!("UPDATE passwords SET hash = 'h{seed}' WHERE rowid = {row}"),
        5 => format!("DELETE FROM auth_sessions WHERE rowid BETWEEN {row} AND {row} + 20"),
        6 => format!("INSERT INTO auth_sessions (id, user_uid) VALUES ('t{seed}', 'u{seed}')"),
        7 => format!(
            "UPDATE OR IGNORE auth_users SET user_uid = user_uid || '-' WHERE id IN ({row}, {other});
             UPDATE OR IGNORE auth_users SET user_uid = 'u{other}' WHERE id = {row}"
        ),
        8 => format!(
            "INSERT INTO passcodes (uid, key_type) VALUES ('u{seed}', 'totp');
             INSERT INTO auth_users_shares (user_uid, share_uid) VALUES ('u{seed}', 'a')"
        ),
        9 => format!("SAVEPOINT s; DELETE FROM auth_users WHERE id < {row}; ROLLBACK TO s; RELEASE s"),
        _ => "UPDATE passwords SET hash = 'client' WHERE uid = 'c1'".into(),
    }
}

#[test]
fn it_is_what_stands_at_its_last_step_whatever_changes_meanwhile() {
    for round in 0..6_u64 {
        let place = StoreFixture::new();
        let db = place.own();
        populate(&db);
        let mut making = Making::begin(&db, "x").unwrap();
        // Where no table grows or shrinks, only the rows show what changed.
        let steady = round % 2 == 1;
        let (mut steps, mut seed) = (0, round.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        while !making.step(&db).unwrap() {
            for _ in 0..3 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let seed = seed >> 20;
                let kind = if steady { STEADY[(seed % 5) as usize] } else { seed % 11 };
                write(&db, &change(kind, seed));
            }
            steps += 1;
        }
        assert!(steps > 10, "{steps}");
        // Later changes are not in it.
        let path = place.at("backups/x.db");
        let backup = making.publish().unwrap();
        assert_eq!(backup.path, path);
        assert_same(&path, &db, &format!("in round {round}"));
        assert_eq!(
            number(&db, "SELECT count(*) FROM auth_sessions").unsigned_abs(),
            backup.counts.sessions
        );
        assert_eq!(names(&place), ["x.db"]);
    }
}

#[test]
fn a_table_that_is_emptied_as_a_whole_is_seen() {
    for emptied in
        ["DELETE FROM auth_sessions", "DELETE FROM auth_users; DELETE FROM auth_sessions"]
    {
        for at in [1, 3, 6] {
            let place = StoreFixture::new();
            let db = place.own();
            populate(&db);
            let mut making = Making::begin(&db, "x").unwrap();
            for _ in 0..at {
                assert!(!making.step(&db).unwrap());
            }
            write(&db, &format!("{emptied}; INSERT INTO auth_sessions (id) VALUES ('new')"));
            while !making.step(&db).unwrap() {}
            let backup = making.publish().unwrap();
            assert_eq!(backup.counts.sessions, 1);
            assert_same(&backup.path, &db, emptied);
        }
    }
}

#[test]
fn one_that_is_given_up_leaves_nothing() {
    let place = StoreFixture::new();
    let db = place.own();
    populate(&db);
    let mut making = Making::begin(&db, "x").unwrap();
    making.step(&db).unwrap();
    assert!(names(&place).contains(&"x.part".to_owned()), "{:?}", names(&place));
    drop(making);
    assert_eq!(names(&place), [""; 0]);
    // A process that was killed left its file: the next backup removes it.
    for name in ["old.part", "old.part-journal", "keep"] {
        fs::write(place.at("backups").join(name), "x").unwrap();
    }
    let making = Making::begin(&db, "x").unwrap();
    drop(making);
    assert_eq!(names(&place), ["keep"]);
}

#[test]
fn one_that_its_path_would_not_lead_to_is_taken_back() {
    let place = StoreFixture::new();
    let db = place.own();
    for replaced in [false, true] {
        let mut making = Making::begin(&db, "x").unwrap();
        while !making.step(&db).unwrap() {}
        let away = place.at(&format!("away-{replaced}"));
        fs::rename(place.at("backups"), &away).unwrap();
        if replaced {
            fs::create_dir(place.at("backups")).unwrap();
        }
        let error = making.publish().unwrap_err().to_string();
        assert!(error.contains("another directory in its place"), "{error}");
        assert_eq!(fs::read_dir(&away).unwrap().count(), 0);
    }
    assert_eq!(names(&place), [""; 0]);
}

#[test]
fn rows_that_were_taken_again_leave_no_trace() {
    let place = StoreFixture::new();
    let db = place.own();
    populate(&db);
    write(&db, "UPDATE passwords SET hash = 'canary' || rowid");
    let mut making = Making::begin(&db, "x").unwrap();
    for _ in 0..9 {
        making.step(&db).unwrap();
    }
    write(&db, "UPDATE passwords SET hash = 'replaced' || rowid");
    while !making.step(&db).unwrap() {}
    let backup = making.publish().unwrap();
    let bytes = fs::read(backup.path).unwrap();
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
    assert!(holds(b"replaced1") && !holds(b"canary"));
}
