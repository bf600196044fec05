//! SQLite, through rusqlite.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::ffi::ErrorCode;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, TransactionState, params_from_iter};

use super::Connection;
use super::stored::Stored;
use super::value::Value;
use crate::store::error::StoreError;
use crate::store::times::format_stored;

/// Steps of SQLite's virtual machine between two counts of progress: well below a millisecond.
const PROGRESS_STEPS: i32 = 10_000;

/// A connection.
#[derive(Debug)]
pub(in crate::store) struct Sqlite(rusqlite::Connection);

impl From<rusqlite::Connection> for Connection {
    fn from(connection: rusqlite::Connection) -> Self {
        Self::Sqlite(Sqlite(connection))
    }
}

impl Connection {
    /// For what only SQLite has: files, and what is attached to them.
    ///
    /// # Errors
    /// It is another engine.
    pub(in crate::store) fn sqlite(&self) -> Result<&rusqlite::Connection, StoreError> {
        match self {
            Self::Sqlite(Sqlite(connection)) => Ok(connection),
            Self::MariaDb(_) => Err(StoreError::Other("a server has no such files".into())),
        }
    }
}

/// Counts up while a statement of that connection runs.
pub(in crate::store) fn count_progress(
    connection: &mut rusqlite::Connection,
    turns: &Arc<AtomicU64>,
) -> Result<(), StoreError> {
    let turns = Arc::clone(turns);
    let count = move || {
        turns.fetch_add(1, Ordering::Relaxed);
        false
    };
    Ok(connection.progress_handler(PROGRESS_STEPS, Some(count))?)
}

impl Sqlite {
    pub(super) fn prepare_once(&self, text: &str) -> Result<SqliteStatement<'_>, StoreError> {
        Ok(SqliteStatement(self.0.prepare_cached(text)?))
    }

    pub(super) fn count_progress(&mut self, turns: &Arc<AtomicU64>) -> Result<(), StoreError> {
        count_progress(&mut self.0, turns)
    }

    pub(super) fn version(&self, attached: bool) -> Result<Version, StoreError> {
        let of = |text: &str| -> Result<i64, StoreError> {
            Ok(self.0.prepare_cached(text)?.query_row([], |row| row.get(0))?)
        };
        let own = if attached { of("PRAGMA admin.data_version")? } else { 0 };
        let files = [of("PRAGMA main.data_version")?, own];
        Ok(Version { changes: self.0.total_changes(), files })
    }

    pub(super) fn has_written(&self) -> Result<bool, StoreError> {
        Ok(self.0.transaction_state(None::<&str>)? == TransactionState::Write)
    }

    pub(super) fn in_transaction(&self) -> bool {
        !self.0.is_autocommit()
    }

    pub(super) fn close(self) -> Result<(), StoreError> {
        self.0.close().map_err(|(_, error)| error.into())
    }
}

/// Changes by this connection, and changes of each file by others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Version {
    changes: u64,
    files: [i64; 2],
}

impl Version {
    /// One that equals no other with another number.
    pub(super) const fn unknown(number: u64) -> Self {
        Self { changes: number, files: [-1; 2] }
    }
}

/// A prepared statement; it goes back to the connection's cache.
pub(in crate::store) struct SqliteStatement<'a>(CachedStatement<'a>);

impl SqliteStatement<'_> {
    pub(super) fn query(&mut self, values: &[Value<'_>]) -> Result<SqliteRows<'_>, StoreError> {
        Ok(SqliteRows(self.0.query(params_from_iter(values))?))
    }

    pub(super) fn change(&mut self, values: &[Value<'_>]) -> Result<u64, StoreError> {
        Ok(self.0.execute(params_from_iter(values))? as u64)
    }
}

/// Rows that are read one by one.
pub(in crate::store) struct SqliteRows<'a>(rusqlite::Rows<'a>);

impl SqliteRows<'_> {
    pub(super) fn next(&mut self) -> Result<Option<SqliteRow<'_>>, StoreError> {
        Ok(self.0.next()?.map(SqliteRow))
    }
}

/// The row that was read last.
#[derive(Clone, Copy)]
pub(in crate::store) struct SqliteRow<'a>(&'a rusqlite::Row<'a>);

impl SqliteRow<'_> {
    pub(super) fn stored(&self, column: usize) -> Result<Stored<'_>, StoreError> {
        Ok(self.0.get_ref(column)?.into())
    }
}

impl<'a> From<ValueRef<'a>> for Stored<'a> {
    fn from(value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Text(bytes) => Self::Text(bytes),
            ValueRef::Blob(bytes) => Self::Bytes(bytes),
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, rusqlite::Error> {
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Integer(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
            Self::Real(number) => ToSqlOutput::Borrowed(ValueRef::Real(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::TextBytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Text(bytes)),
            Self::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Self::Time(instant) => format_stored(*instant).into(),
            Self::Flag(flag) => ToSqlOutput::Borrowed(ValueRef::Integer(i64::from(*flag))),
        })
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        let rusqlite::Error::SqliteFailure(failure, _) = error else {
            return Self::Other(text);
        };
        match (failure.code, failure.extended_code) {
            (_, rusqlite::ffi::SQLITE_IOERR_FSYNC | rusqlite::ffi::SQLITE_IOERR_DIR_FSYNC) => {
                Self::Sync(text)
            }
            (ErrorCode::DiskFull, _)
            | (_, rusqlite::ffi::SQLITE_IOERR_WRITE | rusqlite::ffi::SQLITE_IOERR_TRUNCATE) => {
                Self::Full(text)
            }
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Self::Locked(text),
            (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _) => Self::Damaged(text),
            (ErrorCode::ReadOnly | ErrorCode::CannotOpen, _) => Self::ReadOnly(text),
            (ErrorCode::ConstraintViolation, _) => Self::Constraint(text),
            (ErrorCode::TooBig, _) => Self::TooBig(text),
            _ => Self::Other(text),
        }
    }
}
