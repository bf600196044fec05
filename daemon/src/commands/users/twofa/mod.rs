//! `users.2fa`: two-factor authentication of an account.

pub(in crate::commands) mod confirm;
pub(in crate::commands) mod disable;
pub(in crate::commands) mod enroll;
pub(in crate::commands) mod recovery;
pub(in crate::commands) mod show;

use photoprism_protocol::secret::Secret;
use photoprism_protocol::twofa::RecoveryResult;

use crate::commands::reply::Written;
use crate::error::CommandError;
use crate::model::{Account, METHOD_2FA};
use crate::store::Passcode;

fn is_active(row: &Account, passcode: Option<&Passcode>) -> bool {
    row.method == METHOD_2FA && passcode.is_some_and(|passcode| passcode.is_active)
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

fn with_recovery_code(uid: String, code: Secret) -> Result<Written<RecoveryResult>, CommandError> {
    Written::new(uid, &RecoveryResult { recovery_code: Some(code) })?
        .replayed_as(&RecoveryResult { recovery_code: None })
}
