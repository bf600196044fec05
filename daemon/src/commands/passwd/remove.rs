//! `passwd.remove`.

use photoprism_protocol::passwd::{PasswdRemove, RemoveResult};
use photoprism_protocol::users::Target;

use crate::commands::reply::Written;
use crate::commands::request::Request;
use crate::commands::revoked::revoke;
use crate::commands::runner::{Outcome, Runner};
use crate::commands::users::{ensure_other_super_admin, parse_target, user_to_change};
use crate::error::CommandError;
use crate::model::{Change, Property};
use crate::store::{Tx, password_remove};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.write::<PasswdRemove, _>(parse_target, remove).await
}

/// Removes the password.
fn remove(tx: &Tx<'_>, request: &Request<Target>) -> Result<Written<RemoveResult>, CommandError> {
    let context = &request.context;
    let account = user_to_change(tx, &request.args.user)?;
    if account.has_password {
        ensure_other_super_admin(tx, context, &account)?;
    }
    let removed = password_remove(tx, &account.uid)?;
    let changed = removed.then_some(Property::Password).into_iter().collect();
    let (sessions_revoked, ended) =
        revoke(tx, &account, Change::Properties(&changed), context.now)?;
    let result =
        RemoveResult { removed, sessions_revoked, effective_within_s: None, pending: None };
    let written = Written::new(account.uid, &result)?.with_effects(ended);
    Ok(written)
}
