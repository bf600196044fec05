//! `audit_logins`: one row for each address, name and realm, updated by each attempt.

use jiff::Timestamp;
use photoprism_protocol::name::UserName;
use rusqlite::{ToSql, params};

use super::db::{Db, Tx};
use super::error::StoreError;
use super::times::format_stored;

/// The status of a success.
pub const LOGIN_OK: &str = "OK";

/// The name of the row that counts refusals of the limiter for names without a row.
pub const REFUSED_NAME: &str = "*";

/// The realm of that row: an address has only one of them, whatever the realm of the attempts.
pub const REFUSED_REALM: &str = "api";

const REFUSED_STATUS: &str = "rate limited";

const KEY_CHARS: usize = 64;
const STATUS_CHARS: usize = 32;
const LONG_CHARS: usize = 512;

/// Rows that one step of [`logins_prune`] removes at most: a few milliseconds.
const PRUNE_ROWS: u64 = 250;

/// Result of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptStatus<'a> {
    /// It succeeded.
    Ok,
    /// It failed.
    Failed {
        /// The status, at most 32 characters of it.
        reason: &'a str,
        /// More about it, or `""`; at most 512 characters of it.
        error: &'a str,
    },
}

/// An attempt. Texts that are too long for their columns are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// Address in its normal form.
    pub client_ip: &'a str,
    /// Name as it was given.
    pub name: &'a str,
    /// What was logged in to.
    pub realm: &'a str,
    /// Its result.
    pub status: AttemptStatus<'a>,
    /// Browser or app, or `""`.
    pub user_agent: &'a str,
    /// The limiter refused it.
    pub banned: bool,
    pub now: Timestamp,
}

/// Attempts of one address and name that the limiter refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// Address in its normal form.
    pub client_ip: &'a str,
    /// Name as it was given.
    pub name: &'a str,
    /// What was logged in to.
    pub realm: &'a str,
    /// How many there were.
    pub count: u64,
    /// The last of them.
    pub now: Timestamp,
}

/// A name as it is recorded: trimmed, in lower case, cut at 64 characters.
pub fn recorded_name(name: &str) -> String {
    cut(&UserName::lookup_form(name), KEY_CHARS).to_owned()
}

/// The first characters of a text.
fn cut(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or(text, |(end, _)| &text[..end])
}

/// Records an attempt on its row: a success clears what failures left there, a failure counts up.
pub fn login_record(tx: &Tx<'_>, attempt: &Attempt<'_>) -> Result<(), StoreError> {
    let (status, error, failed) = match attempt.status {
        AttemptStatus::Ok => (LOGIN_OK, "", false),
        AttemptStatus::Failed { reason, error } => (reason, error, true),
    };
    let now = format_stored(attempt.now);
    let failed_at = failed.then_some(&now);
    let banned_at = failed_at.filter(|_| attempt.banned);
    tx.prepare_own(
        "INSERT INTO logins.audit_logins (client_ip, login_name, login_realm, login_status,
               error_message, error_repeated, client_browser, login_at, failed_at, banned_at,
               created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, iif(?6, NULL, ?10), ?8, ?9, ?10, ?10)
             ON CONFLICT (client_ip, login_name, login_realm) DO UPDATE SET
               login_status = excluded.login_status,
               error_message = excluded.error_message,
               error_repeated = iif(?6, coalesce(error_repeated, 0) + 1, 0),
               client_browser = excluded.client_browser,
               login_at = coalesce(excluded.login_at, login_at),
               failed_at = coalesce(excluded.failed_at, failed_at),
               banned_at = iif(?6, coalesce(excluded.banned_at, banned_at), NULL),
               updated_at = excluded.updated_at",
    )?
    .execute(params![
        cut(attempt.client_ip, KEY_CHARS),
        recorded_name(attempt.name),
        cut(attempt.realm, KEY_CHARS),
        cut(status, STATUS_CHARS),
        cut(error, LONG_CHARS),
        failed,
        cut(attempt.user_agent, LONG_CHARS),
        failed_at,
        banned_at,
        now,
    ])?;
    if failed { Ok(()) } else { unban(tx, attempt) }
}

/// The limiter ignores realms: its refusals may be on the row of another one.
fn unban(tx: &Tx<'_>, attempt: &Attempt<'_>) -> Result<(), StoreError> {
    tx.prepare_own(
        "UPDATE logins.audit_logins SET banned_at = NULL
             WHERE client_ip = ?1 AND login_name = ?2 AND banned_at IS NOT NULL",
    )?
    .execute(params![cut(attempt.client_ip, KEY_CHARS), recorded_name(attempt.name)])?;
    Ok(())
}

