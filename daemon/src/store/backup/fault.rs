//! Why a file is not taken for a backup.

use thiserror::Error;

use crate::store::error::StoreError;

/// Why a file is not taken.
#[derive(Clone, Debug, Error)]
pub enum BackupFault {
    /// There is no such file.
    #[error("there is no such backup")]
    Missing,
    /// It is something else, or damaged; the statement says what was found.
    #[error("{0}")]
    NotOne(String),
    /// It is a whole copy of our own database, made before a migration.
    #[error("it is a copy of the whole database")]
    Whole,
    /// It was made by a newer daemon, of this schema.
    #[error("its schema is {0}, newer than this daemon knows")]
    Newer(u32),
    /// It could not be looked at.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for BackupFault {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as C;
        match error.sqlite_error_code() {
            Some(C::NotADatabase) => Self::NotOne("it is not an SQLite database".into()),
            Some(C::DatabaseCorrupt) => Self::NotOne("it is damaged".into()),
            Some(C::CannotOpen | C::ReadOnly) => {
                Self::NotOne("it was still being written to when it was left".into())
            }
            _ => Self::Store(error.into()),
        }
    }
}
