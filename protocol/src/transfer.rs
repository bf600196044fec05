//! `users.export` and `users.import`: many accounts at once, as text.

use serde::{Deserialize, Serialize};

use crate::args::{ArgError, Entries, Int, decode_pair};
use crate::command::{Command, CommandName};
use crate::list::Page;
use crate::secret::Secret;
use crate::users::Fields;

/// Arguments of `users.export`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// As in `users.ls`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Password hashes and two-factor keys too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<bool>,
    /// Rows of the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Int>,
    /// The `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// An account as files contain it: an item of `users.export`, a line of NDJSON, a record of CSV, a
/// table of TOML. What is left out is not given.
// Only `Row::decode` refuses unknown keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Row {
    /// Login name.
    pub name: String,
    /// Its properties; `expires_at` may be a day.
    #[serde(flatten)]
    pub fields: Fields,
    /// File that the client reads the password from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<String>,
    /// bcrypt or Argon2 hash of the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<Secret>,
    /// `otpauth://totp/…`: two-factor authentication is on with this key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totp_url: Option<Secret>,
    /// Its recovery code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_code: Option<Secret>,
}

/// The keys of a row that are not properties.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnKeys {
    name: String,
    password_file: Option<String>,
    password_hash: Option<Secret>,
    totp_url: Option<Secret>,
    recovery_code: Option<Secret>,
}

impl Row {
    /// Decodes the object of an account.
    ///
    /// # Errors
    /// The first [`ArgError`].
    pub fn decode(entries: Entries<'_>) -> Result<Self, ArgError> {
        let (own, fields) = decode_pair::<OwnKeys, Fields>(entries)?;
        let OwnKeys { name, password_file, password_hash, totp_url, recovery_code } = own;
        Ok(Self { name, fields, password_file, password_hash, totp_url, recovery_code })
    }
}

/// Arguments of one step of `users.import`: `text`, `database`, `file`, `run` or `cursor` says
/// which.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// Which import; left out by the first step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import: Option<String>,
    /// The next part of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Secret>,
    /// In place of a text: the path of PhotoPrism's `index.db`, as the daemon sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// One of the files that `missing_files` asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The password read from `file`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// The text is complete: apply it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<bool>,
    /// With `run`: change nothing, only report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// With `run`: change accounts that differ, instead of leaving them alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update: Option<bool>,
    /// With `run`: delete accounts that the text does not name, after a backup. A text that names
    /// none is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prune: Option<bool>,
    /// With `run`: the role of new accounts whose rows give none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// With `run`: carry out at most 20,000 rows, and leave the rest to the next `run`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<bool>,
    /// With `parts`: more of the text follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more: Option<bool>,
    /// The `next` of the results before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Result of a step of `users.import`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ImportResult {
    /// For the next step.
    pub import: String,
    /// It was applied, or with `dry_run` tried; else the same step must be sent again.
    pub done: bool,
    /// Rows that the text has; 0 before it is complete.
    pub rows: u64,
    /// Rows whose passwords are hashed or compared.
    pub prepared: u64,
    /// Files that rows name and that were not sent yet: the import waits for them.
    pub missing_files: Vec<String>,
    /// How many rows had which outcome.
    pub counts: ImportCounts,
    /// Some of the results, in the order of the rows.
    pub items: Vec<ImportItem>,
    /// Where the next ones begin; `None` after the last.
    pub next: Option<String>,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_within_s: Option<u32>,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
    /// Absolute path of the backup of what was there before, where accounts were pruned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    /// With `parts`: bytes of the text that are left to the next `run`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u64>,
}

/// How many rows had which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ImportCounts {
    /// New accounts.
    pub added: u64,
    /// Accounts that were changed.
    pub updated: u64,
    /// Accounts that matched their row already.
    pub unchanged: u64,
    /// Accounts that differ and were left alone.
    pub kept: u64,
    /// Accounts that were deleted because no row names them.
    pub pruned: u64,
    /// Rows that were refused.
    pub refused: u64,
}

/// The outcome of one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ImportItem {
    /// Line of the text on which the row begins; 0 for an account that no row names.
    pub line: u64,
    /// Its name, where it has one that keeps the rule; of a database's row the name there.
    pub name: String,
    /// added, updated, unchanged, kept, pruned or refused.
    pub outcome: String,
    /// What changed, or for `kept` what differs.
    pub changed: Vec<String>,
    /// Sessions that ended.
    pub sessions_revoked: u64,
    /// Code of the error.
    pub code: Option<String>,
    /// Where the error is.
    pub field: Option<String>,
    /// For people.
    pub message: Option<String>,
}

pub struct UsersExport;

impl Command for UsersExport {
    const NAME: CommandName = CommandName::UsersExport;
    type Args = Export;
    type Reply = Page<Row>;
}

pub struct UsersImport;

impl Command for UsersImport {
    const NAME: CommandName = CommandName::UsersImport;
    type Args = Import;
    type Reply = ImportResult;
}
