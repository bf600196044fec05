//! Ends the sessions that a change revokes, and says when that takes effect in a running
//! PhotoPrism, which caches sessions.

use jiff::Timestamp;

use crate::error::CommandError;
use crate::model::{Account, Change, Effect, Revocation, revocations};
use crate::store::{Db, Kind, Tx, end_all_sessions, end_sessions};

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
    Ok((ended, Some(Effect::SessionsEnded { uid, all })))
}

/// How long PhotoPrism may still honour what ended; `None` where it ended at once, or nothing did.
pub(super) fn effective_within(db: &Db, ended: u64) -> Option<u32> {
    match db.kind() {
        Kind::Own => None,
        Kind::PhotoPrism { .. } => (ended > 0).then_some(db.session_cache()),
    }
}

/// The warning for such a delay.
pub(super) fn cache_warning(effective_within: Option<u32>) -> Option<String> {
    effective_within.map(|seconds| {
        format!(
            "a running PhotoPrism may keep a session in its memory for up to {} after it was ended \
             here, longer where it is used from changing addresses; restart it where that is too \
             long",
            span(seconds)
        )
    })
}

fn span(seconds: u32) -> String {
    if seconds.is_multiple_of(60) {
        let minutes = seconds / 60;
        format!("{minutes} minute{}", if minutes == 1 { "" } else { "s" })
    } else {
        format!("{seconds} seconds")
    }
}
