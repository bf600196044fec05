//! `users.show`.

use photoprism_protocol::users::{OneUser, Target, UsersShow};

use super::parse_target;
use crate::commands::find::any_user;
use crate::commands::properties::to_wire;
use crate::commands::reply::Reply;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::store::Db;

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.read::<UsersShow, _>(parse_target, show).await
}

/// One account, a deleted one too.
fn show(db: &Db, request: &Request<Target>) -> Result<Reply<OneUser>, CommandError> {
    let account = any_user(db, &request.args.user)?;
    let user = to_wire(account, db.kind().edition(), request.context.now);
    Reply::new(&OneUser { user })
}
