//! Rules over other accounts: the system rows, and the last super admin.

use crate::commands::find::live_user;
use crate::commands::request::Context;
use crate::error::CommandError;
use crate::model::{Account, effective_rights};
use crate::store::{Tx, other_super_admin};

/// The account that a command is to change: not a deleted one, and not one of the system rows.
pub(in crate::commands) fn user_to_change(
    tx: &Tx<'_>,
    user: &str,
) -> Result<Account, CommandError> {
    let account = live_user(tx, user)?;
    ensure_changeable(&account)?;
    Ok(account)
}

/// Refuses to change the rows that PhotoPrism relies on, and an account of PhotoPrism's without a
/// UID: its rows in all tables are those of every other account without one.
pub(super) fn ensure_changeable(account: &Account) -> Result<(), CommandError> {
    if account.is_system() {
        return Err(CommandError::Conflict(
            "this is a system account, it cannot be changed".into(),
        ));
    }
    if account.uid.is_empty() {
        let why = "this account has no UID, so that its rows cannot be distinguished from others'; \
                   give it one in PhotoPrism's database";
        return Err(CommandError::Conflict(why.into()));
    }
    Ok(())
}

/// Refuses a change after which no super admin could log in.
pub(in crate::commands) fn ensure_other_super_admin(
    tx: &Tx<'_>,
    context: &Context,
    account: &Account,
) -> Result<(), CommandError> {
    let edition = tx.kind().edition();
    let counts = account.super_admin && effective_rights(account, edition, context.now).may_login;
    if !counts || other_super_admin(tx, account.id, context.now)? {
        return Ok(());
    }
    Err(CommandError::Conflict(
        "this is the last super admin who may log in; make another one first".into(),
    ))
}
