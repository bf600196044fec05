//! When the end of sessions takes effect in a running PhotoPrism: two keys and a warning of each
//! reply that ended some there, once for all commands.

use photoprism_protocol::command::CommandName as C;
use photoprism_protocol::ended::Ended as Keys;
use photoprism_protocol::envelope::Success;
use serde_json::value::RawValue;

use crate::error::CommandError;
use crate::model::{Account, Ended, has_webdav};
use crate::notify::Notifier;
use crate::store::{Db, Kind, Tx, account_by_uid};

/// Seconds for which PhotoPrism goes on taking a right password or app password over WebDAV.
const WEBDAV_CACHE: u32 = 300;

/// Whether a command may end sessions. Each that does replies when that takes effect.
const fn ends_sessions(command: C) -> bool {
    match command {
        C::UsersMod
        | C::UsersRm
        | C::UsersReset
        | C::UsersImport
        | C::Users2faDisable
        | C::PasswdSet
        | C::PasswdRemove
        | C::AuthRm
        | C::AuthReset
        | C::AuthLogout
        // A recovery code ends what was open, and the newest login the oldest of too many.
        | C::AuthLogin
        | C::BackupRestore => true,
        C::Ping
        | C::Status
        | C::UsersLs
        | C::UsersLegacy
        | C::UsersShow
        | C::UsersAdd
        | C::UsersRestore
        | C::UsersWhy
        | C::UsersRename
        | C::UsersExport
        | C::UsersAdopt
        | C::Users2faShow
        | C::Users2faEnroll
        | C::Users2faConfirm
        | C::Users2faRecovery
        | C::AuditLs
        | C::AuditVerify
        | C::ClockShow
        | C::ClockReset
        | C::LoginsLs
        | C::LoginsRecord
        | C::LoginsClear
        | C::AuthLs
        | C::AuthAdd
        | C::AuthShow
        | C::AuthVerify
        | C::Metrics
        | C::Doctor
        | C::BackupCreate
        | C::BackupLs
        | C::BackupRm
        | C::BackupPrune
        | C::BackupFetch
        | C::BackupSend
        | C::BackupVerify => false,
    }
}

/// What a command ended in PhotoPrism's database.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    ended: Ended,
    /// The setting `session-cache`.
    session_cache: u32,
    notifies: bool,
}

impl Ending {
    /// What the transaction of a command has ended; `None` where that was nothing, or where nobody
    /// else has it in memory.
    ///
    /// # Errors
    /// The store's; an internal error where the command is not known to end sessions.
    pub(super) fn of(tx: &Tx<'_>, command: C) -> Result<Option<Self>, CommandError> {
        let mut ended = tx.take_ended();
        if ended.rows == 0 && ended.pending == 0 {
            return Ok(None);
        }
        if !ends_sessions(command) {
            let what = format!("{} ended sessions and does not report it", command.name());
            return Err(CommandError::Internal(what));
        }
        if *tx.kind() == Kind::Own {
            return Ok(None);
        }
        ended.webdav |= ended.more_accounts;
        for uid in &ended.accounts {
            ended.webdav = ended.webdav || may_use_webdav(tx, uid)?;
        }
        let (session_cache, notifies) = (tx.session_cache(), tx.notifies());
        Ok(Some(Self { ended, session_cache, notifies }))
    }

    /// Waits until PhotoPrism has forgotten all of it, if it is notified and they are not too many;
    /// returns how many are left.
    async fn left(&self, notifier: Option<&Notifier>) -> u64 {
        let is_too_much = self.ended.pending > Ended::MOST_WAITED_FOR as u64;
        match notifier.filter(|_| !is_too_much) {
            Some(notifier) => notifier.wait_for(&self.ended.ids).await as u64,
            None => self.ended.pending,
        }
    }

    fn keys(&self, left: u64) -> Keys {
        let at_once = self.notifies && left == 0 && self.is_all_notified();
        let seconds = match (at_once, self.ended.webdav) {
            (true, false) => 0,
            (true, true) => WEBDAV_CACHE,
            (false, _) => self.session_cache,
        };
        Keys { effective_within_s: Some(seconds), pending: Some(left) }
    }

    /// Whether PhotoPrism may have nothing in memory but what it is notified of.
    const fn is_all_notified(&self) -> bool {
        !self.ended.unnotified
    }

    /// The reply as it is stored for a replay: nothing has been waited for.
    pub(super) fn before_waiting(&self, result: &RawValue) -> Result<Box<RawValue>, CommandError> {
        with_keys(result, &self.keys(self.ended.pending))
    }

