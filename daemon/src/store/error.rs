//! Errors below the commands.

use thiserror::Error;

/// An error of the store. Its text is for the log; the wire gets a code and a message of our own.
#[derive(Clone, Debug, Error)]
pub enum StoreError {
    /// The file system or the file's own limit refused to grow it, or to write to it.
    #[error("the database cannot grow: {0}")]
    Full(String),
    /// The file system of the backups is full; the message says where. Nothing was changed.
    #[error("{0}")]
    BackupFull(String),
    /// Another process held the database for longer than the busy timeout.
    #[error("the database is locked by another process: {0}")]
    Locked(String),
    /// The database server cannot be reached, did not answer in time, or refuses.
    #[error("the database server: {0}")]
    Unreachable(String),
    /// The server undid the whole group, since somebody else was in its way.
    #[error("the database server undid it: {0}")]
    Undone(String),
    /// A table or a column that was there is not any more: they are looked up again.
    #[error("the tables have changed: {0}")]
    OtherSchema(String),
    /// Whether a change was made is not known: the server gave no answer.
    #[error("it is not known whether that was done")]
    OutcomeUnknown,
    /// The database does not exist yet.
    #[error("the database does not exist yet")]
    Missing,
    /// The file, or its directory, cannot be written: mounted read-only, or being replaced.
    #[error("the database cannot be written: {0}")]
    ReadOnly(String),
    /// A sync failed: what was acknowledged before is safe, nothing after can be.
    #[error("the database could not be synced: {0}")]
    Sync(String),
    /// The file contains what SQLite cannot have written.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// The work panicked; its savepoint was rolled back.
    #[error("a command failed unexpectedly")]
    Panicked,
    /// The daemon is stopping.
    #[error("the database thread has stopped")]
    Stopped,
    /// Too many jobs wait for the database thread.
    #[error("too many jobs wait for the database thread")]
    Busy {
        /// Whole seconds until another attempt may succeed.
        retry_after_s: u64,
    },
    /// The deadline passed before the work began.
    #[error("the deadline passed before the work began")]
    Late,
    /// A text with a character that the character set of its column has not. Nothing was written.
    #[error("the column {column} cannot hold a character of a text")]
    NotInCharset {
        /// The column.
        column: String,
    },
    /// A text that its column would return changed. Nothing was written.
    #[error("the column {column} would take a text for a number and give back another one")]
    NotKept {
        /// The column.
        column: String,
    },
    /// A backup cannot be written or read; the message says why and what to do.
    #[error("{0}")]
    Backup(String),
    /// A row violates a constraint of its table.
    #[error("{0}")]
    Constraint(String),
    /// A value is longer than the connection allows.
    #[error("a value is too long: {0}")]
    TooBig(String),
    /// Any other error of the engine.
    #[error("{0}")]
    Other(String),
}

impl StoreError {
    /// Nothing was written, and everything else is as it was.
    pub(super) const fn is_rolled_back(&self) -> bool {
        matches!(self, Self::Locked(_) | Self::Undone(_) | Self::OtherSchema(_))
    }
}

/// The error of work that the database thread runs: the store's own, or one that can be one of
/// those.
pub trait WorkError: From<StoreError> + Send + 'static {
    /// The store's error, if this is one: it decides what becomes of the whole group.
    fn store_error(&self) -> Option<&StoreError>;
}

impl WorkError for StoreError {
    fn store_error(&self) -> Option<&StoreError> {
        Some(self)
    }
}
