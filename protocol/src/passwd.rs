//! `passwd.set` and `passwd.remove`.

use serde::{Deserialize, Serialize};

use crate::command::{Command, CommandName};
use crate::secret::Secret;
use crate::users::Target;

/// Arguments of `passwd.set`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// Name or UID.
    pub user: String,
    /// The new password.
    pub password: Secret,
    /// Leave the account's sessions alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_sessions: Option<bool>,
    /// Answer with the new hash; needs the level admin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub show_hash: Option<bool>,
}

/// Result of `passwd.set`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SetResult {
    /// Sessions that ended.
    pub sessions_revoked: u64,
    /// The new hash: absent unless it was asked for, `null` in a replay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Secret>,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_within_s: Option<u32>,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
}

/// Result of `passwd.remove`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RemoveResult {
    /// Whether there was a password.
    pub removed: bool,
    /// Sessions that ended.
    pub sessions_revoked: u64,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_within_s: Option<u32>,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
}

pub struct PasswdSet;

impl Command for PasswdSet {
    const NAME: CommandName = CommandName::PasswdSet;
    type Args = Set;
    type Reply = SetResult;

    fn password(args: &mut Self::Args) -> Option<&mut Secret> {
        Some(&mut args.password)
    }
}

pub struct PasswdRemove;

impl Command for PasswdRemove {
    const NAME: CommandName = CommandName::PasswdRemove;
    type Args = Target;
    type Reply = RemoveResult;
}
