//! The noun `logins`: the record of login attempts.

use serde::{Deserialize, Serialize};

use crate::args::Int;
use crate::command::{Command, CommandName};
use crate::list::Page;

/// Arguments of `logins.ls`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Ls {
    /// A prefix of name or address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// True: failures; false: successes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<bool>,
    /// Exactly this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Exactly this address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
    /// Updated then or later, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Rows of the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Int>,
    /// The `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Arguments of `logins.record`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Address that the attempt came from.
    pub client_ip: String,
    /// The name that was given.
    pub name: String,
    /// Whether it succeeded.
    pub ok: bool,
    /// What was logged in to; `api` unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub realm: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The browser or app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// Arguments of `logins.clear`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Clear {
    /// Records of this name, and the limiter's counters of that account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Records of this address, and the limiter's counters of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
}

/// One address, name and realm with its attempts. Times are RFC 3339 in UTC with whole seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Entry {
    /// Address.
    pub client_ip: String,
    /// Name, lower case.
    pub name: String,
    /// What was logged in to.
    pub realm: String,
    /// `OK`, or why the last attempt failed.
    pub status: String,
    /// More about that failure.
    pub error: String,
    /// Failures since the last success.
    pub repeated: u64,
    /// The browser or app.
    pub user_agent: String,
    /// Last success.
    pub login_at: Option<String>,
    /// Last failure.
    pub failed_at: Option<String>,
    /// The limiter refused then.
    pub banned_at: Option<String>,
    /// Last attempt.
    pub updated_at: Option<String>,
}

/// Result of `logins.record`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecordResult {
    /// Always true.
    #[cfg_attr(feature = "schema", schemars(extend("const" = true)))]
    pub recorded: bool,
}

/// Result of `logins.clear`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClearResult {
    /// Records that are gone.
    pub removed: u64,
}

pub struct LoginsLs;

impl Command for LoginsLs {
    const NAME: CommandName = CommandName::LoginsLs;
    type Args = Ls;
    type Reply = Page<Entry>;
}

pub struct LoginsRecord;

impl Command for LoginsRecord {
    const NAME: CommandName = CommandName::LoginsRecord;
    type Args = Record;
    type Reply = RecordResult;
}

pub struct LoginsClear;

impl Command for LoginsClear {
    const NAME: CommandName = CommandName::LoginsClear;
    type Args = Clear;
    type Reply = ClearResult;
}
