//! Rules over other accounts: the system rows, and the last super admin.

use crate::accounts::account::EffectiveRights;
use crate::error::CommandError;
use crate::handlers::context::Context;
use crate::store::{Tx, UserRow, other_super_admin};

/// Refuses to change the rows that PhotoPrism relies on.
pub(in crate::handlers) fn ensure_not_system(row: &UserRow) -> Result<(), CommandError> {
    if row.id > 0 {
        return Ok(());
    }
    Err(CommandError::Conflict("this is a system account, it cannot be changed".into()))
}

/// Refuses a change after which no super admin could log in.
pub(in crate::handlers) fn ensure_other_super_admin(
    tx: &Tx<'_>,
    context: &Context,
    row: &UserRow,
) -> Result<(), CommandError> {
    let counts = row.super_admin && EffectiveRights::of(row, tx.kind(), context.now).may_login;
    if !counts || other_super_admin(tx, row.id)? {
        return Ok(());
    }
    Err(CommandError::Conflict(
        "this is the last super admin who may log in; make another one first".into(),
    ))
}
