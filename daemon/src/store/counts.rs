//! How many rows there are of each kind.

use super::db::Db;
use super::error::StoreError;
use super::rows::count;
use super::sessions::hidden_sessions;

/// Rows by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accounts that are not deleted, without the system rows.
    pub users: u64,
    /// Deleted accounts.
    pub deleted: u64,
    /// Sessions.
    pub sessions: u64,
    /// Login records.
    pub logins: u64,
}

/// Counts the rows of each kind.
pub fn counts(db: &Db) -> Result<Counts, StoreError> {
    let number = |statement: &str| -> Result<u64, StoreError> {
        Ok(db.conn.prepare_cached(statement)?.query_row([], |row| count(row, 0))?)
    };
    // The `+` keeps SQLite at the index of deletions: by the row id it would read every account.
    let deleted =
        number("SELECT count(*) FROM auth_users WHERE deleted_at IS NOT NULL AND +id > 0")?;
    // The system rows are two, and never deleted: counting all is counting an index.
    let all = number("SELECT count(*) FROM auth_users")?;
    let system = number("SELECT count(*) FROM auth_users WHERE id <= 0")?;
    let logins = if db.columns.logins {
        db.prepare_own("SELECT count(*) FROM logins.audit_logins")?
            .query_row([], |row| count(row, 0))?
    } else {
        0
    };
    Ok(Counts {
        users: all.saturating_sub(system).saturating_sub(deleted),
        deleted,
        sessions: number("SELECT count(*) FROM auth_sessions")?
            .saturating_sub(hidden_sessions(db)?),
        logins,
    })
}
