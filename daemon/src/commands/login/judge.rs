//! What becomes of an attempt: let in, refused for the first reason that holds, or checked again.

use jiff::Timestamp;

use super::attempt::Attempt;
use super::candidate::{accepts, app_password, app_refusal, password_suffices, usable_hash};
use crate::commands::request::Context;
use crate::error::CommandError;
use crate::model::passcodes::{Key, recovery_code_matches, verify_totp};
use crate::model::{Account, Edition, Obstacle, Session, login_obstacles};
use crate::store::{Tx, consume_totp_step, passcode_find, passcode_last_step};

/// What was checked before the transaction.
#[derive(Clone, Debug)]
pub(crate) enum VerifiedCredential {
    /// An app password that is valid for this.
    App,
    /// A password that is remembered as the one of this hash.
    Remembered {
        /// That hash.
        stored: String,
    },
    /// The password against a hash.
    Password {
        /// That hash; `None`: a dummy.
        stored: Option<String>,
        /// Whether it was the password.
        matches: bool,
        /// A place for a passcode was taken.
        passcode_place: bool,
    },
}

/// Why an attempt is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The limiter.
    RateLimited,
    /// No account of that name.
    UnknownUser,
    /// The account has no password here.
    NoPassword,
    /// Another password; an app password that has ended.
    WrongPassword,
    /// An app password that does not allow this.
    Scope,
    /// The account is deleted.
    Deleted,
    /// The account has expired.
    Expired,
    /// The account has no provider.
    Disabled,
    /// The account may not log in, or its role is unknown.
    LoginOff,
    /// A code is needed and none was given.
    PasscodeMissing,
    /// Another code, or one that was used.
    WrongPasscode,
}

impl Reason {
    /// The status in the record of logins, and in the log.
    pub(crate) const fn status(self) -> &'static str {
        match self {
            Self::RateLimited => "rate limited",
            Self::UnknownUser => "unknown user",
            Self::NoPassword => "no password",
            Self::WrongPassword => "wrong password",
            Self::Scope => "scope",
            Self::Deleted => "deleted",
            Self::Expired => "expired",
            Self::Disabled => "disabled",
            Self::LoginOff => "login off",
            Self::PasscodeMissing => "passcode missing",
            Self::WrongPasscode => "wrong passcode",
        }
    }

    /// Whether the places of address and account stay taken: the password was not right, or it is
    /// that of a deleted account, which is nobody's. Without a limit it would stand out.
    pub(crate) const fn counts_as_failure(self) -> bool {
        match self {
            Self::UnknownUser
            | Self::NoPassword
            | Self::WrongPassword
            | Self::Scope
            | Self::Deleted => true,
            Self::RateLimited
            | Self::Expired
            | Self::Disabled
            | Self::LoginOff
            | Self::PasscodeMissing
            | Self::WrongPasscode => false,
        }
    }
}

/// What becomes of an attempt.
#[derive(Debug)]
pub(crate) enum Decision<G, R, D = Reason> {
    /// Let in.
    Grant(G),
    /// Refused.
    Deny(D),
    /// What was checked is not what the database contains now: check again.
    Retry(R),
}

/// Decided by what the database contains.
type Judged = Decision<Grant, ()>;

/// How an attempt is let in.
pub(super) struct Grant {
    pub(super) app: Option<Session>,
    pub(super) passcode: Passcode,
}

/// The result of checking the passcode.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Passcode {
    NotNeeded,
    Code,
    Recovery,
}

