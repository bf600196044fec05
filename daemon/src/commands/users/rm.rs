//! `users.rm` and `users.restore`.

use photoprism_protocol::users::{OneUser, RmResult, Target};

use super::guard::{ensure_not_system, ensure_other_super_admin};
use super::reload;
use super::taken::refuse_taken_auth_id;
use crate::commands::context::{Context, Outcome};
use crate::commands::find::{any_user, live_user};
use crate::commands::revoked::{effective_within, revoke};
use crate::commands::write::{Key, WriteResult, run_write};
use crate::error::CommandError;
use crate::model::{Change, FIRST_ADMIN_ID};
use crate::store::{Tx, account_delete, account_undelete};

/// Deletes an account; it can be restored. Its sessions and app passwords end for good.
pub(crate) fn rm(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    target: &Target,
) -> Result<Outcome, CommandError> {
    run_write(tx, context, key, || {
        let row = live_user(tx, &target.user)?;
        ensure_not_system(&row)?;
        if row.id == FIRST_ADMIN_ID {
            return Err(CommandError::Conflict(
                "the first admin cannot be deleted; take its rights away instead".into(),
            ));
        }
        ensure_other_super_admin(tx, context, &row)?;
        account_delete(tx, &row.uid, context.now)?;
        let (sessions_revoked, ended) = revoke(tx, &row, Change::Deleted, context.now)?;
        let (user, changed) = reload(tx, context, &row.uid)?;
        let effective_within_s = effective_within(tx, sessions_revoked);
        let result = RmResult { user, sessions_revoked, effective_within_s };
        let written =
            WriteResult::new(row.uid, &result)?.with_effects(ended).with_effects([changed]);
        Ok(written.with_cache_warning(effective_within_s))
    })
}

/// Brings a deleted account back; one that is not deleted stays as it is.
pub(crate) fn restore(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    target: &Target,
) -> Result<Outcome, CommandError> {
    run_write(tx, context, key, || {
        let row = any_user(tx, &target.user)?;
        ensure_not_system(&row)?;
        if row.is_deleted() {
            refuse_taken_auth_id(tx, &row)?;
            account_undelete(tx, &row.uid, context.now)?;
        }
        let (user, changed) = reload(tx, context, &row.uid)?;
        Ok(WriteResult::new(row.uid, &OneUser { user })?.with_effects([changed]))
    })
}
