//! `users.rm` and `users.restore`.

use photoprism_protocol::users::{OneUser, RmResult, Target};

use super::guard::{refuse_system, still_one_super_admin};
use super::now_shown;
use super::taken::refuse_taken_auth_id;
use crate::accounts::first::FIRST_ADMIN_ID;
use crate::accounts::standing::is_deleted;
use crate::accounts::times;
use crate::effect::Effect;
use crate::error::CommandError;
use crate::handlers::context::{Context, Outcome};
use crate::handlers::find::{any_user, live_user};
use crate::handlers::revoked::effective_within;
use crate::handlers::write::{Key, Written, surrounded};
use crate::store::{Tx, end_all_sessions, user_delete, user_undelete};

/// Deletes an account; it can be restored. Its sessions and app passwords end for good.
///
/// # Errors
/// `not_found`, `conflict`, or the store's.
pub fn rm(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    target: &Target,
) -> Result<Outcome, CommandError> {
    surrounded(tx, context, key, || {
        let row = live_user(tx, &target.user)?;
        refuse_system(&row)?;
        if row.id == FIRST_ADMIN_ID {
            return Err(CommandError::Conflict(
                "the first admin cannot be deleted; take its rights away instead".into(),
            ));
        }
        still_one_super_admin(tx, context, &row)?;
        user_delete(tx, &row.uid, &times::to_stored(context.now))?;
        let sessions_revoked = end_all_sessions(tx, &row.uid, context.now.as_second())?;
        let (user, changed) = now_shown(tx, context, &row.uid)?;
        let ended = Effect::SessionsEnded { uid: row.uid.clone(), all: true };
        let effective_within_s = effective_within(tx, sessions_revoked);
        let result = RmResult { user, sessions_revoked, effective_within_s };
        let written = Written::about(row.uid, &result)?.meaning([ended, changed]);
        Ok(written.warning_of(effective_within_s))
    })
}

/// Brings a deleted account back; one that is not deleted stays as it is.
///
/// # Errors
/// `not_found`, `exists`, or the store's.
pub fn restore(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    target: &Target,
) -> Result<Outcome, CommandError> {
    surrounded(tx, context, key, || {
        let row = any_user(tx, &target.user)?;
        refuse_system(&row)?;
        if is_deleted(&row) {
            refuse_taken_auth_id(tx, &row)?;
            user_undelete(tx, &row.uid, &times::to_stored(context.now))?;
        }
        let (user, changed) = now_shown(tx, context, &row.uid)?;
        Ok(Written::about(row.uid, &OneUser { user })?.meaning([changed]))
    })
}
