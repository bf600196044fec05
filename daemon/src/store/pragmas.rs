//! Settings of a connection, each read back.

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::error::StoreError;
use super::rows::text;

/// Capacity of the statement cache: more than the store has statements.
pub(super) const STATEMENTS: usize = 128;

/// SQLite's VFS that locks a file for this process alone: several connections of this process may use
/// it, and the index of its write-ahead log is in memory, so that there is no `-shm` file.
pub(super) const EXCLUSIVE_VFS: &str = "unix-excl";

/// SQLite's usual VFS, for a file that PhotoPrism uses at the same time.
pub(super) const SHARED_VFS: &str = "unix";

/// Bytes that a write-ahead log keeps of its file once it was written back: what short work fills
/// again and again, and not what a restore or an import once needed.
pub(super) const LOG_BYTES: &str = "16777216";

/// The same as a number.
pub(super) const LOG_LENGTH: u64 = 16_777_216;

/// Settings of both kinds: nothing in an untrusted file may make SQLite do more than it was asked
/// to, and plans must not depend on bound values, or SQLite plans most statements again each time.
pub(super) fn settings(conn: &Connection) -> Result<(), StoreError> {
    for (option, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
    ] {
        if conn.set_db_config(option, on)? != on {
            return Err(StoreError::Other("SQLite refused a setting".into()));
        }
    }
    pragma(conn, "trusted_schema", "0")?;
    pragma(conn, "foreign_keys", "1")?;
    pragma(conn, "secure_delete", "1")?;
    pragma(conn, "temp_store", "2")
}

pub(super) fn pragma(conn: &Connection, name: &str, value: &str) -> Result<(), StoreError> {
    check_pragma(conn, None, name, value)
}

/// Sets a pragma and reads it back: some are silently refused.
pub(super) fn check_pragma(
    conn: &Connection,
    schema: Option<&str>,
    name: &str,
    value: &str,
) -> Result<(), StoreError> {
    conn.pragma_update(schema, name, value)?;
    let actual = conn.pragma_query_value(schema, name, |row| text(row, 0))?;
    if actual.eq_ignore_ascii_case(value) {
        return Ok(());
    }
    Err(StoreError::Other(format!("PRAGMA {name} is {actual} instead of {value}")))
}

/// Whether the daemon's own file is there next to PhotoPrism's.
pub(super) fn is_attached(conn: &Connection) -> bool {
    conn.is_readonly("admin").is_ok()
}
