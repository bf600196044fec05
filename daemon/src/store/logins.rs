//! `audit_logins`: one row for each address, name and realm, updated by each attempt.

use jiff::Timestamp;
use photoprism_protocol::name::UserName;

use super::db::{Db, Tx};
use super::engine::{Row, Statement, Value};
use super::error::StoreError;

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

const SUCCEEDED: Statement<'_> = Statement::same(
    "UPDATE logins.audit_logins SET login_status = ?4, error_message = '', error_repeated = 0,
       client_browser = ?5, login_at = ?6, banned_at = NULL, updated_at = ?6
     WHERE client_ip = ?1 AND login_name = ?2 AND login_realm = ?3",
)
.own();

const FIRST_SUCCESS: Statement<'_> = Statement::same(
    "INSERT INTO logins.audit_logins (client_ip, login_name, login_realm, login_status,
       error_message, error_repeated, client_browser, login_at, created_at, updated_at)
     VALUES (?1, ?2, ?3, ?4, '', 0, ?5, ?6, ?6, ?6)",
)
.own();

const FAILED: Statement<'_> = Statement::same(
    "UPDATE logins.audit_logins SET login_status = ?4, client_browser = ?5, error_message = ?7,
       error_repeated = coalesce(error_repeated, 0) + 1, failed_at = ?6,
       banned_at = coalesce(?8, banned_at), updated_at = ?6
     WHERE client_ip = ?1 AND login_name = ?2 AND login_realm = ?3",
)
.own();

const FIRST_FAILURE: Statement<'_> = Statement::same(
    "INSERT INTO logins.audit_logins (client_ip, login_name, login_realm, login_status,
       error_message, error_repeated, client_browser, failed_at, banned_at, created_at, updated_at)
     VALUES (?1, ?2, ?3, ?4, ?7, 1, ?5, ?6, ?8, ?6, ?6)",
)
.own();

const LOGGED_IN: Statement<'_> = Statement::same(
    "UPDATE logins.audit_logins SET login_at = ?4
     WHERE client_ip = ?1 AND login_name = ?2 AND login_realm = ?3",
)
.own();

/// The limiter ignores realms: its refusals may be on the row of another one.
const UNBAN: Statement<'_> = Statement::same(
    "UPDATE logins.audit_logins SET banned_at = NULL
     WHERE client_ip = ?1 AND login_name = ?2 AND banned_at IS NOT NULL",
)
.own();

const REFUSED: Statement<'_> = Statement::same(
    "UPDATE logins.audit_logins SET login_status = ?4, error_message = '',
       error_repeated = coalesce(error_repeated, 0) + ?5, failed_at = ?6, banned_at = ?6,
       updated_at = ?6
     WHERE client_ip = ?1 AND login_name = ?2 AND coalesce(login_realm, '') = ?3",
)
.own();

const FIRST_REFUSAL: Statement<'_> = Statement::same(
    "INSERT INTO logins.audit_logins (client_ip, login_name, login_realm, login_status,
       error_repeated, failed_at, banned_at, created_at, updated_at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6, ?6)",
)
.own();

const REALM: Statement<'_> = Statement::same(
    "SELECT coalesce(login_realm, '') FROM logins.audit_logins WHERE client_ip = ?1 AND login_name = ?2
     ORDER BY login_realm <> ?3, updated_at DESC, login_realm LIMIT 1",
)
.own();

/// Records an attempt on its row: a success clears what failures left there, a failure counts up.
pub fn login_record(tx: &Tx<'_>, attempt: &Attempt<'_>) -> Result<(), StoreError> {
    let name = recorded_name(attempt.name);
    let (status, error, failed) = match attempt.status {
        AttemptStatus::Ok => (LOGIN_OK, "", false),
        AttemptStatus::Failed { reason, error } => (reason, error, true),
    };
    let values = [
        cut(attempt.client_ip, KEY_CHARS).into(),
        (&name).into(),
        cut(attempt.realm, KEY_CHARS).into(),
        cut(status, STATUS_CHARS).into(),
        cut(attempt.user_agent, LONG_CHARS).into(),
        attempt.now.into(),
        cut(error, LONG_CHARS).into(),
        attempt.banned.then_some(attempt.now).into(),
    ];
    if failed {
        return tx.change_or_add([FAILED, FIRST_FAILURE], &values);
    }
    tx.change_or_add([SUCCEEDED, FIRST_SUCCESS], &values[..6])?;
    tx.change(UNBAN, &values[..2]).map(drop)
}

