//! Ends the sessions that a change revokes.

use jiff::Timestamp;

use super::ending::note_before;
use crate::error::CommandError;
use crate::model::{Account, Change, Effect, Revocation, revocations};
use crate::store::{Tx, end_all_sessions, end_sessions};

/// Ends the sessions of an account that a change revokes; returns their number, and the effect.
pub(super) fn revoke(
    tx: &Tx<'_>,
    account: &Account,
    change: Change<'_>,
    now: Timestamp,
) -> Result<(u64, Option<Effect>), CommandError> {
    let uid = account.uid.clone();
    let (ended, all) = match revocations(change) {
        Revocation::Nothing => return Ok((0, None)),
        Revocation::Sessions => (end_sessions(tx, &uid, now.as_second())?, false),
        Revocation::Everything => (end_all_sessions(tx, &uid, now.as_second())?, true),
    };
    note_before(tx, account);
    Ok((ended, Some(Effect::SessionsEnded { uid, all })))
}
