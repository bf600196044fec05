//! What the engines say in different words.

/// The words of an engine.
#[derive(Clone, Copy)]
pub(in crate::store) enum Dialect {
    Sqlite,
}

impl Dialect {
    /// `INSERT INTO` that leaves a row as it is where its key exists.
    pub(in crate::store) const fn insert_if_new(self) -> &'static str {
        match self {
            Self::Sqlite => "INSERT OR IGNORE INTO",
        }
    }

    /// Equality for which NULL is a value like others.
    pub(in crate::store) const fn same(self) -> &'static str {
        match self {
            Self::Sqlite => "IS",
        }
    }
}
