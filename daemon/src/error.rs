//! What a command can return instead of a result, and what of it goes on the wire.

use std::borrow::Cow;

use photoprism_protocol::account_text::TextError;
use photoprism_protocol::args::ArgError;
use photoprism_protocol::error::{ErrorBody, ErrorCode};
use photoprism_protocol::rule::RuleError;
use thiserror::Error;

use crate::store::{StoreError, WorkError};

type Text = Cow<'static, str>;

/// A refusal or a failure. The wire gets a stable code and the daemon's own message; causes stay in
/// the log.
#[derive(Clone, Debug, Error)]
pub(crate) enum CommandError {
    /// The arguments did not decode.
    #[error("bad arguments")]
    BadArgs(#[from] ArgError),
    /// An argument breaks a rule.
    #[error("{field}: {message}")]
    Invalid {
        /// The argument.
        field: Text,
        /// The rule, and what to do.
        message: Text,
    },
    /// A destructive command came without its confirmation.
    #[error("confirm is missing")]
    Unconfirmed,
    /// What was requested does not exist.
    #[error("{message}")]
    NotFound {
        /// What does not exist.
        message: Text,
        /// How to restore it, where it is only deleted.
        hint: Option<Text>,
    },
    /// A name or email is taken.
    #[error("{message}")]
    Exists {
        /// The argument.
        field: &'static str,
        /// What is taken.
        message: Text,
        /// How to restore it, where it is only deleted.
        hint: Option<Text>,
    },
    /// A rule that depends on other data.
    #[error("{0}")]
    Conflict(Text),
    /// The peer is not allowed to do this.
    #[error("{message}")]
    Forbidden {
        /// Why.
        message: Text,
        /// The argument that requests too much.
        field: Option<&'static str>,
    },
    /// A login is refused.
    #[error("login refused")]
    Login(LoginRefusal),
    /// A queue is full.
    #[error("busy")]
    Busy {
        /// Whole seconds until another attempt may succeed.
        retry_after_s: u64,
    },
    /// The deadline passed before the work began.
    #[error("the deadline passed before the work began")]
    Late,
    /// Another connection used the same idempotency key meanwhile: read it again.
    #[error("the idempotency key was used meanwhile")]
    KeyTaken,
    /// Cannot be done now.
    #[error("{0}")]
    Unavailable(Text),
    /// The backups cannot be read, in a command that changes nothing.
    #[error("{0}")]
    BackupsUnreadable(String),
    /// A fault of the daemon's own.
    #[error("{0}")]
    Internal(String),
    /// The store's.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotKept { column } => Self::not_kept(argument(&column)),
            StoreError::NotInCharset { column } => Self::Invalid {
                field: argument(&column).into(),
                message: "PhotoPrism's table cannot hold a character of this text: give one \
                     without it, or convert the table to utf8mb4"
                    .into(),
            },
            StoreError::Busy { retry_after_s } => Self::Busy { retry_after_s },
            StoreError::Late => Self::Late,
            error => Self::Store(error),
        }
    }
}

impl WorkError for CommandError {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl From<TextError> for CommandError {
    fn from(error: TextError) -> Self {
        match error {
            TextError::Args(fault) => Self::BadArgs(fault),
            TextError::Invalid { field, message } => Self::Invalid { field, message },
        }
    }
}

/// The argument whose text a column holds.
fn argument(column: &str) -> String {
    match column {
        "user_name" => "name",
        "user_email" => "email",
        "user_attr" => "attr",
        "hash" => "password_hash",
        column => column,
    }
    .to_owned()
}

/// The reply to a refused login: only administrators learn the exact reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginRefusal {
    /// Unknown name, wrong password, disabled account, wrong passcode: one reply for all.
    Refused,
    /// The password was right, a passcode is needed.
    PasscodeRequired,
    /// Too many failures.
    RateLimited {
        /// Whole seconds until the limiter allows another attempt.
        retry_after_s: u64,
    },
}

impl LoginRefusal {
    fn into_body(self) -> ErrorBody {
        match self {
            Self::Refused => ErrorBody::new(
                ErrorCode::InvalidCredentials,
                "the name, the password or the passcode is wrong, or the account may not log in",
            ),
            Self::PasscodeRequired => ErrorBody::new(
                ErrorCode::PasscodeRequired,
                "a passcode of the authenticator app, or the recovery code, is needed as well",
            ),
            Self::RateLimited { retry_after_s } => {
                ErrorBody::new(ErrorCode::RateLimited, "too many failed attempts, try again later")
                    .retry_after(retry_after_s)
            }
        }
    }
}

impl CommandError {
    /// The argument `field` breaks `rule`.
    pub(crate) fn invalid(field: impl Into<Text>, rule: &RuleError) -> Self {
        Self::Invalid { field: field.into(), message: rule.to_string().into() }
    }

    /// The argument `field` breaks the rule that `message` states.
    pub(crate) fn broken(field: &'static str, message: impl Into<Text>) -> Self {
        Self::Invalid { field: field.into(), message: message.into() }
    }

    /// PhotoPrism's column for `field` would not return the same text.
    pub(crate) fn not_kept(field: impl Into<Text>) -> Self {
        let message = "PhotoPrism's database would store this as a number and give back another \
             text; give one that does not look like a number";
        Self::Invalid { field: field.into(), message: message.into() }
    }

    /// The same error in a command that changes nothing, whose message need not mention that.
    #[must_use]
    pub(crate) fn of_read(self) -> Self {
        match self {
            Self::Store(StoreError::Backup(what)) => Self::BackupsUnreadable(what),
            other => other,
        }
    }

