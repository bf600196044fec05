//! What the code of a command receives.

use std::sync::Arc;

use jiff::Timestamp;
use photoprism_protocol::secret::Secret;

use super::app::App;
use crate::error::CommandError;
use crate::peer::Permit;
use crate::store::{BackupBefore, Tx};

/// What belongs to one request. The [`Permit`] in it proves that the request was authorised.
#[derive(Debug)]
pub(super) struct Context {
    /// Who sent the request, and the proof that they may.
    pub permit: Permit,
    /// The instant at which the request was taken up, never earlier than one that is known: what
    /// has expired by it stays expired.
    pub now: Timestamp,
    /// The newest instant that is known, Unix seconds: earlier than `now` while the clock is far
    /// ahead, when nothing is deleted for its age.
    pub known: i64,
    /// What the machine's clock showed then, right or wrong: for the audit trail, and for passcodes,
    /// where another device's clock has to agree.
    pub machine_time: Timestamp,
    /// Where secrets and ids come from.
    pub random: fn(&mut [u8]),
    /// No app password is created or accepted.
    pub app_passwords_disabled: bool,
}

impl Context {
    pub(super) fn new(app: &App, permit: Permit) -> Self {
        let reading = app.clock.reading();
        Self {
            permit,
            now: reading.now,
            known: reading.floor.at.unwrap_or_else(|| reading.now.as_second()),
            machine_time: reading.clock,
            random: app.random,
            app_passwords_disabled: app.without_app_passwords,
        }
    }
}

/// A request whose arguments were checked by their own rules.
pub(super) struct Request<T> {
    /// The checked arguments.
    pub(super) args: T,
    /// The password among them, hashed.
    pub(super) password: Option<Hashed>,
    /// Who asks, and when.
    pub(super) context: Arc<Context>,
    /// The backup of what it is about to destroy, where it may destroy something.
    pub(super) backup: Option<BackupBefore>,
}

impl<T> Request<T> {
    /// The path of the backup, before anything is changed: it is of what the transaction sees.
    pub(super) fn begin_backup(&self, tx: &Tx<'_>) -> Result<String, CommandError> {
        Ok(self.backup_before()?.begin(tx)?.display().to_string())
    }

    /// Something was destroyed: waits until the backup is whole. It is kept once that is committed.
    pub(super) fn complete_backup(&self) -> Result<(), CommandError> {
        Ok(self.backup_before()?.complete()?)
    }

    fn backup_before(&self) -> Result<&BackupBefore, CommandError> {
        self.backup
            .as_ref()
            .ok_or_else(|| CommandError::Internal("a backup was not prepared".into()))
    }

    /// The hashed password of a command that cannot do without one.
    pub(super) fn hashed(&self) -> Result<&Hashed, CommandError> {
        self.password
            .as_ref()
            .ok_or_else(|| CommandError::Internal("a password was not hashed".into()))
    }
}

/// A password that was hashed before the transaction, with what rules inside it still need.
#[derive(Clone)]
pub(super) struct Hashed {
    /// The hash string.
    pub hash: String,
    /// The password itself.
    pub plain: Secret,
}
