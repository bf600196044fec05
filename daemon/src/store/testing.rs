//! Databases for unit tests.

use jiff::Timestamp;
use photoprism_protocol::name::UserName;
use tempfile::TempDir;

use super::db::Db;
use super::engine::{Statement, Value};
use super::open::open;
use super::options::{Expected, OpenOptions, Running};
use super::published::{Opened, identity};
use super::read_connection::open_for_reading;
use crate::clock::random;
use crate::model::initial_accounts;

/// The daemon's own database, open, in its own directory, which is removed with the guard.
pub(super) fn own() -> (TempDir, Db) {
    let directory = tempfile::tempdir().unwrap();
    let db = open(&options(&directory)).unwrap();
    (directory, db)
}

/// Options that open or create the database in that directory.
pub(super) fn options(directory: &TempDir) -> OpenOptions {
    let admin = UserName::parse("admin").unwrap();
    OpenOptions {
        path: directory.path().join("admin.db"),
        backups: directory.path().join("backups"),
        make_directory: false,
        server: None,
        accounts: initial_accounts(&admin, Timestamp::UNIX_EPOCH, &mut { random }),
        cursor_key: [7; 32],
        expected: Expected::Unknown,
        running: Running { session_cache: 900, notifier: None },
    }
}

/// The account tables of PhotoPrism, without the daemon's.
pub(super) fn photoprism() -> (TempDir, Db) {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(&directory);
    options.path = directory.path().join("index.db");
    let accounts = include_str!("migrations/0001/accounts.sql");
    let conn = rusqlite::Connection::open(&options.path).unwrap();
    conn.execute_batch(
        "CREATE TABLE migrations (id VARBINARY(16)); CREATE TABLE photos (id INTEGER);
         CREATE TABLE versions (id INTEGER PRIMARY KEY, version VARBINARY, edition VARBINARY);",
    )
    .unwrap();
    conn.execute_batch(&accounts.replace("VARCHAR", "VARBINARY")).unwrap();
    drop(conn);
    let db = open(&options).unwrap();
    (directory, db)
}

/// The plan of a statement, step by step.
pub(super) fn plan(db: &Db, statement: &str, values: &[Value<'_>]) -> String {
    let statement = format!("EXPLAIN QUERY PLAN {statement}");
    let statement = Statement::sqlite(&statement).own();
    db.all(statement, values, |row| row.text(3)).unwrap().join("\n")
}

/// Another connection to the same database, as those of readers are.
pub(super) fn another_connection(db: &Db) -> Db {
    open_for_reading(&Opened {
        path: db.path.clone(),
        backups: db.backups.clone(),
        server: None,
        kind: db.kind.clone(),
        identity: identity(&db.path),
        attached: db.columns.attached,
        foreign: false,
        running: db.running,
    })
    .unwrap()
}
