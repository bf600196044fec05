//! The table of settings. The command line, the environment, the reader of the file, `--help` and
//! `--check` are all derived from it.

mod entries;
mod limits;

use self::entries::OTHERS;
use self::limits::LIMITS;

/// Every setting, in the order of [`Id`].
pub(crate) const SETTINGS: [Setting; OTHERS.len() + LIMITS.len()] = all();

const fn all() -> [Setting; OTHERS.len() + LIMITS.len()] {
    let mut all = [OTHERS[0]; OTHERS.len() + LIMITS.len()];
    let mut at = 0;
    while at < all.len() {
        let is_limit = at >= OTHERS.len();
        all[at] = if is_limit { LIMITS[at - OTHERS.len()] } else { OTHERS[at] };
        at += 1;
    }
    all
}

/// The name of a setting in the code; the table has them in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Id {
    Config,
    Database,
    DatabasePassword,
    DatabasePasswordFile,
    Backups,
    BackupEvery,
    BackupKeep,
    Socket,
    SocketGroup,
    AuthSocket,
    AuthSocketGroup,
    Allow,
    AdminUser,
    AdminPassword,
    AdminPasswordFile,
    Accounts,
    AccountsLenient,
    PasswordLength,
    PasswordHash,
    Argon2,
    SessionMaxage,
    SessionTimeout,
    SessionCache,
    VerdictTtl,
    PhotoprismUrl,
    DisableFeatures,
    WaitLock,
    LogFormat,
    LogLevel,
    MaxLine,
    MaxConnections,
    MaxConnectionsPerUid,
    ReservedConnections,
    LineTimeout,
    IdleTimeout,
    WriteTimeout,
    RequestTimeout,
    HashThreads,
    HashQueue,
    LoginBurst,
    LoginRefill,
    RefusalFloor,
    LoginRecords,
}

impl Id {
    /// The setting's row of the table.
    pub(crate) const fn setting(self) -> &'static Setting {
        &SETTINGS[self as usize]
    }
}

/// The form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A text with rules of its own.
    Text,
    /// The path of a file, a directory or a socket.
    Path,
    /// A whole number, both ends included.
    Number { least: u64, most: u64 },
    /// Seconds, or -1 for never; 0 is refused.
    Lifetime,
    /// A time with its unit (`12h`, `1d`), or `off`; both ends in seconds, included.
    Every { least: u64, most: u64 },
    /// On or off; as a flag it needs no value.
    Switch,
    /// One of a few fixed values.
    OneOf(&'static [&'static str]),
}

/// The value of a setting where nothing is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Default {
    /// This text, as if it were given.
    Text(&'static str),
    /// Something computed at start, or nothing; the text describes it for people.
    Computed(&'static str),
}

impl Default {
    /// The text that `--help` shows.
    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::Text(text) | Self::Computed(text) => text,
        }
    }
}

/// One row: a setting and all its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Its name in the code.
    pub id: Id,
    /// Its name for people; with `--` before it, its flag.
    pub name: &'static str,
    /// The placeholder of the value in `--help`; empty where there is no flag.
    pub argument: &'static str,
    /// Its variable in the environment and its name in the file.
    pub env: &'static str,
    /// Its value where nothing is given.
    pub default: Default,
    /// The form of its value.
    pub form: Form,
    /// A reload (SIGHUP) applies the new value; other settings need a restart.
    pub reload: bool,
    /// What it means, with its unit.
    pub help: &'static str,
}

impl Setting {
    /// Whether it has a flag: secrets do not.
    pub(crate) const fn has_flag(&self) -> bool {
        !self.argument.is_empty()
    }
}
