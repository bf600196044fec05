//! `users.show`.

use photoprism_protocol::envelope::Success;
use photoprism_protocol::users::{OneUser, Target};

use super::properties::to_wire;
use crate::commands::context::{Context, success};
use crate::commands::find::any_user;
use crate::error::CommandError;
use crate::store::Db;

/// One account, a deleted one too.
pub(crate) fn show(db: &Db, context: &Context, target: &Target) -> Result<Success, CommandError> {
    let row = any_user(db, &target.user)?;
    success(&OneUser { user: to_wire(row, db.kind().edition(), context.now) })
}
