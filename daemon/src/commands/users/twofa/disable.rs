//! `users.2fa.disable`.

use photoprism_protocol::twofa::{DisableResult, Users2faDisable};
use photoprism_protocol::users::Target;

use crate::commands::reply::Written;
use crate::commands::request::Request;
use crate::commands::revoked::revoke;
use crate::commands::runner::{Outcome, Runner};
use crate::commands::users::{disable_2fa, parse_target, user_to_change};
use crate::error::CommandError;
use crate::model::{Change, Property};
use crate::store::{Tx, account_update};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.write::<Users2faDisable, _>(parse_target, disable).await
}

/// Turns it off and deletes the key.
fn disable(tx: &Tx<'_>, request: &Request<Target>) -> Result<Written<DisableResult>, CommandError> {
    let now = request.context.now;
    let account = user_to_change(tx, &request.args.user)?;
    let mut after = account.clone();
    let disabled = disable_2fa(tx, &mut after)?;
    if after.method != account.method {
        account_update(tx, &account, &after, now)?;
    }
    let changed = disabled.then_some(Property::TwoFactor).into_iter().collect();
    let (sessions_revoked, ended) = revoke(tx, &account, Change::Properties(&changed), now)?;
    let result =
        DisableResult { disabled, sessions_revoked, effective_within_s: None, pending: None };
    let written = Written::new(account.uid, &result)?.with_effects(ended);
    Ok(written)
}
