//! `users.show`.

use photoprism_protocol::envelope::Success;
use photoprism_protocol::users::{OneUser, Target};

use crate::accounts::standing::shown;
use crate::error::CommandError;
use crate::handlers::context::{Context, success};
use crate::handlers::find::any_user;
use crate::store::Db;

/// One account, a deleted one too.
///
/// # Errors
/// `not_found`, or the store's.
pub fn show(db: &Db, context: &Context, target: &Target) -> Result<Success, CommandError> {
    let row = any_user(db, &target.user)?;
    success(&OneUser { user: shown(row, db.kind(), context.now) })
}
