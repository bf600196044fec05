//! What is measured on what.

use crate::filled::{Kind, Size};

/// The options of one run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) size: Size,
    pub(crate) kinds: Vec<Kind>,
    names: Vec<String>,
}

impl Options {
    /// `[own|photoprism] [million] [accounts=N] [sessions=N] [a part of the name of rows]…`
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Self {
        let mut options = Self {
            size: Size { accounts: 100_000, sessions: 200_000 },
            kinds: Vec::new(),
            names: Vec::new(),
        };
        for word in words {
            match word.split_once('=').unwrap_or((&word, "")) {
                // Cargo says so.
                ("--bench", _) => {}
                ("own", _) => options.kinds.push(Kind::Own),
                ("photoprism", _) => options.kinds.push(Kind::PhotoPrism),
                ("million", _) => {
                    options.size = Size { accounts: 1_000_000, sessions: 1_000_000 };
                }
                ("accounts", count) => options.size.accounts = count.parse().expect("a number"),
                ("sessions", count) => options.size.sessions = count.parse().expect("a number"),
                _ => options.names.push(word),
            }
        }
        if options.kinds.is_empty() {
            options.kinds = vec![Kind::Own, Kind::PhotoPrism];
        }
        options
    }

    /// Whether a row of that name was asked for: all are unless some are named.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|part| name.contains(part.as_str()))
    }
}
