//! The table of settings. The command line, the look-up in the environment, the reader of the
//! file, `--help` and `--check` are made from it.

mod entries;

pub use entries::SETTINGS;

/// The name of a setting in the code; the table has them in this order.
#[expect(missing_docs, reason = "each is described by its row of the table")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Id {
    Config,
    Database,
    Socket,
    SocketGroup,
    AuthSocket,
    AuthSocketGroup,
    Allow,
    AdminUser,
    AdminPassword,
    AdminPasswordFile,
    PasswordLength,
    PasswordHash,
    Argon2,
    SessionMaxage,
    SessionTimeout,
    SessionCache,
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
    pub const fn setting(self) -> &'static Setting {
        &SETTINGS[self as usize]
    }
}

/// The form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A text with rules of its own.
    Text,
    /// The path of a file, a directory or a socket.
    Path,
    /// A whole number, both ends included.
    Number {
        /// Least value.
        least: u64,
        /// Greatest value.
        most: u64,
    },
    /// Seconds, or -1 for never; 0 is refused.
    Lifetime,
    /// One of a few words.
    Word(&'static [&'static str]),
}

/// What holds where nothing is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// This text, as if it had been given.
    Text(&'static str),
    /// Something worked out at start, or nothing; the words for people.
    Worked(&'static str),
}

impl Preset {
    /// The words of `--help`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Text(words) | Self::Worked(words) => words,
        }
    }
}

/// One row: a setting and all its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name in the code.
    pub id: Id,
    /// Its name for people; its flag is `--` and this.
    pub name: &'static str,
    /// What stands for the value in `--help`; empty where there is no flag.
    pub argument: &'static str,
    /// Its variable in the environment and its name in the file.
    pub env: &'static str,
    /// What holds where nothing is given.
    pub preset: Preset,
    /// The form of its value.
    pub form: Form,
    /// A reload (SIGHUP) takes the new value; others wait for a restart.
    pub reload: bool,
    /// What it means, with its unit.
    pub help: &'static str,
}

impl Setting {
    /// There is a flag for it: not for a secret.
    pub const fn has_flag(&self) -> bool {
        !self.argument.is_empty()
    }
}
