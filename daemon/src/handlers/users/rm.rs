//! `users.rm` and `users.restore`.

use photoprism_protocol::users::{OneUser, RmResult, Target};

use super::guard::{ensure_not_system, ensure_other_super_admin};
use super::reload;
use super::taken::refuse_taken_auth_id;
use crate::accounts::account::is_deleted;
use crate::accounts::bootstrap::FIRST_ADMIN_ID;
use crate::accounts::times;
use crate::effect::Effect;
use crate::error::CommandError;
use crate::handlers::context::{Context, Outcome};
use crate::handlers::find::{any_user, live_user};
use crate::handlers::revoked::effective_within;
use crate::handlers::write::{Key, WriteResult, run_write};
use crate::store::{Tx, end_all_sessions, user_delete, user_undelete};

/// Deletes an account; it can be restored. Its sessions and app passwords end for good.
pub fn rm(
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
        user_delete(tx, &row.uid, &times::format_stored(context.now))?;
        let sessions_revoked = end_all_sessions(tx, &row.uid, context.now.as_second())?;
        let (user, changed) = reload(tx, context, &row.uid)?;
        let ended = Effect::SessionsEnded { uid: row.uid.clone(), all: true };
        let effective_within_s = effective_within(tx, sessions_revoked);
        let result = RmResult { user, sessions_revoked, effective_within_s };
        let written = WriteResult::new(row.uid, &result)?.with_effects([ended, changed]);
        Ok(written.with_cache_warning(effective_within_s))
    })
}

/// Brings a deleted account back; one that is not deleted stays as it is.
pub fn restore(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    target: &Target,
) -> Result<Outcome, CommandError> {
    run_write(tx, context, key, || {
        let row = any_user(tx, &target.user)?;
        ensure_not_system(&row)?;
        if is_deleted(&row) {
            refuse_taken_auth_id(tx, &row)?;
            user_undelete(tx, &row.uid, &times::format_stored(context.now))?;
        }
        let (user, changed) = reload(tx, context, &row.uid)?;
        Ok(WriteResult::new(row.uid, &OneUser { user })?.with_effects([changed]))
    })
}
