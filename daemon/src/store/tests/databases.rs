//! PhotoPrism's database: waited for, followed when it is replaced, its columns read again.

use std::collections::BTreeMap;
use std::fs;

use rusqlite::Connection;

use super::fixture::{StoreFixture, account, names};
use crate::store::columns::Columns;
use crate::store::database::Database;
use crate::store::db::Db;
use crate::store::error::StoreError;
use crate::store::schema::LOGINS;
use crate::store::{LegacyRow, account_by_name, account_by_uid, has_legacy, legacy_page};

fn slot(place: &StoreFixture) -> Database {
    Database::open(place.options("index.db")).unwrap()
}

#[test]
fn photoprism_s_is_waited_for_and_never_created() {
    let place = StoreFixture::new();
    let mut slot = slot(&place);
    for _ in 0..3 {
        assert!(matches!(slot.get(), Err(StoreError::Missing)));
        slot.idle();
    }
    assert!(slot.db().is_none() && place.files().is_empty());
    fs::write(place.at("index.db"), "").unwrap();
    assert!(matches!(slot.get(), Err(StoreError::Missing)));
    place.create("index.db", "CREATE TABLE versions (a)");
    assert!(matches!(slot.get(), Err(StoreError::Missing)));
    fs::remove_file(place.at("index.db")).unwrap();
    place.photoprism("index.db");
    assert_eq!(names(slot.get().unwrap()), ["photoprism"]);
}

#[test]
fn one_that_cannot_be_used_is_waited_for_as_well() {
    let place = StoreFixture::new();
    let mut slot = slot(&place);
    fs::write(place.at("index.db"), "no database").unwrap();
    assert!(matches!(slot.get(), Err(StoreError::Missing)));
    place.photoprism("good.db");
    fs::rename(place.at("good.db"), place.at("index.db")).unwrap();
    assert_eq!(names(slot.get().unwrap()), ["photoprism"]);
}

#[test]
fn a_file_put_in_its_place_is_read_from_then_on() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let mut slot = slot(&place);
    assert_eq!(names(slot.get().unwrap()), ["photoprism"]);
    place.photoprism("other.db");
    place.create("other.db", &account(2, "restored"));
    fs::rename(place.at("other.db"), place.at("index.db")).unwrap();
    assert_eq!(names(slot.get().unwrap()), ["photoprism", "restored"]);
    fs::remove_file(place.at("index.db")).unwrap();
    assert!(matches!(slot.get(), Err(StoreError::Missing)));
    place.photoprism("index.db");
    slot.idle();
    assert_eq!(names(slot.db().unwrap()), ["photoprism"]);
}

#[test]
fn a_commit_into_a_file_that_was_replaced_meanwhile_is_not_a_success() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let mut slot = slot(&place);
    commit(&mut slot);
    assert!(slot.check_written().is_ok());
    slot.begin(|_| Ok(())).unwrap();
    place.photoprism("other.db");
    fs::rename(place.at("other.db"), place.at("index.db")).unwrap();
    slot.db().unwrap().commit().unwrap();
    assert!(matches!(slot.check_written(), Err(StoreError::ReadOnly(_))));
    assert_eq!(names(slot.get().unwrap()), ["photoprism"]);
    assert!(slot.check_written().is_ok());
}

#[test]
fn photoprisms_is_never_followed_by_another_kind() {
    let place = StoreFixture::new();
    place.photoprism("photos.sqlite");
    let mut slot = Database::open(place.options("photos.sqlite")).unwrap();
    fs::remove_file(place.at("photos.sqlite")).unwrap();
    place.own().close();
    fs::rename(place.at("admin.db"), place.at("photos.sqlite")).unwrap();
    let before = place.files();
    assert!(matches!(slot.get(), Err(StoreError::Missing)));
    assert!(matches!(slot.begin(|_| Ok(())), Err(StoreError::Missing)));
    assert!(before == place.files());
    fs::remove_file(place.at("photos.sqlite")).unwrap();
    place.photoprism("photos.sqlite");
    assert_eq!(names(slot.get().unwrap()), ["photoprism"]);
}

#[test]
fn what_photoprism_commits_is_seen_at_once() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let mut slot = slot(&place);
    assert!(account_by_name(slot.get().unwrap(), "new").unwrap().is_none());
    place.create("index.db", &account(2, "new"));
    assert!(account_by_name(slot.get().unwrap(), "new").unwrap().is_some());
}

/// A write transaction without any writes.
fn commit(slot: &mut Database) {
    slot.begin(|_| Ok(())).unwrap();
    slot.db().unwrap().commit().unwrap();
}

/// The statement that created each table.
fn tables(db: &Db) -> BTreeMap<String, String> {
    let statement = "SELECT name, sql FROM sqlite_schema WHERE type = 'table'";
    let mut statement = db.sqlite().unwrap().prepare(statement).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn an_audit_logins_of_photoprism_stays_as_it_is() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let definitions = LOGINS.replace("VARCHAR", "VARBINARY").replace("CREATE INDEX", "-- ");
    let (table, _) = definitions.split_once(';').unwrap();
    place.create("index.db", table);
    let mut slot = slot(&place);
    let before = tables(slot.get().unwrap())["audit_logins"].clone();
    commit(&mut slot);
    assert_eq!(tables(slot.get().unwrap())["audit_logins"], before);
}

