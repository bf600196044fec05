//! `users.2fa.show`.

use photoprism_protocol::twofa::{Show, Users2faShow};
use photoprism_protocol::users::Target;

use super::is_active;
use crate::commands::find::any_user;
use crate::commands::reply::Reply;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::commands::users::parse_target;
use crate::error::CommandError;
use crate::model::to_rfc3339;
use crate::store::{Db, passcode_find};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.read::<Users2faShow, _>(parse_target, show).await
}

/// Its state; nothing of the key.
fn show(db: &Db, request: &Request<Target>) -> Result<Reply<Show>, CommandError> {
    let account = any_user(db, &request.args.user)?;
    let passcode = passcode_find(db, &account.uid)?;
    let active = is_active(&account, passcode.as_ref());
    Reply::new(&Show {
        active,
        pending: passcode.is_some() && !active,
        has_recovery_code: passcode.as_ref().is_some_and(|p| !p.recovery_code.expose().is_empty()),
        created_at: passcode.as_ref().and_then(|passcode| passcode.created_at).map(to_rfc3339),
        activated_at: passcode.as_ref().and_then(|passcode| passcode.activated_at).map(to_rfc3339),
        uid: account.uid,
        name: account.name,
    })
}
