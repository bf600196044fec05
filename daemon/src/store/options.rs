//! Which database to open, and what an earlier run found at its path: that decides what may be
//! created there.

use std::path::{Path, PathBuf};

use super::open_error::OpenError;
use super::paths::is_index;
use super::schema::CURSOR_KEY_BYTES;
use crate::model::NewAccount;
use crate::server_address::ServerAddress;

/// Which database to open, and the content of a new one.
#[derive(Clone)]
pub struct OpenOptions {
    /// Absolute path of the file. With a server that of the default database.
    pub path: PathBuf,
    /// Absolute path of the directory of its backups, which the first one creates.
    pub backups: PathBuf,
    /// The server that has the database.
    pub server: Option<ServerAddress>,
    /// Create the directory: the path is a default that nobody chose.
    pub make_directory: bool,
    /// The initial rows of a new database.
    pub accounts: Vec<NewAccount>,
    /// The key of a new database.
    pub cursor_key: [u8; CURSOR_KEY_BYTES],
    /// What is known about the database, from an earlier start or from this one.
    pub expected: Expected,
    /// What is known about the PhotoPrism that runs on it.
    pub running: Running,
}

/// A running PhotoPrism, as far as its database is concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// The setting `session-cache` in seconds.
    pub session_cache: u32,
    /// Where it is notified of ended sessions: the number by which several daemons distinguish
    /// which of them does.
    pub notifier: Option<u64>,
}

/// What is known about a database before it is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expected {
    /// Nothing: a first start.
    #[default]
    Unknown,
    /// The daemon's own database existed: no other is created in its place.
    Own,
    /// PhotoPrism's existed: it is waited for, and never created.
    PhotoPrism,
    /// The same, and this process serves it: no other kind is opened any more.
    StillPhotoPrism,
}

/// Whether only PhotoPrism creates what is missing there.
pub(super) fn waits(options: &OpenOptions) -> bool {
    let known = matches!(options.expected, Expected::PhotoPrism | Expected::StillPhotoPrism);
    known || is_index(&options.path)
}

/// The result where there is no database: an error, unless one may be created.
pub(super) fn missing(options: &OpenOptions) -> Result<(), OpenError> {
    if waits(options) {
        return Err(OpenError::NotThereYet);
    }
    if options.expected == Expected::Own {
        return Err(OpenError::Gone(how_gone(&options.path)));
    }
    Ok(())
}

/// What is at the path instead of the missing database.
pub fn how_gone(path: &Path) -> &'static str {
    match std::fs::metadata(path) {
        Err(_) => "it is missing",
        Ok(found) if found.len() == 0 => "the file is empty",
        Ok(_) => "the file has no table",
    }
}
