//! Changes to accounts. Only the columns that change are written.

use jiff::Timestamp;

use super::accounts::differing;
use super::changed::{has_same_rights, remember};
use super::db::{Db, Tx};
use super::engine::{Statement, Value, places};
use super::error::StoreError;
use super::kept::check_kept;
use crate::model::Account;

/// Writes the columns that differ between two states of an account, of which it is in the first, and the
/// time of the change.
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
    check_kept(tx, "auth_users", &differing)?;
    let mut set = String::from("updated_at = ?2");
    let mut values: Vec<Value<'_>> = vec![(&before.uid).into(), now.into()];
    let there = |column| tx.columns.has("auth_users", column);
    for (column, value) in differing.into_iter().filter(|(column, _)| there(column)) {
        values.push(value);
        set = format!("{set}, {column} = ?{}", values.len());
    }
    let statement = format!("UPDATE auth_users SET {set} WHERE user_uid = ?1");
    one_row(tx.change(Statement::same(&statement), &values)?)?;
    if has_same_rights(before, after) { Ok(()) } else { remember(tx, before, now) }
}

/// Renames an account and updates its sessions, which are listed and searched by name.
pub fn account_rename(
    tx: &Tx<'_>,
    account: &Account,
    name: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    check_kept(tx, "auth_sessions", &[("user_name", name.into())])?;
    account_update(tx, account, &Account { name: name.into(), ..account.clone() }, now)?;
    let statement = Statement::same("UPDATE auth_sessions SET user_name = ?2 WHERE user_uid = ?1");
    tx.change(statement, &[(&account.uid).into(), name.into()]).map(drop)
}

/// Refuses a text that its column would return changed, among those that differ.
pub fn check_account_kept(db: &Db, before: &Account, after: &Account) -> Result<(), StoreError> {
    check_kept(db, "auth_users", &differing(before, after))
}

/// Marks an account, as it is in the database, as deleted.
pub fn account_delete(tx: &Tx<'_>, account: &Account, now: Timestamp) -> Result<(), StoreError> {
    set_deleted_at(tx, account, Some(now), now)
}

/// Marks accounts as deleted by one statement. What that did to their rights is stored by
/// `remember_accounts`.
///
/// # Errors
/// The store's; [`StoreError::Other`] where one of them is gone.
pub fn accounts_delete(
    tx: &Tx<'_>,
    accounts: &[&Account],
    now: Timestamp,
) -> Result<(), StoreError> {
    if accounts.is_empty() {
        return Ok(());
    }
    let statement = format!(
        "UPDATE auth_users SET deleted_at = ?1, updated_at = ?1 WHERE user_uid IN ({})",
        places(2, accounts.len())
    );
    let uids = accounts.iter().map(|account| Value::from(&account.uid));
    let values: Vec<Value<'_>> = [now.into()].into_iter().chain(uids).collect();
    let changed = tx.change(Statement::same(&statement), &values)?;
    all_rows(changed, accounts.len())
}

/// Restores a deleted account.
pub fn account_undelete(tx: &Tx<'_>, account: &Account, now: Timestamp) -> Result<(), StoreError> {
    set_deleted_at(tx, account, None, now)
}

fn set_deleted_at(
    tx: &Tx<'_>,
    account: &Account,
    deleted_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = Statement::same(
        "UPDATE auth_users SET deleted_at = ?2, updated_at = ?3 WHERE user_uid = ?1",
    );
    let values = [(&account.uid).into(), deleted_at.into(), now.into()];
    one_row(tx.change(statement, &values)?)?;
    remember(tx, account, now)
}

/// Stores when somebody logged in. The account itself did not change.
pub fn account_logged_in(tx: &Tx<'_>, uid: &str, now: Timestamp) -> Result<(), StoreError> {
    if !tx.columns.has("auth_users", "login_at") {
        return Ok(());
    }
    let statement = Statement::same("UPDATE auth_users SET login_at = ?2 WHERE user_uid = ?1");
    one_row(tx.change(statement, &[uid.into(), now.into()])?)
}

fn one_row(rows: u64) -> Result<(), StoreError> {
    all_rows(rows, 1)
}

fn all_rows(rows: u64, wanted: usize) -> Result<(), StoreError> {
    if rows == wanted as u64 {
        return Ok(());
    }
    Err(StoreError::Other(format!("{rows} accounts changed instead of {wanted}")))
}

/// Deletes the two-factor key of an account; true if there was one.
pub fn passcodes_remove(tx: &Tx<'_>, uid: &str) -> Result<bool, StoreError> {
    if !tx.columns.has_table("passcodes") {
        return Ok(false);
    }
    let statement = Statement::same("DELETE FROM passcodes WHERE uid = ?1");
    Ok(tx.change(statement, &[uid.into()])? > 0)
}
