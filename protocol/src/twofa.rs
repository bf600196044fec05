//! `users.2fa.*`: two-factor authentication of an account (RFC 6238).

use serde::{Deserialize, Serialize};

use crate::command::{Command, CommandName};
use crate::secret::Secret;
use crate::users::Target;

/// Arguments of `users.2fa.confirm`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// Name or UID.
    pub user: String,
    /// The first code of the app.
    pub passcode: Secret,
}

/// Result of `users.2fa.show`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Show {
    /// UID of the account.
    pub uid: String,
    /// Name of the account.
    pub name: String,
    /// Codes are asked for.
    pub active: bool,
    /// A key was created that is not yet active.
    pub pending: bool,
    /// There is a recovery code that was not used.
    pub has_recovery_code: bool,
    /// When the key was created.
    pub created_at: Option<String>,
    /// When it became active.
    pub activated_at: Option<String>,
}

/// Result of `users.2fa.enroll`: the only time that the key is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EnrollResult {
    /// `otpauth://totp/…` for an authenticator app; `None` in a replay.
    pub url: Option<Secret>,
    /// The key alone in base 32, to type it; `None` in a replay.
    pub key: Option<Secret>,
}

/// Result of `users.2fa.confirm` and `users.2fa.recovery`: the only time that the code is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecoveryResult {
    /// Works once in place of a code and turns two-factor authentication off; `None` in a replay.
    pub recovery_code: Option<Secret>,
}

/// Result of `users.2fa.disable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DisableResult {
    /// There was something to turn off.
    pub disabled: bool,
    /// Sessions that ended.
    pub sessions_revoked: u64,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_within_s: Option<u32>,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
}

pub struct Users2faShow;

impl Command for Users2faShow {
    const NAME: CommandName = CommandName::Users2faShow;
    type Args = Target;
    type Reply = Show;
}

pub struct Users2faEnroll;

impl Command for Users2faEnroll {
    const NAME: CommandName = CommandName::Users2faEnroll;
    type Args = Target;
    type Reply = EnrollResult;
}

pub struct Users2faConfirm;

impl Command for Users2faConfirm {
    const NAME: CommandName = CommandName::Users2faConfirm;
    type Args = Confirm;
    type Reply = RecoveryResult;
}

pub struct Users2faDisable;

impl Command for Users2faDisable {
    const NAME: CommandName = CommandName::Users2faDisable;
    type Args = Target;
    type Reply = DisableResult;
}

pub struct Users2faRecovery;

impl Command for Users2faRecovery {
    const NAME: CommandName = CommandName::Users2faRecovery;
    type Args = Target;
    type Reply = RecoveryResult;
}
