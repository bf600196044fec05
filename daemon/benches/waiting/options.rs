//! What is measured on what.

use crate::filled::{Kind, Size};

/// Whose database, and in which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Own,
    PhotoPrism,
    MariaDb,
}

impl Target {
    /// The kind of file that it is, or is restored from.
    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Own => Kind::Own,
            Self::PhotoPrism | Self::MariaDb => Kind::PhotoPrism,
        }
    }
}

/// The options of one run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) size: Size,
    pub(crate) targets: Vec<Target>,
    names: Vec<String>,
}

impl Options {
    /// `[own|photoprism|mariadb] [million] [accounts=N] [sessions=N] [a part of the name of rows]…`
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Self {
        let mut options = Self {
            size: Size { accounts: 100_000, sessions: 200_000 },
            targets: Vec::new(),
            names: Vec::new(),
        };
        for word in words {
            match word.split_once('=').unwrap_or((&word, "")) {
                // Cargo says so.
                ("--bench", _) => {}
                ("own", _) => options.targets.push(Target::Own),
                ("photoprism", _) => options.targets.push(Target::PhotoPrism),
                ("mariadb", _) => options.targets.push(Target::MariaDb),
                ("million", _) => {
                    options.size = Size { accounts: 1_000_000, sessions: 1_000_000 };
                }
                ("accounts", count) => options.size.accounts = count.parse().expect("a number"),
                ("sessions", count) => options.size.sessions = count.parse().expect("a number"),
                _ => options.names.push(word),
            }
        }
        if options.targets.is_empty() {
            options.targets = vec![Target::Own, Target::PhotoPrism, Target::MariaDb];
        }
        options
    }

    /// Whether a row of that name was asked for: all are unless some are named.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|part| name.contains(part.as_str()))
    }
}
