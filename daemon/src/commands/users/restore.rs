//! `users.restore`.

use photoprism_protocol::users::{OneUser, Target, UsersRestore};

use super::guard::ensure_changeable;
use super::taken::refuse_taken_auth_id;
use super::{parse_target, reload};
use crate::commands::find::any_user;
use crate::commands::reply::Written;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::store::{Tx, account_undelete};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.write::<UsersRestore, _>(parse_target, restore).await
}

/// Brings a deleted account back; one that is not deleted stays as it is.
fn restore(tx: &Tx<'_>, request: &Request<Target>) -> Result<Written<OneUser>, CommandError> {
    let context = &request.context;
    let account = any_user(tx, &request.args.user)?;
    ensure_changeable(&account)?;
    if account.is_deleted() {
        refuse_taken_auth_id(tx, &account)?;
        account_undelete(tx, &account, context.now)?;
    }
    let (user, changed) = reload(tx, context, &account.uid)?;
    Ok(Written::new(account.uid, &OneUser { user })?.with_effects([changed]))
}
