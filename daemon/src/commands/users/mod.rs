//! The noun `users`.

mod add;
mod export;
mod guard;
mod import;
mod ls;
mod modify;
mod properties;
mod rename;
mod reset;
mod rm;
mod rules;
mod search;
mod show;
mod taken;

pub(crate) use self::add::{Add, add};
pub(crate) use self::export::{Export, export};
pub(super) use self::guard::{ensure_not_system, ensure_other_super_admin};
pub(crate) use self::import::{
    Cancel, Import, Options, PasswordChange, RejectedRow, Results, Rows, ValidRow, import,
    known_hash,
};
pub(crate) use self::ls::{Ls, ls};
pub(crate) use self::modify::{Mod, modify};
pub(super) use self::modify::{disable_2fa, note_first_password};
pub(super) use self::properties::to_wire;
pub(crate) use self::rename::{Rename, rename};
pub(crate) use self::reset::reset;
pub(crate) use self::rm::{restore, rm};
pub(super) use self::rules::{check_stored_form, check_takes_password, own_name};
pub(super) use self::search::{matches_legacy, parse as parse_search};
pub(crate) use self::show::show;

use photoprism_protocol::users::User;

use super::context::Context;
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
