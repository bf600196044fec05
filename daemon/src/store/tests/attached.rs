//! The daemon's own tables next to PhotoPrism's file: created, found again, moved out of it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::time::Duration;

use rusqlite::Connection;

use super::fixture::{StoreFixture, number};
use crate::model::AuditHead;
use crate::store::attached;
use crate::store::audit::own_entry;
use crate::store::database::Database;
use crate::store::db::{Db, Tx};
use crate::store::error::StoreError;
use crate::store::lock_timeout::within;
use crate::store::schema::{ADMIN, LOGINS};
use crate::store::{
    AuditEntry, IdempotencyRecord, audit_append, audit_count, audit_head, cursor_key,
    idempotency_find, idempotency_keep, link, passcode_last_step,
};

const FILE: &str = "photoprism-admin.db";

fn slot(place: &StoreFixture) -> Database {
    Database::open(place.options("index.db")).unwrap()
}

/// One write with a record, a key and a change of the account.
fn write(slot: &mut Database, name: &str) {
    slot.begin(|_| Ok(())).unwrap();
    let tx = Tx::new(slot.db().unwrap());
    let statement = "UPDATE auth_users SET display_name = ?1, updated_at = '2026-11-28 12:00:00'";
    tx.sqlite().unwrap().execute(statement, [name]).unwrap();
    audit_append(&tx, &own_entry("users.mod", name)).unwrap();
    idempotency_keep(&tx, (0, name), &kept(), 1000).unwrap();
    crate::store::group::commit(slot.db().unwrap(), true).unwrap();
    slot.after_commit(&Ok(()));
}

fn kept() -> IdempotencyRecord {
    IdempotencyRecord {
        command: "users.mod".into(),
        fingerprint: vec![1],
        password_of: String::new(),
        result: "{}".into(),
    }
}

/// Every definition of a schema and the version that PhotoPrism sees.
fn schema(place: &StoreFixture) -> Vec<(String, String)> {
    let conn = Connection::open(place.at("index.db")).unwrap();
    let statement = "SELECT name, ifnull(sql, '') FROM sqlite_schema ORDER BY name";
    let mut statement = conn.prepare(statement).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn the_first_write_creates_the_file_and_adds_nothing_to_photoprism_s() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let before = schema(&place);
    let mut slot = slot(&place);
    slot.get().unwrap();
    slot.idle();
    assert!(!place.at(FILE).exists(), "a read creates nothing");
    write(&mut slot, "one");
    let data = fs::metadata(place.at(FILE)).unwrap();
    assert_eq!(data.mode() & 0o7777, 0o600);
    assert_eq!(data.uid(), fs::metadata(place.at("index.db")).unwrap().uid());
    assert!(
        !place.at("photoprism-admin.db-shm").exists()
            && !place.at("photoprism-admin.db.new").exists()
    );
    let db = slot.get().unwrap();
    assert_eq!(audit_count(db).unwrap(), 1);
    for (pragma, value) in [
        ("application_id", super::super::schema::OWN_TABLES_ID),
        ("user_version", 1),
        ("synchronous", 2),
        ("secure_delete", 1),
    ] {
        assert_eq!(number(db, &format!("PRAGMA admin.{pragma}")), value, "{pragma}");
    }
    let mode: String =
        db.sqlite().unwrap().query_row("PRAGMA admin.journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    assert_eq!(schema(&place), before);
    slot.close();
    assert_eq!(schema(&place), before);
    assert!(!place.at("photoprism-admin.db-wal").exists());
}

/// The file is attached before the lock is met: the next write continues from there.
#[test]
fn a_first_write_that_a_lock_cut_short_is_done_at_the_next_try() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let mut db = place.open("index.db").unwrap();
    let photoprism = Connection::open(place.at("index.db")).unwrap();
    photoprism.execute_batch("BEGIN EXCLUSIVE").unwrap();
    for _ in 0..2 {
        let cut_short = within(Duration::ZERO, || attached::ready(&mut db));
        assert!(matches!(cut_short, Err(StoreError::Locked(_))), "{cut_short:?}");
    }
    assert!(place.at(FILE).exists());
    photoprism.execute_batch("ROLLBACK").unwrap();
    attached::ready(&mut db).unwrap();
    assert!(db.columns.attached);
}

#[test]
fn key_trail_and_idempotency_keys_hold_across_a_start_and_another_path() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let mut first = slot(&place);
    let from_path = cursor_key(first.get().unwrap()).unwrap();
    write(&mut first, "one");
    let key = cursor_key(first.get().unwrap()).unwrap();
    assert_eq!(key, [7; 32], "the key that was drawn");
    assert_ne!(key, from_path);
    first.close();
    let elsewhere = StoreFixture::new();
    for name in ["index.db", FILE] {
        fs::rename(place.at(name), elsewhere.at(name)).unwrap();
    }
    let mut again = slot(&elsewhere);
    let db = again.get().unwrap();
    assert_eq!(cursor_key(db).unwrap(), key);
    assert_eq!(idempotency_find(db, 0, "one", 1001).unwrap(), Some(kept()));
    write(&mut again, "two");
    assert_whole(again.get().unwrap(), 2);
}

