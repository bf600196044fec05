//! `ping` and `status`.

use crate::command::{Command, CommandName};
use serde::{Deserialize, Serialize};

/// Arguments of a command that takes none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NoArgs {}

/// Result of `ping`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Pong {
    /// Always true.
    #[cfg_attr(feature = "schema", schemars(extend("const" = true)))]
    pub pong: bool,
    /// The protocol's version.
    pub protocol: u32,
    /// The daemon's version.
    pub version: String,
}

/// Result of `status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StatusReply {
    /// The daemon's version.
    pub version: String,
    /// The commit that it was built from, where that is known.
    #[serde(default)]
    pub commit: Option<String>,
    /// The target that it was built for, as rustc names it.
    #[serde(default)]
    pub target: String,
    /// The protocol's version.
    pub protocol: u32,
    /// The daemon's process id.
    pub pid: u32,
    /// Seconds since the daemon was ready.
    pub uptime_s: u64,
    /// Which database is in use.
    pub database: Database,
    /// Rows by kind.
    pub counts: Counts,
    /// Connections, over both sockets.
    pub connections: Connections,
    /// The password pool.
    pub passwords: Passwords,
    /// Where the daemon listens.
    pub sockets: Sockets,
    /// The daemons that wrote to the database server within the last hour; empty with a file.
    #[serde(default)]
    pub daemons: Vec<Daemon>,
    /// The backups that the daemon writes by itself; `None`: off.
    #[serde(default)]
    pub backups: Option<Backups>,
}

/// The backups that the daemon writes by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Backups {
    /// Seconds between two of them.
    pub every_s: u64,
    /// When the newest was written, RFC 3339 in UTC.
    pub last_at: Option<String>,
    /// Why the last attempt failed; `None` where it did not.
    pub last_error: Option<String>,
}

/// The database in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Database {
    /// `own` or `photoprism`.
    pub kind: String,
    /// `sqlite` or `mariadb`.
    #[serde(default)]
    pub engine: String,
    /// The version of the server that has it; `None` for a file, and while it cannot be reached.
    #[serde(default)]
    pub server: Option<String>,
    /// Its absolute path, or the address of the server as a URL without a password.
    pub path: String,
    /// Schema version of the daemon's own database; `None` for PhotoPrism's, or while it is
    /// missing.
    pub schema: Option<u32>,
    /// PhotoPrism's version as its database records it.
    pub photoprism_version: Option<String>,
    /// PhotoPrism's edition as its database records it, `ce` for one.
    pub edition: Option<String>,
}

/// Rows by kind; zeroes while the database is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counts {
    /// Accounts that are not deleted, without the system rows.
    pub users: u64,
    /// Deleted accounts.
    pub deleted: u64,
    /// Sessions, expired ones included.
    pub sessions: u64,
    /// Login records.
    pub logins: u64,
}

/// Connections, over both sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Connections {
    /// Open now.
    pub open: u64,
    /// The setting `max-connections`.
    pub limit: u64,
}

/// The password pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Passwords {
    /// Hashes being computed.
    pub running: u64,
    /// Hashes that wait for a thread.
    pub waiting: u64,
}

/// Where the daemon listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sockets {
    /// Path of the admin socket.
    pub admin: String,
    /// Path of the auth socket; `None` while it is off.
    pub auth: Option<String>,
}

/// A daemon that works on the same database server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Daemon {
    /// The name of its host.
    pub host: String,
    /// When it last wrote, RFC 3339 in UTC, by the clock of the server.
    pub last_write_at: String,
}

pub struct Ping;

impl Command for Ping {
    const NAME: CommandName = CommandName::Ping;
    type Args = NoArgs;
    type Reply = Pong;
}

pub struct Status;

impl Command for Status {
    const NAME: CommandName = CommandName::Status;
    type Args = NoArgs;
    type Reply = StatusReply;
}