/// Counts refused attempts on the row of that address and name, preferring that realm; without one,
/// on the address's single row with the name `*`, so that invented names add no rows.
pub fn login_refused(tx: &Tx<'_>, refusal: &Refusal<'_>) -> Result<(), StoreError> {
    let client_ip = cut(refusal.client_ip, KEY_CHARS);
    let count = i64::try_from(refusal.count).unwrap_or(i64::MAX);
    let now = format_stored(refusal.now);
    let counted = tx
        .prepare_own(
            "UPDATE logins.audit_logins SET login_status = ?4, error_message = '',
               error_repeated = coalesce(error_repeated, 0) + ?5,
               failed_at = ?6, banned_at = ?6, updated_at = ?6
             WHERE rowid = (SELECT rowid FROM logins.audit_logins
               WHERE client_ip = ?1 AND login_name = ?2
               ORDER BY login_realm <> ?3, updated_at DESC, login_realm LIMIT 1)",
        )?
        .execute(params![
            client_ip,
            recorded_name(refusal.name),
            cut(refusal.realm, KEY_CHARS),
            REFUSED_STATUS,
            count,
            now,
        ])?;
    if counted == 0 {
        refused_elsewhere(tx, client_ip, count, &now)?;
    }
    Ok(())
}

fn refused_elsewhere(
    tx: &Tx<'_>,
    client_ip: &str,
    count: i64,
    now: &str,
) -> Result<(), StoreError> {
    tx.prepare_own(
        "INSERT INTO logins.audit_logins (client_ip, login_name, login_realm, login_status,
               error_repeated, failed_at, banned_at, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6, ?6)
             ON CONFLICT (client_ip, login_name, login_realm) DO UPDATE SET
               login_status = excluded.login_status, error_message = '',
               error_repeated = coalesce(error_repeated, 0) + excluded.error_repeated,
               failed_at = excluded.failed_at, banned_at = excluded.banned_at,
               updated_at = excluded.updated_at",
    )?
    .execute(params![client_ip, REFUSED_NAME, REFUSED_REALM, REFUSED_STATUS, count, now])?;
    Ok(())
}

/// Removes the records of a name, of an address (only that one, not its /64), those that match
/// both, or all, and returns their number; nothing if the table is missing.
pub fn logins_clear(
    tx: &Tx<'_>,
    name: Option<&str>,
    client_ip: Option<&str>,
) -> Result<u64, StoreError> {
    if !tx.columns.has_logins() {
        return Ok(0);
    }
    let delete = |which: &str, params: &[&dyn ToSql]| -> Result<u64, StoreError> {
        let statement = format!("DELETE FROM logins.audit_logins {which}");
        Ok(tx.prepare_own(&statement)?.execute(params)? as u64)
    };
    match (name.map(recorded_name), client_ip) {
        (None, None) => delete("", &[]),
        (Some(name), None) => delete("WHERE login_name = ?1", &[&name]),
        (None, Some(ip)) => delete("WHERE client_ip = ?1", &[&ip]),
        (Some(name), Some(ip)) => delete("WHERE login_name = ?1 AND client_ip = ?2", &[&name, &ip]),
    }
}

/// How many rows there are beyond `most`. With a million of them counting takes some ten
/// milliseconds.
pub fn logins_excess(db: &Db, most: u64) -> Result<u64, StoreError> {
    if !db.columns.has_logins() {
        return Ok(0);
    }
    let rows = db
        .prepare_own("SELECT count(*) FROM logins.audit_logins")?
        .query_row([], |row| super::rows::count(row, 0))?;
    Ok(rows.saturating_sub(most))
}

/// Removes so many rows, first the oldest of those that never logged in, then the oldest of all;
/// at most `PRUNE_ROWS` in one step. Returns their number.
pub fn logins_prune(tx: &Tx<'_>, excess: u64) -> Result<u64, StoreError> {
    if !tx.columns.has_logins() {
        return Ok(0);
    }
    let excess = excess.min(PRUNE_ROWS);
    let mut removed = 0;
    for which in ["WHERE login_at IS NULL", ""] {
        let left = i64::try_from(excess - removed).unwrap_or(i64::MAX);
        if left > 0 {
            let statement = format!(
                "DELETE FROM logins.audit_logins WHERE rowid IN (SELECT rowid FROM logins.audit_logins {which}
                   ORDER BY updated_at LIMIT ?1)"
            );
            removed += tx.prepare_own(&statement)?.execute([left])? as u64;
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests;