    /// The error as it goes on the wire. `request` identifies this request in the log.
    pub(crate) fn into_body(self, request: &str) -> ErrorBody {
        match self {
            Self::BadArgs(fault) => fault.into(),
            Self::Invalid { field, message } => {
                ErrorBody::new(ErrorCode::InvalidArgument, message).at(field)
            }
            Self::Unconfirmed => ErrorBody::new(
                ErrorCode::ConfirmRequired,
                "this command destroys something and needs \"confirm\":true",
            ),
            Self::NotFound { message, hint } => {
                with_hint(ErrorBody::new(ErrorCode::NotFound, message), hint)
            }
            Self::Exists { field, message, hint } => {
                with_hint(ErrorBody::new(ErrorCode::Exists, message).at(field), hint)
            }
            Self::Conflict(message) => ErrorBody::new(ErrorCode::Conflict, message),
            Self::Forbidden { message, field } => {
                let error = ErrorBody::new(ErrorCode::Forbidden, message);
                field.map_or(error.clone(), |field| error.at(field))
            }
            Self::Login(refusal) => refusal.into_body(),
            Self::Busy { retry_after_s } => busy(retry_after_s),
            Self::Late => late(),
            Self::KeyTaken => ErrorBody::new(
                ErrorCode::Busy,
                "another request used this key meanwhile; nothing was done, try again",
            ),
            Self::Unavailable(message) => ErrorBody::new(ErrorCode::Unavailable, message),
            Self::BackupsUnreadable(what) => ErrorBody::new(ErrorCode::Unavailable, what),
            Self::Internal(_) => internal(request),
            Self::Store(error) => store_body(&error, request),
        }
    }

    /// Whether the log must contain the cause, because the wire does not.
    pub(crate) const fn is_fault(&self) -> bool {
        matches!(
            self,
            Self::Internal(_)
                | Self::BackupsUnreadable(_)
                | Self::Store(
                    StoreError::Damaged(_)
                        | StoreError::TooBig(_)
                        | StoreError::Other(_)
                        | StoreError::Panicked
                        | StoreError::Full(_)
                        | StoreError::BackupFull(_)
                        | StoreError::Sync(_)
                        | StoreError::Backup(_)
                        | StoreError::Constraint(_)
                )
        )
    }
}

fn with_hint(error: ErrorBody, hint: Option<Text>) -> ErrorBody {
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

fn busy(retry_after_s: u64) -> ErrorBody {
    ErrorBody::new(ErrorCode::Busy, "too much is waiting already; nothing was done")
        .retry_after(retry_after_s)
}

fn late() -> ErrorBody {
    ErrorBody::new(
        ErrorCode::Busy,
        "the work had not begun when its time was up; nothing was done, try again",
    )
}

fn internal(request: &str) -> ErrorBody {
    ErrorBody::new(ErrorCode::Internal, request.to_owned())
}

fn store_body(error: &StoreError, request: &str) -> ErrorBody {
    let unavailable = |message| ErrorBody::new(ErrorCode::Unavailable, message);
    match error {
        StoreError::Full(_) => ErrorBody::new(
            ErrorCode::StorageFull,
            "the database could not grow, nothing was changed; make room on its file system",
        ),
        StoreError::BackupFull(what) => {
            ErrorBody::new(ErrorCode::StorageFull, format!("nothing was changed: {what}"))
        }
        StoreError::Locked(_) | StoreError::Undone(_) => {
            unavailable("the database is locked by another process; try again")
        }
        StoreError::OtherSchema(_) => {
            unavailable("the tables of the database are being changed or restored; try again")
        }
        StoreError::Unreachable(what) => ErrorBody::new(
            ErrorCode::Unavailable,
            format!("the database server does not do that now: {what}; try again"),
        ),
        StoreError::OutcomeUnknown => ErrorBody::new(
            ErrorCode::OutcomeUnknown,
            "it may have been done: the connection to the database server was lost; look, or send \
             it again with the same key",
        ),
        StoreError::Missing => {
            unavailable("the database does not exist yet; PhotoPrism creates it at its first start")
        }
        StoreError::ReadOnly(_) => unavailable(
            "the database cannot be written, nothing was changed; see who may write its file and \
             directory, and whether they are mounted read-only",
        ),
        StoreError::Backup(what) => {
            ErrorBody::new(ErrorCode::Unavailable, format!("nothing was changed: {what}"))
        }
        StoreError::Constraint(what) => ErrorBody::new(
            ErrorCode::Conflict,
            format!("the database does not allow it, and nothing was changed: {what}"),
        ),
        StoreError::Stopped => unavailable("the daemon is stopping; try again"),
        StoreError::Busy { retry_after_s } => busy(*retry_after_s),
        StoreError::Late => late(),
        StoreError::Sync(_)
        | StoreError::Damaged(_)
        | StoreError::Panicked
        | StoreError::NotKept { .. }
        | StoreError::NotInCharset { .. }
        | StoreError::TooBig(_)
        | StoreError::Other(_) => internal(request),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_a_column_cannot_keep_is_refused_at_its_argument() {
        for (column, field) in [
            ("auth_id", "auth_id"),
            ("base_path", "base_path"),
            ("user_name", "name"),
            ("user_email", "email"),
            ("user_attr", "attr"),
            ("hash", "password_hash"),
        ] {
            let error = CommandError::from(StoreError::NotKept { column: column.into() });
            let body = error.into_body("");
            assert_eq!(
                (body.code, body.field.as_deref()),
                (ErrorCode::InvalidArgument, Some(field))
            );
        }
    }
}
