//! What can be wrong with a setting, and where a setting came from.

use std::fmt;

/// Where the value of a setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Nothing was given.
    Default,
    /// A flag; its name without the dashes.
    Flag(&'static str),
    /// A variable of the environment.
    Environment(&'static str),
    /// A line of the file of `--config`.
    File {
        /// The variable's name.
        name: &'static str,
        /// The file as it is shown.
        path: String,
        /// Its line, counted from 1.
        line: usize,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Flag(name) => write!(f, "--{name}"),
            Self::Environment(name) => f.write_str(name),
            Self::File { name, path, line } => write!(f, "{name}, {path}:{line}"),
        }
    }
}

/// Why the daemon does not start; one message for people, never a secret in it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The command line is not valid.
    #[error("{0}")]
    Usage(String),
    /// The value of one setting cannot be used.
    #[error("{name}: {why} (from {source_})", source_ = .from)]
    Setting {
        /// The setting, as its flag is called.
        name: &'static str,
        /// What is wrong with the value.
        why: String,
        /// Where the value came from.
        from: Source,
    },
    /// A line of the file of `--config` is not a known setting.
    #[error("{path}:{line}: {why}")]
    Line {
        /// The file as it is shown.
        path: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// Two databases are possible and no setting chooses one.
    #[error("{0}")]
    WhichDatabase(String),
}

impl ConfigError {
    /// The exit code of the process: 2, bad settings.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Setting { .. } | Self::Line { .. } | Self::WhichDatabase(_) => 2,
        }
    }
}