/// The chain has so many records and is intact.
fn assert_whole(db: &Db, records: i64) {
    let mut reached = AuditHead::default();
    for (at, row) in crate::store::audit_walk(db, i64::MIN, 1000).unwrap() {
        let row = row.unwrap();
        reached = link(&reached, row.host.as_deref(), &row.entry);
        assert_eq!((at, &reached.hash), (reached.number, &row.hash));
    }
    assert_eq!(reached.number, records);
}

#[test]
fn it_is_next_to_the_file_that_a_link_leads_to() {
    let (place, other) = (StoreFixture::new(), StoreFixture::new());
    place.photoprism("index.db");
    symlink(place.at("index.db"), other.at("index.db")).unwrap();
    let mut slot = slot(&other);
    write(&mut slot, "one");
    assert!(place.at(FILE).exists() && !other.at(FILE).exists());
}

#[test]
fn files_that_are_not_the_daemon_s_are_refused() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let refused = |message: &str, code: u8| {
        let error = place.open("index.db").unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert_eq!(error.exit_code(), code, "{error}");
        assert!(error.to_string().contains(FILE), "{error}");
    };
    place.create(FILE, "CREATE TABLE photos (id)");
    fs::set_permissions(place.at(FILE), PermissionsExt::from_mode(0o600)).unwrap();
    let bytes = fs::read(place.at(FILE)).unwrap();
    refused("does not hold the daemon's own tables", 78);
    assert!(fs::read(place.at(FILE)).unwrap() == bytes, "another program's file stays as it is");
    fs::write(place.at(FILE), "a text that is long enough to be read as a database").unwrap();
    refused("not an SQLite database", 78);
    fs::remove_file(place.at(FILE)).unwrap();
    fs::write(place.at("photoprism-admin.db-wal"), "left").unwrap();
    refused("is there without its database", 78);
    fs::remove_file(place.at("photoprism-admin.db-wal")).unwrap();
    symlink(place.at("index.db"), place.at(FILE)).unwrap();
    refused("it is a link", 78);
    fs::remove_file(place.at(FILE)).unwrap();
    fs::hard_link(place.at("index.db"), place.at(FILE)).unwrap();
    refused("it is a link", 78);
    fs::remove_file(place.at(FILE)).unwrap();
    let mut slot = slot(&place);
    write(&mut slot, "one");
    slot.close();
    place.create(FILE, "PRAGMA user_version = 99");
    refused("schema 99, newer than 1", 78);
    // As a dump leaves it; the message has what makes it whole.
    place.create(FILE, "PRAGMA user_version = 0; PRAGMA application_id = 0");
    refused("'PRAGMA application_id=1347436884; PRAGMA user_version=1'", 78);
    place.create(FILE, "PRAGMA application_id=1347436884; PRAGMA user_version=1");
    place.open("index.db").unwrap().close();
    fs::set_permissions(place.at(FILE), PermissionsExt::from_mode(0o400)).unwrap();
    refused("mode 0400", 74);
}

#[test]
fn it_is_not_accepted_as_the_database() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let mut slot = slot(&place);
    write(&mut slot, "one");
    slot.close();
    fs::copy(place.at(FILE), place.at("copy.db")).unwrap();
    place.photoprism("photoprism.db");
    for name in [FILE, "copy.db", "sub/photoprism-admin.db"] {
        if let Some(directory) = place.at(name).parent() {
            fs::create_dir_all(directory).unwrap();
        }
        let error = place.open(name).unwrap_err();
        assert_eq!(error.exit_code(), 78);
        assert!(error.to_string().contains("index.db"), "{error}");
    }
    assert!(!place.at("sub/photoprism-admin.db").exists());
}

/// What an earlier version left in PhotoPrism's file.
fn earlier(place: &StoreFixture, records: i64) -> Vec<AuditEntry> {
    place.photoprism("index.db");
    earlier_tables(place, records)
}

