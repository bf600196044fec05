//! `audit.ls` and `audit.verify`: the record of every committed write.

use serde::{Deserialize, Serialize};

use crate::args::Int;
use crate::command::{Command, CommandName};
use crate::list::Page;

/// Arguments of `audit.ls`.
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

/// Arguments of `audit.verify`: both or none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// The number of a record that must still be in the chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<Int>,
    /// Its hash, 64 lower-case hex digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Record {
    /// Position in the chain, from 1 without gaps.
    pub number: u64,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// The host of the daemon that wrote it, where several daemons may.
    #[serde(default)]
    pub host: Option<String>,
    /// The peer's user id; the daemon's own for what it did by itself.
    pub uid: u32,
    /// The peer's group id.
    pub gid: u32,
    /// The peer's process id.
    pub pid: i32,
    /// `admin` or `auth`; `None` for what the daemon did by itself, with uid, gid and pid its own.
    pub socket: Option<String>,
    /// The command.
    pub command: String,
    /// What it was about: a UID, a name, or nothing.
    pub target: String,
    /// SHA-256 over the hash before and this record's bytes, in hex.
    pub hash: String,
}

/// A record, which vouches for all before it by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Head {
    /// Its number.
    pub number: u64,
    /// Its hash in hex.
    pub hash: String,
}

/// Result of `audit.verify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VerifyResult {
    /// Whether the chain is intact and holds the record that was asked for.
    pub ok: bool,
    /// Records in the table.
    pub records: u64,
    /// The newest record; `None` in an empty chain.
    pub head: Option<Head>,
    /// The number at which the chain does not hold.
    pub broken_at: Option<u64>,
}

pub struct AuditLs;

impl Command for AuditLs {
    const NAME: CommandName = CommandName::AuditLs;
    type Args = Ls;
    type Reply = Page<Record>;
}

pub struct AuditVerify;

impl Command for AuditVerify {
    const NAME: CommandName = CommandName::AuditVerify;
    type Args = Verify;
    type Reply = VerifyResult;
}
