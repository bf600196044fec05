//! Databases to try sentences on.

use jiff::Timestamp;
use photoprism_protocol::name::UserName;
use tempfile::TempDir;

use super::db::Db;
use super::expected::Expected;
use super::open::{OpenOptions, open};
use crate::accounts::first;

/// Our own database in a folder of its own, open; the folder goes with the guard.
pub(super) fn own() -> (TempDir, Db) {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&options(&folder)).unwrap();
    (folder, db)
}

/// What opens or makes the database in that folder.
pub(super) fn options(folder: &TempDir) -> OpenOptions {
    let admin = UserName::parse("admin").unwrap();
    OpenOptions {
        path: folder.path().join("admin.db"),
        make_folder: false,
        accounts: first::accounts(&admin, Timestamp::UNIX_EPOCH),
        cursor_key: [7; 32],
        expected: Expected::Unknown,
        session_cache: 900,
    }
}

/// The account tables of PhotoPrism and nothing of ours.
pub(super) fn photoprism() -> (TempDir, Db) {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(&folder);
    options.path = folder.path().join("index.db");
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
    (folder, db)
}
