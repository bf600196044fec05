//! `users.2fa.confirm`.

use photoprism_protocol::generated::recovery_code;
use photoprism_protocol::twofa::{Confirm, RecoveryResult, Users2faConfirm};

use super::{ensure_stored, is_active, with_recovery_code};
use crate::commands::find::refuse_nul;
use crate::commands::reply::Written;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::commands::users::user_to_change;
use crate::error::CommandError;
use crate::model::passcodes::{Key, verify_totp};
use crate::model::{Account, METHOD_2FA};
use crate::store::{
    Passcode, Tx, account_update, consume_totp_step, passcode_activate, passcode_find,
    passcode_last_step,
};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.write::<Users2faConfirm, _>(parse, confirm).await
}

fn parse(args: Confirm) -> Result<Confirm, CommandError> {
    refuse_nul("user", Some(&args.user))?;
    refuse_nul("passcode", Some(args.passcode.expose()))?;
    Ok(args)
}

/// Turns it on, after a first right code; the recovery code is in this one reply.
fn confirm(
    tx: &Tx<'_>,
    request: &Request<Confirm>,
) -> Result<Written<RecoveryResult>, CommandError> {
    let (args, now) = (&request.args, request.context.now);
    let account = user_to_change(tx, &args.user)?;
    let passcode = passcode_find(tx, &account.uid)?;
    let pending = passcode.filter(|passcode| !is_active(&account, Some(passcode)));
    let Some(pending) = pending else {
        return Err(CommandError::Conflict(
            "there is no key that waits for its first code; make one with: \
             photoprism users 2fa enroll"
                .into(),
        ));
    };
    take_code(tx, request, &account, &pending)?;
    let mut random = request.context.random;
    let code = recovery_code(&mut random);
    ensure_stored(passcode_activate(tx, &account.uid, &code, now)?)?;
    let after = Account { method: METHOD_2FA.into(), ..account.clone() };
    account_update(tx, &account, &after, now)?;
    with_recovery_code(account.uid, code)
}

fn take_code(
    tx: &Tx<'_>,
    request: &Request<Confirm>,
    account: &Account,
    passcode: &Passcode,
) -> Result<(), CommandError> {
    let key = Key::from_url(passcode.key_url.expose())
        .map_err(|_| CommandError::Conflict("the stored key is damaged; make a new one".into()))?;
    let last = passcode_last_step(tx, &account.uid)?;
    let typed = request.args.passcode.expose();
    let now = request.context.machine_time.as_second();
    let taken = match verify_totp(&key, typed, now, last) {
        Some(step) => consume_totp_step(tx, &account.uid, step)?,
        None => false,
    };
    if taken {
        return Ok(());
    }
    Err(CommandError::broken(
        "passcode",
        "this is not the app's code of this moment, or it was used already; wait for the next one \
         and see that the clocks of app and server agree",
    ))
}
