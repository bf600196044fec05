//! Restoring into PhotoPrism's database, in a copy of one that PhotoPrism created.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::types::Value;

use super::copying::rows;
use super::fixture::StoreFixture;
use crate::store::db::{Db, Tx};
use crate::store::kind::Kind;
use crate::store::work::Around;
use crate::store::{BackupFile, Plan, Present, What, backup_create, backup_open, restore_accounts};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db");

fn photoprism_db(place: &StoreFixture) -> Db {
    fs::copy(FIXTURE, place.at("index.db")).unwrap();
    place.open("index.db").unwrap()
}

/// Every row of every table, except `sqlite_sequence`.
fn everything(db: &Db) -> BTreeMap<String, Vec<Vec<Value>>> {
    let mut names = db
        .sqlite()
        .unwrap()
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .unwrap();
    let names: Vec<String> =
        names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let names = names.into_iter().filter(|name| name != "sqlite_sequence");
    names.map(|name| (name.clone(), all(db, &name))).collect()
}

/// Rows without their numbers, which only matter to SQLite.
fn all(db: &Db, table: &str) -> Vec<Vec<Value>> {
    let mut found: Vec<Vec<Value>> =
        rows(db.sqlite().unwrap(), table).into_iter().map(|row| row[1..].to_vec()).collect();
    found.sort_by_key(|row| format!("{row:?}"));
    found
}

fn back_up(place: &StoreFixture, db: &Db) -> BackupFile {
    backup_create(db, "x").unwrap();
    backup_open(&place.at("backups"), "x.db").unwrap()
}

fn plan(db: &Db, file: &BackupFile) -> Plan {
    Plan::whole(&Present::in_file(db).unwrap(), file, false).unwrap()
}

fn restore(db: &Db, file: &BackupFile) -> Vec<String> {
    let mut source = file.source();
    source.before(db).unwrap();
    let layout = file.layout().unwrap();
    db.begin().unwrap();
    let (tx, now) = (Tx::new(db), Timestamp::UNIX_EPOCH);
    let restored = restore_accounts(&tx, &source.for_work(), &layout, true, 7, now).unwrap();
    db.commit().unwrap();
    source.after(db);
    restored.lost
}

#[test]
fn a_backup_of_photoprisms_accounts_leaves_its_database_as_it_is() {
    let place = StoreFixture::new();
    let db = photoprism_db(&place);
    let file = back_up(&place, &db);
    assert!(file.of_photoprism && file.is_of(db.kind()) && !file.is_of(&Kind::Own));
    let counts = file.counts;
    assert_eq!((counts.users, counts.deleted, counts.sessions), (10, 1, 14));
    for table in ["auth_users", "auth_users_settings", "passwords", "passcodes", "auth_sessions"] {
        assert_eq!(rows(&file.conn, table), rows(db.sqlite().unwrap(), table), "{table}");
    }
    assert!(fs::read(place.at("index.db")).unwrap() == fs::read(FIXTURE).unwrap());
    // The other way gives the same rows.
    let backup = super::backups::back_up(&db, "y").unwrap();
    let other = backup_open(&place.at("backups"), name(&backup.path)).unwrap();
    assert_eq!(rows(&other.conn, "auth_users"), rows(db.sqlite().unwrap(), "auth_users"));
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

#[test]
fn a_restore_brings_every_account_back_and_touches_nothing_else() {
    let place = StoreFixture::new();
    let db = photoprism_db(&place);
    let before = everything(&db);
    let file = back_up(&place, &db);
    assert_eq!((plan(&db, &file).unchanged, plan(&db, &file).accounts.len()), (11, 0));
    db.sqlite()
        .unwrap()
        .execute_batch(
            "DELETE FROM passwords; INSERT INTO passwords (uid, hash) VALUES ('c1', 'client');
             UPDATE auth_users SET user_role = 'guest', base_path = '007' WHERE user_name = 'bob';
             DELETE FROM auth_users WHERE user_name = 'alice';
             INSERT INTO auth_users (user_uid, user_name) VALUES ('unew', 'new');
             DELETE FROM auth_users_settings; DELETE FROM passcodes; DELETE FROM auth_sessions;",
        )
        .unwrap();
    let planned = plan(&db, &file);
    assert_eq!((planned.added, planned.changed, planned.removed), (1, 10, 1));
    let of = |name: &str| planned.accounts.iter().find(|account| account.name == name).unwrap();
    assert_eq!(of("alice").what, What::Added);
    assert_eq!(of("new").what, What::Removed);
    assert_eq!(of("bob").fields, ["role", "base_path", "settings", "password"]);
    assert_eq!(restore(&db, &file), [""; 0]);
    let mut after = everything(&db);
    // A client's secret does not belong to an account.
    let secrets = after.get_mut("passwords").unwrap();
    secrets.retain(|row| row[0] != Value::Text("c1".into()));
    assert!(after == before, "something else changed");
    assert_eq!(plan(&db, &file).unchanged, 11);
}

#[test]
fn columns_that_a_version_lacks_or_adds_do_not_matter() {
    let place = StoreFixture::new();
    let mut db = photoprism_db(&place);
    let file = back_up(&place, &db);
    db.sqlite()
        .unwrap()
        .execute_batch(
            "ALTER TABLE auth_users ADD COLUMN later TEXT DEFAULT 'photoprism';
             ALTER TABLE auth_users DROP COLUMN user_attr; DROP TABLE auth_users_shares;",
        )
        .unwrap();
    db.columns = crate::store::columns::Columns::read(&db.conn).unwrap();
    assert_eq!(plan(&db, &file).unchanged, 11);
    let lost = restore(&db, &file);
    assert!(lost.contains(&"auth_users.user_attr".to_owned()), "{lost:?}");
    assert!(lost.contains(&"auth_users_shares.comment".to_owned()), "{lost:?}");
    // And a backup of that shape is a valid backup.
    backup_create(&db, "y").unwrap();
    let file = backup_open(&place.at("backups"), "y.db").unwrap();
    assert_eq!(plan(&db, &file).unchanged, 11);
    assert_eq!(restore(&db, &file), [""; 0]);
}

/// They are dropped while rows come back, and made again.
#[test]
fn indexes_are_there_again_after_a_restore() {
    const INDEXES: &str = "SELECT group_concat(sql, ';') FROM
        (SELECT sql FROM sqlite_schema WHERE type = 'index' ORDER BY name)";
    let place = StoreFixture::new();
    let db = place.own();
    let indexes =
        || db.sqlite().unwrap().query_row(INDEXES, [], |row| row.get::<_, String>(0)).unwrap();
    db.sqlite()
        .unwrap()
        .execute_batch("INSERT INTO auth_sessions (id, user_uid) VALUES ('s1', 'u1')")
        .unwrap();
    let (before, file) = (indexes(), back_up(&place, &db));
    db.sqlite().unwrap().execute_batch("DELETE FROM auth_sessions").unwrap();
    assert_eq!(restore(&db, &file), [""; 0]);
    assert_eq!((indexes(), rows(db.sqlite().unwrap(), "auth_sessions").len()), (before, 1));
    let sound: String =
        db.sqlite().unwrap().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}