#[test]
fn a_file_that_is_taken_away_while_it_is_attached_is_noticed() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let mut slot = slot(&place);
    commit(&mut slot);
    assert!(slot.get().unwrap().columns.attached);
    fs::remove_file(place.at("photoprism-admin.db")).unwrap();
    // The content of its WAL belongs to a file that is gone: an admin has to decide.
    assert!(matches!(slot.get(), Err(StoreError::Missing)));
    assert!(!place.at("photoprism-admin.db").exists());
    fs::remove_file(place.at("photoprism-admin.db-wal")).unwrap();
    assert!(!slot.get().unwrap().columns.attached);
    commit(&mut slot);
    assert!(slot.get().unwrap().columns.attached && place.at("photoprism-admin.db").exists());
}

#[test]
fn a_missing_column_that_nothing_works_without_is_waited_for() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let mut slot = slot(&place);
    place.create("index.db", "ALTER TABLE auth_users RENAME COLUMN can_login TO may_login");
    assert!(matches!(slot.get(), Err(StoreError::Missing)));
    assert!(matches!(slot.begin(|_| Ok(())), Err(StoreError::Missing)));
    let refused = place.open("index.db").unwrap_err();
    assert_eq!(refused.exit_code(), 78);
    assert!(refused.to_string().contains("without the column can_login"), "{refused}");
    place.create("index.db", "ALTER TABLE auth_users RENAME COLUMN may_login TO can_login");
    assert!(slot.get().is_ok());
}

#[test]
fn columns_are_read_again_when_the_schema_changes() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    place.create("index.db", "UPDATE auth_users SET auth_issuer = 'issuer', auth_method = 'm'");
    let mut slot = slot(&place);
    let issuer = |slot: &mut Database| {
        account_by_name(slot.get().unwrap(), "photoprism").unwrap().unwrap().auth_issuer
    };
    assert_eq!(issuer(&mut slot), "issuer");
    place.create("index.db", "ALTER TABLE auth_users DROP COLUMN auth_issuer");
    assert_eq!(issuer(&mut slot), "");
    place.create("index.db", "ALTER TABLE auth_users ADD COLUMN auth_issuer DEFAULT 'again'");
    assert_eq!(issuer(&mut slot), "again");
}

/// With unknown tables nothing is done: they may have changed.
#[test]
fn a_lock_that_blocks_reading_the_columns_is_reported() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let mut slot = slot(&place);
    slot.get().unwrap();
    place.create("index.db", "ALTER TABLE auth_users DROP COLUMN auth_issuer");
    let photoprism = Connection::open(place.at("index.db")).unwrap();
    photoprism.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert!(matches!(slot.begin(|_| Ok(())), Err(StoreError::Locked(_))));
    slot.idle();
    photoprism.execute_batch("ROLLBACK").unwrap();
    assert_eq!(names(slot.get().unwrap()), ["photoprism"]);
}

#[test]
fn columns_that_a_version_lacks_or_adds_do_no_harm() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    place.create(
        "index.db",
        "ALTER TABLE auth_users DROP COLUMN webdav; ALTER TABLE auth_users DROP COLUMN upload_path;
         ALTER TABLE auth_users ADD COLUMN shoe_size INTEGER DEFAULT 43;
         DROP TABLE passcodes; UPDATE auth_users SET user_uid = 'u1234567890abcde'",
    );
    let mut slot = slot(&place);
    let user = account_by_uid(slot.get().unwrap(), "u1234567890abcde").unwrap().unwrap();
    assert_eq!((user.name.as_str(), user.webdav, user.has_passcode), ("photoprism", false, false));
    assert_eq!(user.upload_path, "");
}

fn legacy(slot: &mut Database) -> Vec<LegacyRow> {
    legacy_page(slot.get().unwrap(), 0, 10, |_| true).unwrap()
}

#[test]
fn the_legacy_table_is_read_where_it_is() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let mut slot = slot(&place);
    assert_eq!(legacy(&mut slot), []);
    place.create(
        "index.db",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, user_uid, user_name, role_admin);
         INSERT INTO users VALUES (-1, 'a', 'a', 1), (0, 'b', 'b', 1), (3, 'c', 'carol', 1)",
    );
    let rows = legacy(&mut slot);
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!((row.id, row.user_name.as_str(), row.admin), (3, "carol", true));
    assert_eq!((row.email.as_str(), row.name.as_str()), ("", ""));
    place.create(
        "index.db",
        "ALTER TABLE users ADD COLUMN deleted_at; UPDATE users SET deleted_at = 1",
    );
    assert_eq!(legacy(&mut slot), []);
}

#[test]
fn the_cookie_that_the_columns_were_true_for_is_kept() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let db = place.open("index.db").unwrap();
    assert!(!db.columns.has_logins() && !has_legacy(&db));
    place.create("index.db", "CREATE TABLE audit_logins (a)");
    let later = Columns::read(&db.conn).unwrap();
    assert!(later.has_logins() && later.schema_version > db.columns.schema_version);
}