pub(super) fn judge(
    tx: &Tx<'_>,
    context: &Context,
    attempt: &Attempt,
    checked: &VerifiedCredential,
    row: Option<&Account>,
) -> Result<Judged, CommandError> {
    let Some(row) = row else { return Ok(Decision::Deny(Reason::UnknownUser)) };
    let app = app_password(tx, context, attempt, row)?;
    let (now, machine_time) = (context.now.as_second(), context.machine_time.as_second());
    let right_app = app.as_ref().is_some_and(|app| accepts(app, row, attempt, now));
    let refusal = app_refusal(tx, context, attempt, row).map(Reason::from);
    match checked {
        VerifiedCredential::App => match (right_app, refusal) {
            (true, None) => Ok(grant(app, Passcode::NotNeeded)),
            // It or its account was ended while it was checked: the hash decides what it is now.
            (true, Some(_)) | (false, _) => Ok(Decision::Retry(())),
        },
        VerifiedCredential::Remembered { stored } => {
            let suffices = password_suffices(row, tx.kind().edition(), context.now);
            let is_current = usable_hash(tx, row)?.is_some_and(|current| current == *stored);
            // Anything else is refused as it would be otherwise, after a hash.
            Ok(if suffices && is_current && !right_app {
                grant(None, Passcode::NotNeeded)
            } else {
                Decision::Retry(())
            })
        }
        VerifiedCredential::Password { stored, matches, passcode_place } => {
            let current = usable_hash(tx, row)?;
            if current != *stored {
                return Ok(Decision::Retry(()));
            }
            if right_app {
                return Ok(refusal.map_or(Decision::Retry(()), Decision::Deny));
            }
            if current.is_none() {
                return Ok(Decision::Deny(Reason::NoPassword));
            }
            if !matches {
                let scope = app.is_some_and(|app| !app.lifetime().is_expired(now));
                let reason = if scope { Reason::Scope } else { Reason::WrongPassword };
                return Ok(Decision::Deny(reason));
            }
            match login_refusal(row, tx.kind().edition(), context.now) {
                Some(reason) => Ok(Decision::Deny(reason)),
                None => with_passcode(tx, machine_time, attempt, *passcode_place, row),
            }
        }
    }
}

fn grant(app: Option<Session>, passcode: Passcode) -> Judged {
    Decision::Grant(Grant { app, passcode })
}

/// What stops a right password.
fn login_refusal(account: &Account, edition: Edition, now: Timestamp) -> Option<Reason> {
    let mut obstacles = login_obstacles(account, edition, now);
    obstacles.find(|obstacle| !obstacle.is_about_password()).map(Reason::from)
}

impl From<Obstacle> for Reason {
    fn from(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::Deleted => Self::Deleted,
            Obstacle::Expired(_) => Self::Expired,
            Obstacle::NoProvider => Self::Disabled,
            Obstacle::OtherProvider | Obstacle::NoPassword => Self::NoPassword,
            Obstacle::NoName | Obstacle::System | Obstacle::LoginOff | Obstacle::UnknownRole => {
                Self::LoginOff
            }
        }
    }
}

fn with_passcode(
    tx: &Tx<'_>,
    now: i64,
    attempt: &Attempt,
    has_place: bool,
    row: &Account,
) -> Result<Judged, CommandError> {
    if !row.has_two_factor() {
        return Ok(grant(None, Passcode::NotNeeded));
    }
    let Some(typed) = &attempt.passcode else {
        return Ok(Decision::Deny(Reason::PasscodeMissing));
    };
    if !has_place {
        return Ok(Decision::Retry(()));
    }
    let Some(stored) = passcode_find(tx, &row.uid)? else {
        return Ok(Decision::Deny(Reason::WrongPasscode));
    };
    if recovery_code_matches(stored.recovery_code.expose(), typed.expose()) {
        return Ok(grant(None, Passcode::Recovery));
    }
    let last = passcode_last_step(tx, &row.uid)?;
    let step = Key::from_url(stored.key_url.expose())
        .ok()
        .and_then(|key| verify_totp(&key, typed.expose(), now, last));
    let taken = match step {
        Some(step) => consume_totp_step(tx, &row.uid, step)?,
        None => false,
    };
    let verdict =
        if taken { grant(None, Passcode::Code) } else { Decision::Deny(Reason::WrongPasscode) };
    Ok(verdict)
}
