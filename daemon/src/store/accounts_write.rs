//! Changes to accounts. Only the columns that change are written.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{ToSql, params};

use super::accounts::differing;
use super::changed::watched;
use super::db::{Db, Tx};
use super::error::StoreError;
use super::kept::check_kept;
use super::times::format_stored;
use crate::model::Account;

/// Writes the columns that differ between two states of an account, and the time of the change.
/// What PhotoPrism stored in another form stays as it is where it does not change.
///
/// # Errors
/// The store's; [`StoreError::Other`] where the account is gone.
pub fn account_update(
    tx: &Tx<'_>,
    before: &Account,
    after: &Account,
    now: Timestamp,
) -> Result<(), StoreError> {
    let differing = differing(before, after);
    let columns = borrowed(&differing);
    check_kept(tx, "auth_users", &columns)?;
    let stored_now = format_stored(now);
    let mut statement = String::from("UPDATE auth_users SET updated_at = ?");
    let mut values: Vec<&dyn ToSql> = vec![&stored_now];
    let there = |column| tx.columns.has("auth_users", column);
    for (column, value) in columns.into_iter().filter(|(column, _)| there(column)) {
        statement = statement + ", " + column + " = ?";
        values.push(value);
    }
    values.push(&before.uid);
    statement += " WHERE user_uid = ?";
    watched(tx, &before.uid, now, || {
        one_row(tx.conn.prepare_cached(&statement)?.execute(&*values)?)
    })
}

/// Renames an account and updates its sessions, which are listed and searched by name.
pub fn account_rename(
    tx: &Tx<'_>,
    account: &Account,
    name: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    check_kept(tx, "auth_sessions", &[("user_name", &name)])?;
    account_update(tx, account, &Account { name: name.into(), ..account.clone() }, now)?;
    let statement = "UPDATE auth_sessions SET user_name = ?2 WHERE user_uid = ?1";
    tx.conn.prepare_cached(statement)?.execute([&account.uid, name])?;
    Ok(())
}

fn borrowed<'a>(values: &'a [(&'static str, Value)]) -> Vec<(&'static str, &'a dyn ToSql)> {
    values.iter().map(|(column, value)| (*column, value as &dyn ToSql)).collect()
}

/// Refuses a text that its column would return changed, among those that differ.
pub fn check_account_kept(db: &Db, before: &Account, after: &Account) -> Result<(), StoreError> {
    let differing = differing(before, after);
    let columns = borrowed(&differing);
    check_kept(db, "auth_users", &columns)
}

/// Marks an account as deleted.
pub fn account_delete(tx: &Tx<'_>, uid: &str, now: Timestamp) -> Result<(), StoreError> {
    set_deleted_at(tx, uid, Some(now), now)
}

/// Restores a deleted account.
pub fn account_undelete(tx: &Tx<'_>, uid: &str, now: Timestamp) -> Result<(), StoreError> {
    set_deleted_at(tx, uid, None, now)
}

fn set_deleted_at(
    tx: &Tx<'_>,
    uid: &str,
    deleted_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = "UPDATE auth_users SET deleted_at = ?2, updated_at = ?3 WHERE user_uid = ?1";
    let values = params![uid, deleted_at.map(format_stored), format_stored(now)];
    watched(tx, uid, now, || one_row(tx.conn.prepare_cached(statement)?.execute(values)?))
}

/// Stores when somebody logged in. The account itself did not change.
pub fn account_logged_in(tx: &Tx<'_>, uid: &str, now: Timestamp) -> Result<(), StoreError> {
    if !tx.columns.has("auth_users", "login_at") {
        return Ok(());
    }
    let statement = "UPDATE auth_users SET login_at = ?2 WHERE user_uid = ?1";
    one_row(tx.conn.prepare_cached(statement)?.execute([uid, &format_stored(now)])?)
}

fn one_row(rows: usize) -> Result<(), StoreError> {
    match rows {
        1 => Ok(()),
        rows => Err(StoreError::Other(format!("{rows} accounts changed instead of one"))),
    }
}

/// Deletes the two-factor key of an account; true if there was one.
pub fn passcodes_remove(tx: &Tx<'_>, uid: &str) -> Result<bool, StoreError> {
    if !tx.columns.has_table("passcodes") {
        return Ok(false);
    }
    Ok(tx.conn.prepare_cached("DELETE FROM passcodes WHERE uid = ?1")?.execute([uid])? > 0)
}
