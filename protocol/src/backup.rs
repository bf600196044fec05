//! The commands of the noun `backup`: arguments and objects.

use serde::{Deserialize, Serialize};

use crate::args::Int;
use crate::command::{Command, CommandName};
use crate::list::Page;
use crate::rule::{RuleError, require};
use crate::secret::Secret;

/// Longest name of a backup, in bytes: that of a file.
const MAX_FILE_BYTES: usize = 255;

/// The name of a file in the directory of the backups: ASCII letters, digits, `.`, `-` and `_`,
/// beginning with neither `.` nor `-`, ending in `.db`. Never a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// Checks a name.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        require(
            !text.contains('/'),
            "a backup is named by its file name in the directory of the backups; leave the path out",
        )?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let known = text.chars().all(plain) && text.len() <= MAX_FILE_BYTES;
        let ends = text.strip_suffix(".db").is_some_and(|stem| !stem.is_empty());
        require(
            known && ends && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'),
            "this is not the name of a backup; take one that backup.ls lists",
        )?;
        Ok(Self(text.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Arguments of `backup.ls`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Ls {
    /// Rows of the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Int>,
    /// The `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A backup as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Entry {
    /// Its name, which the other commands take.
    pub file: String,
    /// Its absolute path.
    pub path: String,
    /// `automatic`, `manual`, `periodic`, or `migration` for a copy of the whole database.
    pub origin: String,
    /// Its length.
    pub bytes: u64,
    /// Created at, RFC 3339 in UTC.
    pub created_at: String,
}

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counts {
    /// Accounts that are not deleted, without the system rows.
    pub users: u64,
    /// Deleted accounts.
    pub deleted: u64,
    /// Sessions, tokens and app passwords.
    pub sessions: u64,
}

/// Arguments of `backup.create`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// Manual backups that stay, this one included: the oldest go. Left out: all stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<Int>,
}

/// Result of `backup.create`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateResult {
    /// Its absolute path.
    pub backup: String,
    /// Its name, which the other commands take.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// What it holds.
    pub counts: Counts,
    /// With `keep`: how many older ones were deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<u64>,
}

/// Arguments of `backup.verify`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// One backup; left out: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// What was found in one backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Checked {
    /// Its name.
    pub file: String,
    /// It is intact, and one of the daemon's own.
    pub ok: bool,
    /// What is wrong with it.
    pub error: Option<String>,
    /// Whose accounts it holds, `own` or `photoprism`.
    pub database: Option<String>,
    /// What it holds; `None` for a copy of the whole database too.
    pub counts: Option<Counts>,
}

/// Result of `backup.verify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VerifyResult {
    /// All that were checked are ok.
    pub ok: bool,
    /// One by one, the newest first.
    pub backups: Vec<Checked>,
}

/// Arguments of `backup.restore`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// Which backup.
    pub file: String,
    /// Only report what would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// Bring sessions, tokens and app passwords back as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with_sessions: Option<bool>,
}

/// An account that does not stay as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountChange {
    /// UID.
    pub uid: String,
    /// Its name in the backup, of one that goes its present one.
    pub name: String,
    /// `added`, `changed` or `removed`.
    pub change: String,
    /// Of one that changes, what does.
    pub fields: Vec<String>,
}

/// Result of `backup.restore`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RestoreResult {
    /// Nothing was changed.
    pub dry_run: bool,
    /// Accounts that come.
    pub added: u64,
    /// Accounts that become what they were.
    pub changed: u64,
    /// Accounts that are not in the backup and go.
    pub removed: u64,
    /// Accounts that stay as they are.
    pub unchanged: u64,
    /// Those that do not stay, 500 or fewer, in the order of their names.
    pub accounts: Vec<AccountChange>,
    /// Sessions, tokens and app passwords that end.
    pub sessions_revoked: u64,
    /// Those that come back or stay.
    pub sessions_restored: u64,
    /// Absolute path of the backup that holds what was there before.
    pub backup: Option<String>,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_within_s: Option<u32>,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
}

pub struct BackupCreate;

