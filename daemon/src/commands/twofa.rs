//! `users.2fa.*`: two-factor authentication of an account.

use photoprism_protocol::envelope::Success;
use photoprism_protocol::generated::recovery_code;
use photoprism_protocol::twofa::{Confirm, DisableResult, EnrollResult, RecoveryResult, Show};
use photoprism_protocol::users::Target;

use super::context::{Context, Outcome, result, success};
use super::find::{any_user, live_user};
use super::revoked::{effective_within, revoke};
use super::users::{disable_2fa, ensure_not_system};
use super::write::{Key as IdempotencyKey, WriteResult, run_write};
use crate::error::CommandError;
use crate::model::passcodes::{Key, verify_totp};
use crate::model::{Account, Change, METHOD_2FA, Property, to_rfc3339};
use crate::store::{
    Db, Passcode, Tx, account_update, consume_totp_step, has_passcodes, passcode_activate,
    passcode_enroll, passcode_find, passcode_last_step, passcode_set_recovery,
};

fn is_active(row: &Account, passcode: Option<&Passcode>) -> bool {
    row.method == METHOD_2FA && passcode.is_some_and(|passcode| passcode.is_active)
}

/// Shows its state.
pub(crate) fn show(db: &Db, _: &Context, target: &Target) -> Result<Success, CommandError> {
    let row = any_user(db, &target.user)?;
    let passcode = passcode_find(db, &row.uid)?;
    let active = is_active(&row, passcode.as_ref());
    success(&Show {
        active,
        pending: passcode.is_some() && !active,
        has_recovery_code: passcode.as_ref().is_some_and(|p| !p.recovery_code.expose().is_empty()),
        created_at: passcode.as_ref().and_then(|passcode| passcode.created_at).map(to_rfc3339),
        activated_at: passcode.as_ref().and_then(|passcode| passcode.activated_at).map(to_rfc3339),
        uid: row.uid,
        name: row.name,
    })
}

/// Creates a key. Logins need no code until the first one was confirmed.
pub(crate) fn enroll(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&IdempotencyKey>,
    target: &Target,
) -> Result<Outcome, CommandError> {
    run_write(tx, context, key, || {
        let row = live_user(tx, &target.user)?;
        ensure_not_system(&row)?;
        if !has_passcodes(tx) {
            return Err(CommandError::Conflict(
                "this PhotoPrism is too old for two-factor authentication; update it first".into(),
            ));
        }
        if is_active(&row, passcode_find(tx, &row.uid)?.as_ref()) {
            return Err(CommandError::Conflict(
                "two-factor authentication is on already; turn it off before a new key is made"
                    .into(),
            ));
        }
        let mut random = context.random;
        let new_key = Key::generate(&mut random);
        let url = new_key.url(&row.name);
        ensure_stored(passcode_enroll(tx, &row.uid, &url, context.now)?)?;
        let shown = EnrollResult { url: Some(url), key: Some(new_key.base32()) };
        let mut written = WriteResult::new(row.uid, &shown)?;
        written.without_secrets = Some(result(&EnrollResult { url: None, key: None })?);
        Ok(written)
    })
}

/// Turns it on, after a first right code; the recovery code is in this one reply.
pub(crate) fn confirm(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&IdempotencyKey>,
    request: &Confirm,
) -> Result<Outcome, CommandError> {
    run_write(tx, context, key, || {
        let row = live_user(tx, &request.user)?;
        ensure_not_system(&row)?;
        let passcode = passcode_find(tx, &row.uid)?;
        let pending = passcode.filter(|passcode| !is_active(&row, Some(passcode)));
        let Some(pending) = pending else {
            return Err(CommandError::Conflict(
                "there is no key that waits for its first code; make one with: \
                 photoprism users 2fa enroll"
                    .into(),
            ));
        };
        take_code(tx, context, &row, (&pending, request.passcode.expose()))?;
        let mut random = context.random;
        let code = recovery_code(&mut random);
        ensure_stored(passcode_activate(tx, &row.uid, &code, context.now)?)?;
        let after = Account { method: METHOD_2FA.into(), ..row.clone() };
        account_update(tx, (&row, &after), context.now)?;
        with_recovery_code(row.uid, code)
    })
}

/// No reply may contain a secret that was not stored.
fn ensure_stored(stored: bool) -> Result<(), CommandError> {
    if stored {
        return Ok(());
    }
    Err(CommandError::Conflict(
        "the stored two-factor key does not fit the account; turn it off with: \
         photoprism users 2fa disable"
            .into(),
    ))
}

fn take_code(
    tx: &Tx<'_>,
    context: &Context,
    row: &Account,
    (passcode, typed): (&Passcode, &str),
) -> Result<(), CommandError> {
    let key = Key::from_url(passcode.key_url.expose())
        .map_err(|_| CommandError::Conflict("the stored key is damaged; make a new one".into()))?;
    let last = passcode_last_step(tx, &row.uid)?;
    let step = verify_totp(&key, typed, (context.now.as_second(), last));
    let taken = match step {
        Some(step) => consume_totp_step(tx, &row.uid, step)?,
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

fn with_recovery_code(
    uid: String,
    code: photoprism_protocol::secret::Secret,
) -> Result<WriteResult, CommandError> {
    let mut written = WriteResult::new(uid, &RecoveryResult { recovery_code: Some(code) })?;
    written.without_secrets = Some(result(&RecoveryResult { recovery_code: None })?);
    Ok(written)
}

/// Turns it off and deletes the key.
pub(crate) fn disable(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&IdempotencyKey>,
    target: &Target,
) -> Result<Outcome, CommandError> {
    run_write(tx, context, key, || {
        let row = live_user(tx, &target.user)?;
        ensure_not_system(&row)?;
        let mut after = row.clone();
        let disabled = disable_2fa(tx, &mut after)?;
        if after.method != row.method {
            account_update(tx, (&row, &after), context.now)?;
        }
        let changed = disabled.then_some(Property::TwoFactor).into_iter().collect();
        let (sessions_revoked, ended) =
            revoke(tx, &row, Change::Properties(&changed), context.now)?;
        let effective_within_s = effective_within(tx, sessions_revoked);
        let result = DisableResult { disabled, sessions_revoked, effective_within_s };
        let written = WriteResult::new(row.uid, &result)?.with_effects(ended);
        Ok(written.with_cache_warning(effective_within_s))
    })
}

/// Creates a new recovery code in place of the old one.
pub(crate) fn recovery(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&IdempotencyKey>,
    target: &Target,
) -> Result<Outcome, CommandError> {
    run_write(tx, context, key, || {
        let row = live_user(tx, &target.user)?;
        ensure_not_system(&row)?;
        if !is_active(&row, passcode_find(tx, &row.uid)?.as_ref()) {
            return Err(CommandError::Conflict(
                "two-factor authentication is off, there is nothing to recover".into(),
            ));
        }
        let mut random = context.random;
        let code = recovery_code(&mut random);
        ensure_stored(passcode_set_recovery(tx, &row.uid, &code, context.now)?)?;
        with_recovery_code(row.uid, code)
    })
}