fn earlier_tables(place: &StoreFixture, records: i64) -> Vec<AuditEntry> {
    let conn = Connection::open(place.at("index.db")).unwrap();
    conn.execute_batch(&format!("{LOGINS}{ADMIN}")).unwrap();
    conn.execute_batch(
        "INSERT INTO admin_meta VALUES ('schema_version', 1);
         INSERT INTO admin_idempotency VALUES (0, 'kept', 'users.mod', x'01', '', '{}', 1000);
         INSERT INTO admin_limits VALUES ('address', '192.0.2.1', 3, 1000);
         INSERT INTO admin_passcode_steps VALUES ('uid0000000000001', 77);
         INSERT INTO audit_logins (client_ip, login_name, updated_at) VALUES ('192.0.2.1', 'x', 'y')",
    )
    .unwrap();
    let mut head = AuditHead::default();
    (1..=records)
        .map(|number| {
            let entry = own_entry("users.mod", &format!("target {number}"));
            head = link(&head, None, &entry);
            conn.execute(
                "INSERT INTO admin_audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                rusqlite::params![
                    head.number,
                    entry.at,
                    entry.uid,
                    entry.gid,
                    entry.pid,
                    entry.socket,
                    entry.command,
                    entry.target,
                    head.hash
                ],
            )
            .unwrap();
            entry
        })
        .collect()
}

#[test]
fn tables_of_an_earlier_version_are_moved_at_the_start() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let before = schema(&place);
    earlier_tables(&place, 3);
    let mut moved = slot(&place);
    assert_eq!(schema(&place), before, "PhotoPrism's schema is as without the daemon");
    let db = moved.get().unwrap();
    assert_whole(db, 3);
    assert_eq!(idempotency_find(db, 0, "kept", 1001).unwrap(), Some(kept()));
    assert_eq!(passcode_last_step(db, "uid0000000000001").unwrap(), Some(77));
    assert_eq!(number(db, "SELECT count(*) FROM admin.audit_logins"), 1);
    assert_eq!(number(db, "SELECT count(*) FROM admin.admin_limits"), 1);
    // Cursors and fingerprints of the previous run are still valid.
    let key = crate::store::meta::key_of_path(&place.at("index.db"));
    assert_eq!(cursor_key(db).unwrap(), key);
    write(&mut moved, "one");
    moved.close();
    let mut again = slot(&place);
    assert_whole(again.get().unwrap(), 4);
    assert_eq!(schema(&place), before);
}

#[test]
fn an_audit_logins_with_other_columns_or_without_admin_meta_is_photoprism_s() {
    for (statement, moved) in [
        ("ALTER TABLE audit_logins ADD COLUMN more", false),
        ("DROP TABLE admin_meta", false),
        ("SELECT 1", true),
    ] {
        let place = StoreFixture::new();
        earlier(&place, 1);
        let conn = Connection::open(place.at("index.db")).unwrap();
        conn.execute_batch(statement).unwrap_or(());
        drop(conn);
        drop(slot(&place));
        let left = schema(&place).iter().any(|(name, _)| name == "audit_logins");
        assert_eq!(left, !moved, "{statement}");
        assert!(!schema(&place).iter().any(|(name, _)| name.starts_with("admin_")), "{statement}");
    }
}

#[test]
fn an_interrupted_move_is_finished_without_duplicates() {
    let place = StoreFixture::new();
    earlier(&place, 3);
    let copied = fs::read(place.at("index.db")).unwrap();
    slot(&place).close();
    // The copy exists, the tables were not dropped.
    fs::write(place.at("index.db"), &copied).unwrap();
    let mut again = slot(&place);
    assert_whole(again.get().unwrap(), 3);
    assert!(!schema(&place).iter().any(|(name, _)| name.starts_with("admin_")));
    write(&mut again, "one");
    again.close();
    // An old dump brings them back: all their records are known.
    fs::write(place.at("index.db"), &copied).unwrap();
    let mut again = slot(&place);
    assert!(!schema(&place).iter().any(|(name, _)| name.starts_with("admin_")));
    assert!(audit_head(again.get().unwrap()).unwrap().number >= 4);
}

#[test]
fn another_trail_is_neither_mixed_nor_written() {
    let place = StoreFixture::new();
    place.photoprism("index.db");
    let mut first = slot(&place);
    write(&mut first, "one");
    first.close();
    earlier_tables(&place, 2);
    let mut second = slot(&place);
    write(&mut second, "two");
    assert_whole(second.get().unwrap(), 2);
    assert!(second.get().unwrap().own_tables.foreign.get());
    let conn = Connection::open(place.at("index.db")).unwrap();
    let records: i64 =
        conn.query_row("SELECT count(*) FROM admin_audit", [], |row| row.get(0)).unwrap();
    assert_eq!(records, 2, "what is there stays");
    let targets = "SELECT group_concat(target) FROM admin.admin_audit";
    let targets: String = second
        .get()
        .unwrap()
        .conn
        .sqlite()
        .unwrap()
        .query_row(targets, [], |row| row.get(0))
        .unwrap();
    assert_eq!(targets, "one,two");
}
