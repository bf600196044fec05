//! The noun `users`.

mod add;
mod export;
mod guard;
mod import;
mod ls;
mod modify;
mod rename;
mod reset;
mod rm;
mod show;
mod taken;

pub use self::add::{Add, add};
pub use self::export::{Export, export};
pub(super) use self::guard::{ensure_not_system, ensure_other_super_admin};
pub use self::import::{
    Import, Options, PasswordChange, RejectedRow, Results, Rows, ValidRow, import, known_hash,
};
pub use self::ls::{Ls, ls};
pub(super) use self::modify::note_first_password;
pub use self::modify::{Mod, modify};
pub use self::rename::{Rename, rename};
pub use self::reset::reset;
pub use self::rm::{restore, rm};
pub use self::show::show;

use photoprism_protocol::users::User;

use super::context::Context;
use crate::accounts::account::{AccountState, to_wire};
use crate::effect::Effect;
use crate::error::CommandError;
use crate::store::{Db, user_by_uid};

/// The account after a change, and the effect on its sessions.
fn reload(db: &Db, context: &Context, uid: &str) -> Result<(User, Effect), CommandError> {
    let row = user_by_uid(db, uid)?
        .ok_or_else(|| CommandError::Internal("an account vanished inside its change".into()))?;
    let effect = Effect::AccountChanged(AccountState::of(&row));
    Ok((to_wire(row, db.kind(), context.now), effect))
}
