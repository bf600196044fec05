//! The noun `users`; `users.import` has a directory of its own next to this one.

pub(super) mod add;
pub(super) mod adopt;
pub(super) mod export;
mod guard;
pub(super) mod legacy;
pub(super) mod ls;
pub(super) mod modify;
pub(super) mod rename;
pub(super) mod reset;
pub(super) mod restore;
pub(super) mod rm;
mod rules;
mod search;
pub(super) mod show;
mod taken;
pub(super) mod twofa;
pub(super) mod why;

pub(super) use self::add::{insert_account, new_account, role_missing};
pub(super) use self::guard::{ensure_other_super_admin, user_to_change};
pub(super) use self::modify::{apply_change, check_change, disable_2fa, note_first_password};
pub(super) use self::rules::{MAX_NAME_BYTES, check_takes_password, own_name, unknown_role};

use photoprism_protocol::users::{Target, User};

use super::find::refuse_nul;
use super::properties::to_wire;
use super::request::Context;
use crate::error::CommandError;
use crate::model::Effect;
use crate::store::{Db, account_by_uid};

/// The account after a change, and the effect on its sessions.
pub(super) fn reload(
    db: &Db,
    context: &Context,
    uid: &str,
) -> Result<(User, Effect), CommandError> {
    let row = account_by_uid(db, uid)?
        .ok_or_else(|| CommandError::Internal("an account vanished inside its change".into()))?;
    let effect = Effect::AccountChanged(Box::new(row.clone()));
    Ok((to_wire(row, db.kind().edition(), context.now), effect))
}

/// Checks the argument of a command that takes nothing but an account.
pub(super) fn parse_target(target: Target) -> Result<Target, CommandError> {
    refuse_nul("user", Some(&target.user))?;
    Ok(target)
}
