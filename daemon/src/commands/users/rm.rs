//! `users.rm`.

use photoprism_protocol::users::{RmResult, Target, UsersRm};

use super::guard::ensure_other_super_admin;
use super::user_to_change;
use super::{parse_target, reload};
use crate::commands::reply::Written;
use crate::commands::request::Request;
use crate::commands::revoked::revoke;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::model::{Change, FIRST_ADMIN_ID};
use crate::store::{Tx, account_delete};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.write::<UsersRm, _>(parse_target, rm).await
}

/// Deletes an account; it can be restored. Its sessions and app passwords end for good.
fn rm(tx: &Tx<'_>, request: &Request<Target>) -> Result<Written<RmResult>, CommandError> {
    let context = &request.context;
    let account = user_to_change(tx, &request.args.user)?;
    if account.id == FIRST_ADMIN_ID {
        return Err(CommandError::Conflict(
            "the first admin cannot be deleted; take its rights away instead".into(),
        ));
    }
    ensure_other_super_admin(tx, context, &account)?;
    account_delete(tx, &account, context.now)?;
    let (sessions_revoked, ended) = revoke(tx, &account, Change::Deleted, context.now)?;
    let (user, changed) = reload(tx, context, &account.uid)?;
    let result = RmResult { user, sessions_revoked, effective_within_s: None, pending: None };
    let written = Written::new(account.uid, &result)?.with_effects(ended).with_effects([changed]);
    Ok(written)
}
