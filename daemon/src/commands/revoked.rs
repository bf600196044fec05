//! Ends the sessions that a change revokes.

use jiff::Timestamp;

use super::ending::note_before;
use crate::error::CommandError;
use crate::model::{Account, Change, Changes, Effect, Revocation, needs_reload, revocations};
use crate::store::{
    LivingOn, Tx, end_all_sessions, end_sessions, end_sessions_of_all, reload_sessions,
};

/// Ends the sessions of an account that a change revokes; returns their number, and the effect.
pub(super) fn revoke(
    tx: &Tx<'_>,
    account: &Account,
    change: Change<'_>,
    now: Timestamp,
) -> Result<(u64, Option<Effect>), CommandError> {
    if let Change::Properties(changes) = change {
        note_living_on(tx, account, changes, LivingOn::AppPasswords, now)?;
    }
    let uid = account.uid.clone();
    let (ended, all) = match revocations(change) {
        Revocation::Nothing => return Ok((0, None)),
        Revocation::Sessions => (end_sessions(tx, &uid, now.as_second())?, false),
        Revocation::Everything => (end_all_sessions(tx, &uid, now.as_second())?, true),
    };
    note_before(tx, account);
    Ok((ended, Some(Effect::SessionsEnded { uid, all })))
}

/// Ends all sessions of accounts that were deleted together; the number of each account's, and the
/// effect, in their order.
pub(super) fn revoke_all(
    tx: &Tx<'_>,
    accounts: &[&Account],
    now: Timestamp,
) -> Result<Vec<(u64, Effect)>, CommandError> {
    let uids: Vec<&str> = accounts.iter().map(|account| account.uid.as_str()).collect();
    let ended = end_sessions_of_all(tx, &uids, now.as_second())?;
    let each = accounts.iter().map(|account| {
        note_before(tx, account);
        let uid = account.uid.clone();
        let count = ended.get(&uid).copied().unwrap_or(0);
        (count, Effect::SessionsEnded { uid, all: true })
    });
    Ok(each.collect())
}

/// Has PhotoPrism read those sessions of an account again that live on after changes of its rights.
pub(super) fn note_living_on(
    tx: &Tx<'_>,
    account: &Account,
    changes: &Changes,
    which: LivingOn,
    now: Timestamp,
) -> Result<(), CommandError> {
    if needs_reload(changes) {
        note_before(tx, account);
        reload_sessions(tx, &account.uid, which, now.as_second())?;
    }
    Ok(())
}