impl Command for BackupCreate {
    const NAME: CommandName = CommandName::BackupCreate;
    type Args = Create;
    type Reply = CreateResult;
}

pub struct BackupLs;

impl Command for BackupLs {
    const NAME: CommandName = CommandName::BackupLs;
    type Args = Ls;
    type Reply = Page<Entry>;
}

pub struct BackupVerify;

impl Command for BackupVerify {
    const NAME: CommandName = CommandName::BackupVerify;
    type Args = Verify;
    type Reply = VerifyResult;
}

pub struct BackupRestore;

impl Command for BackupRestore {
    const NAME: CommandName = CommandName::BackupRestore;
    type Args = Restore;
    type Reply = RestoreResult;
}

/// Arguments of `backup.rm`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rm {
    /// Name of the backup, or its absolute path as the daemon shows it.
    pub backup: String,
}

/// Result of `backup.rm`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RmResult {
    /// Always true: a backup that is not there is an error.
    #[cfg_attr(feature = "schema", schemars(extend("const" = true)))]
    pub removed: bool,
}

pub struct BackupRm;

impl Command for BackupRm {
    const NAME: CommandName = CommandName::BackupRm;
    type Args = Rm;
    type Reply = RmResult;
}

/// Arguments of `backup.prune`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Prune {
    /// Manual backups that stay, the newest.
    pub keep: Int,
    /// Only report what would go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

/// Result of `backup.prune`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PruneResult {
    /// Nothing was deleted.
    pub dry_run: bool,
    /// Manual backups that went, or would.
    pub removed: u64,
    /// Manual backups that stay.
    pub kept: u64,
    /// Names of those that went, the oldest first, 1000 or fewer.
    pub files: Vec<String>,
}

pub struct BackupPrune;

impl Command for BackupPrune {
    const NAME: CommandName = CommandName::BackupPrune;
    type Args = Prune;
    type Reply = PruneResult;
}

/// Arguments of `backup.fetch`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Fetch {
    /// Which backup.
    pub file: String,
    /// The `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Result of `backup.fetch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FetchResult {
    /// Its name.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// The next of its bytes, in base64.
    pub data: Secret,
    /// Where those after them begin; `None` at the end.
    pub next: Option<String>,
}

pub struct BackupFetch;

impl Command for BackupFetch {
    const NAME: CommandName = CommandName::BackupFetch;
    type Args = Fetch;
    type Reply = FetchResult;
}

/// Arguments of one step of `backup.send`: `data` or `done` says which.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// Which upload; left out by the first step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload: Option<String>,
    /// The next bytes of the file, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Secret>,
    /// The file is complete: check it, and give it a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<bool>,
}

/// Result of a step of `backup.send`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SendResult {
    /// For the next step.
    pub upload: String,
    /// Bytes that have come.
    pub bytes: u64,
    /// Once it is complete: its name, which the other commands take.
    pub file: Option<String>,
    /// Its absolute path.
    pub backup: Option<String>,
    /// What it holds.
    pub counts: Option<Counts>,
}

pub struct BackupSend;

impl Command for BackupSend {
    const NAME: CommandName = CommandName::BackupSend;
    type Args = Send;
    type Reply = SendResult;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_that_of_a_file_in_the_directory() {
        for text in ["auto-20261124T101407.910Z-users-reset.db", "a.db", "_A.2.db", "1.db"] {
            assert_eq!(FileName::parse(text).unwrap().as_str(), text);
        }
        for text in ["/a.db", "../a.db", "backups/a.db", "/"] {
            assert!(FileName::parse(text).unwrap_err().as_str().contains("path"), "{text}");
        }
        let long = format!("{}.db", "a".repeat(253));
        for text in
            ["", ".db", "a", "a.tmp", "a.DB", ".a.db", "-a.db", "..", "a\0.db", "ä.db", "a b.db"]
                .into_iter()
                .chain([long.as_str()])
        {
            assert!(FileName::parse(text).unwrap_err().as_str().contains("backup.ls"), "{text}");
        }
        FileName::parse(&long[1..]).unwrap();
    }
}
