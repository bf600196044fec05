//! The noun `users`.

pub(crate) mod add;
pub(crate) mod adopt;
pub(crate) mod export;
mod guard;
mod import;
pub(crate) mod legacy;
pub(crate) mod ls;
pub(crate) mod modify;
pub(crate) mod rename;
pub(crate) mod reset;
pub(crate) mod restore;
pub(crate) mod rm;
mod rules;
mod search;
pub(crate) mod show;
mod taken;
pub(crate) mod twofa;
pub(crate) mod why;

pub(super) use self::guard::{ensure_not_system, ensure_other_super_admin};
pub(crate) use self::import::{Import, import};
pub(super) use self::modify::{disable_2fa, note_first_password};
pub(super) use self::rules::{check_takes_password, own_name};

use photoprism_protocol::users::{Target, User};

use super::find::refuse_nul;
use super::properties::to_wire;
use super::request::Context;
use crate::error::CommandError;
use crate::model::Effect;
use crate::store::{Db, account_by_uid};

/// The account after a change, and the effect on its sessions.
fn reload(db: &Db, context: &Context, uid: &str) -> Result<(User, Effect), CommandError> {
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
