//! The schema of the daemon's own database, step by step. A released step is never edited.

use rusqlite::Connection;

use super::error::StoreError;

/// The step from schema N to N + 1 is at index N.
pub(super) const STEPS: [&str; 2] = [
    concat!(
        include_str!("migrations/0001/accounts.sql"),
        include_str!("migrations/0001/logins.sql"),
        include_str!("migrations/0001/admin.sql"),
    ),
    concat!(
        include_str!("migrations/0002/accounts.sql"),
        include_str!("migrations/0002/logins.sql"),
    ),
];

/// The login records, for PhotoPrism's database.
pub(super) const LOGINS: &str = include_str!("migrations/0001/logins.sql");

/// What a later step added to them.
pub(super) const LOGINS_INDEXES: &str = include_str!("migrations/0002/logins.sql");

/// Those of the daemon's own tables that are missing.
pub(super) const ADMIN: &str = include_str!("migrations/0001/admin.sql");

/// Tables that only PhotoPrism's database needs.
pub(super) const ENDED: &str = include_str!("migrations/0001/ended.sql");

/// The schema that this daemon writes.
#[expect(clippy::cast_possible_truncation, reason = "a handful of steps")]
pub const SCHEMA_VERSION: u32 = STEPS.len() as u32;

/// Marks a database as the daemon's own: "PPAD".
pub(super) const APPLICATION_ID: i64 = 0x5050_4144;

/// Marks a backup of the account tables as the daemon's: "PPBK".
pub(super) const BACKUP_ID: i64 = 0x5050_424B;

/// Marks the file with the daemon's own tables next to PhotoPrism's: "PPAT".
pub(super) const OWN_TABLES_ID: i64 = 0x5050_4154;

/// Bytes of the key for cursors and idempotency fingerprints.
pub const CURSOR_KEY_BYTES: usize = 32;

/// Writes the application id into a file that lacks it, with the schema that its table names: a dump
/// that another SQLite loaded has neither in its header.
pub(super) fn mark(conn: &Connection, found: u32) -> Result<(), StoreError> {
    let id: i64 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id == APPLICATION_ID {
        return Ok(());
    }
    let set = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {found}");
    conn.execute_batch(&format!("BEGIN IMMEDIATE; {set}; COMMIT"))?;
    Ok(())
}

/// Migrates the schema from `from` by one of `steps`, inside the caller's transaction.
pub(super) fn step(conn: &Connection, steps: &[&str], from: u32) -> Result<u32, StoreError> {
    let statements = steps
        .get(from as usize)
        .ok_or_else(|| StoreError::Other(format!("there is no step after schema {from}")))?;
    let to = from + 1;
    conn.execute_batch(statements)?;
    conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    conn.pragma_update(None, "user_version", to)?;
    conn.execute(
        "INSERT INTO admin_meta (key, value) VALUES ('schema_version', ?1)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [to],
    )?;
    Ok(to)
}