/// Records successes that were not written one by one; the attempt is the latest of them. A row that
/// has seen a later attempt since, keeps its result and gains that login alone.
pub fn login_gathered(tx: &Tx<'_>, attempt: &Attempt<'_>) -> Result<(), StoreError> {
    let name = recorded_name(attempt.name);
    let key = [
        cut(attempt.client_ip, KEY_CHARS).into(),
        (&name).into(),
        cut(attempt.realm, KEY_CHARS).into(),
    ];
    let statement = format!(
        "SELECT updated_at, login_at FROM logins.audit_logins
         WHERE client_ip = ?1 AND login_name = ?2 AND login_realm = ?3{}",
        tx.row_lock()
    );
    let times = |row: &Row<'_>| Ok((row.time(0)?, row.time(1)?));
    let found = tx.one(Statement::same(&statement).own(), &key, times)?;
    // Rows have whole seconds.
    let is_past = |known: Option<Timestamp>| {
        known.is_none_or(|known| known.as_second() < attempt.now.as_second())
    };
    match found {
        Some((updated_at, login_at)) if !is_past(updated_at) => {
            let [ip, name, realm] = key;
            let values = [ip, name, realm, attempt.now.into()];
            if is_past(login_at) { tx.change(LOGGED_IN, &values).map(drop) } else { Ok(()) }
        }
        _ => login_record(tx, attempt),
    }
}

/// Counts refused attempts on the row of that address and name, preferring that realm; without one,
/// on the address's single row with the name `*`, so that invented names add no rows.
pub fn login_refused(tx: &Tx<'_>, refusal: &Refusal<'_>) -> Result<(), StoreError> {
    let ip = cut(refusal.client_ip, KEY_CHARS).into();
    let name = recorded_name(refusal.name);
    let rest = [REFUSED_STATUS.into(), refusal.count.into(), refusal.now.into()];
    let of = |name, realm| [ip, name, realm, rest[0], rest[1], rest[2]];
    let preferred = [ip, (&name).into(), cut(refusal.realm, KEY_CHARS).into()];
    let realm = tx.one(REALM, &preferred, |row| row.kept(0))?;
    if let Some(realm) = &realm
        && tx.change(REFUSED, &of((&name).into(), realm.into()))? > 0
    {
        return Ok(());
    }
    let elsewhere = of(REFUSED_NAME.into(), REFUSED_REALM.into());
    tx.change_or_add([REFUSED, FIRST_REFUSAL], &elsewhere)
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
    let delete = |which: &str, values: &[Value<'_>]| {
        let statement = format!("DELETE FROM logins.audit_logins {which}");
        tx.change(Statement::same(&statement).own(), values)
    };
    match (name.map(recorded_name), client_ip) {
        (None, None) => delete("", &[]),
        (Some(name), None) => delete("WHERE login_name = ?1", &[(&name).into()]),
        (None, Some(ip)) => delete("WHERE client_ip = ?1", &[ip.into()]),
        (Some(name), Some(ip)) => {
            delete("WHERE login_name = ?1 AND client_ip = ?2", &[(&name).into(), ip.into()])
        }
    }
}

/// How many rows there are beyond `most`. With a million of them counting takes some ten
/// milliseconds.
pub fn logins_excess(db: &Db, most: u64) -> Result<u64, StoreError> {
    if !db.columns.has_logins() {
        return Ok(0);
    }
    let rows = db.number(Statement::same("SELECT count(*) FROM logins.audit_logins").own(), &[])?;
    Ok(rows.saturating_sub(most))
}

/// Removes so many rows, first the oldest of those that never logged in, then the oldest of all;
/// at most `PRUNE_ROWS` in one step. Returns their number.
pub fn logins_prune(tx: &Tx<'_>, excess: u64) -> Result<u64, StoreError> {
    if !tx.columns.has_logins() {
        return Ok(0);
    }
    let excess = excess.min(PRUNE_ROWS);
    let same = tx.dialect().same();
    let delete = format!(
        "DELETE FROM logins.audit_logins
         WHERE client_ip {same} ?1 AND login_name {same} ?2 AND login_realm {same} ?3"
    );
    let mut delete = tx.prepare(Statement::same(&delete).own())?;
    let mut removed = 0;
    for which in ["WHERE login_at IS NULL", ""] {
        let oldest = format!(
            "SELECT client_ip, login_name, login_realm FROM logins.audit_logins {which}
             ORDER BY updated_at LIMIT ?1"
        );
        let left = [(excess - removed).into()];
        let keys = tx.all(Statement::same(&oldest).own(), &left, |row| {
            Ok([row.kept(0)?, row.kept(1)?, row.kept(2)?])
        })?;
        for key in &keys {
            removed += delete.change(&key.each_ref().map(Value::from))?;
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests;
