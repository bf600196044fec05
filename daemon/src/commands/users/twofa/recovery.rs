//! `users.2fa.recovery`.

use photoprism_protocol::generated::recovery_code;
use photoprism_protocol::twofa::{RecoveryResult, Users2faRecovery};
use photoprism_protocol::users::Target;

use super::{ensure_stored, is_active, with_recovery_code};
use crate::commands::reply::Written;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::commands::users::{parse_target, user_to_change};
use crate::error::CommandError;
use crate::store::{Tx, passcode_find, passcode_set_recovery};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.write::<Users2faRecovery, _>(parse_target, recovery).await
}

/// Creates a new recovery code in place of the old one.
fn recovery(
    tx: &Tx<'_>,
    request: &Request<Target>,
) -> Result<Written<RecoveryResult>, CommandError> {
    let account = user_to_change(tx, &request.args.user)?;
    if !is_active(&account, passcode_find(tx, &account.uid)?.as_ref()) {
        return Err(CommandError::Conflict(
            "two-factor authentication is off, there is nothing to recover".into(),
        ));
    }
    let mut random = request.context.random;
    let code = recovery_code(&mut random);
    ensure_stored(passcode_set_recovery(tx, &account.uid, &code, request.context.now)?)?;
    with_recovery_code(account.uid, code)
}