    /// Waits, and completes the reply.
    ///
    /// # Errors
    /// An internal one, which no result causes.
    pub(super) async fn complete(
        &self,
        notifier: Option<&Notifier>,
        mut success: Success,
    ) -> Result<Success, CommandError> {
        let left = self.left(notifier).await;
        let keys = self.keys(left);
        success.result = with_keys(&success.result, &keys)?;
        success.warnings.extend(warning(keys, left));
        Ok(success)
    }
}

/// Whether an account may use WebDAV, or might before: of one that is gone nothing is known.
fn may_use_webdav(db: &Db, uid: &str) -> Result<bool, CommandError> {
    if uid.is_empty() {
        return Ok(false);
    }
    let account = account_by_uid(db, uid)?;
    Ok(account.is_none_or(|account| has_webdav(&account, db.kind().edition())))
}

/// Notes an account as it was before it was changed.
pub(super) fn note_before(tx: &Tx<'_>, account: &Account) {
    if has_webdav(account, tx.kind().edition()) {
        tx.note_ended(|ended| ended.webdav = true);
    }
}

/// A result with both keys at its end.
fn with_keys(result: &RawValue, keys: &Keys) -> Result<Box<RawValue>, CommandError> {
    let internal = |error: serde_json::Error| CommandError::Internal(error.to_string());
    let keys = serde_json::to_string(keys).map_err(internal)?;
    let (Some(result), Some(keys)) = (result.get().strip_suffix('}'), keys.strip_prefix('{'))
    else {
        return Err(CommandError::Internal("a result is not an object".into()));
    };
    let between = if result.ends_with('{') { "" } else { "," };
    RawValue::from_string(format!("{result}{between}{keys}")).map_err(internal)
}

/// The warning for a delay.
fn warning(keys: Keys, left: u64) -> Option<String> {
    let seconds = keys.effective_within_s.filter(|seconds| *seconds > 0)?;
    let span = span(seconds);
    Some(if left > 0 {
        format!(
            "PhotoPrism is still to be notified of {left}, which is tried again; it may keep a \
             session in its memory for up to {span} after it was ended here, longer where it is \
             used from changing addresses; restart it where that is too long"
        )
    } else if seconds == WEBDAV_CACHE {
        format!(
            "PhotoPrism has forgotten the sessions that ended; over WebDAV it may take a password \
             or an app password for up to {span} more"
        )
    } else {
        format!(
            "a running PhotoPrism may keep a session in its memory for up to {span} after it was \
             ended here, longer where it is used from changing addresses; restart it where that is \
             too long, or set --photoprism-url"
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(notifies: bool, pending: u64, webdav: bool) -> Ending {
        let ended = Ended { rows: 1, pending, webdav, ..Ended::default() };
        Ending { ended, session_cache: 900, notifies }
    }

    fn reply(ending: &Ending, left: u64) -> (String, Option<String>) {
        let keys = ending.keys(left);
        let result = RawValue::from_string(r#"{"removed":1}"#.into()).unwrap();
        (with_keys(&result, &keys).unwrap().get().into(), warning(keys, left))
    }

    #[test]
    fn what_was_forgotten_takes_effect_at_once_save_over_webdav() {
        let at_once = r#"{"removed":1,"effective_within_s":0,"pending":0}"#;
        assert_eq!(reply(&ending(true, 1, false), 0), (at_once.into(), None));
        let (result, warning) = reply(&ending(true, 1, true), 0);
        assert_eq!(result, r#"{"removed":1,"effective_within_s":300,"pending":0}"#);
        assert!(warning.unwrap().contains("over WebDAV"));
    }

    #[test]
    fn what_was_not_takes_as_long_as_the_memory_of_photoprism() {
        for webdav in [false, true] {
            let (result, warning) = reply(&ending(true, 3, webdav), 2);
            assert_eq!(result, r#"{"removed":1,"effective_within_s":900,"pending":2}"#);
            assert!(warning.unwrap().contains("still to be notified of 2"));
            let (result, warning) = reply(&ending(false, 0, webdav), 0);
            assert_eq!(result, r#"{"removed":1,"effective_within_s":900,"pending":0}"#);
            assert!(warning.unwrap().contains("set --photoprism-url"));
        }
        let mut some = ending(true, 1, false);
        some.ended.unnotified = true;
        let (result, _) = reply(&some, 0);
        assert_eq!(result, r#"{"removed":1,"effective_within_s":900,"pending":0}"#);
    }

    #[test]
    fn an_empty_result_gets_the_keys_alone() {
        let (empty, keys) = (RawValue::from_string("{}".into()).unwrap(), Keys::default());
        assert_eq!(with_keys(&empty, &keys).unwrap().get(), "{}");
        let keys = Keys { effective_within_s: Some(1), pending: None };
        assert_eq!(with_keys(&empty, &keys).unwrap().get(), r#"{"effective_within_s":1}"#);
    }
}
