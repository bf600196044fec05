//! Why a database is not opened.

use std::path::Path;

use thiserror::Error;

use super::error::StoreError;
use super::owner::lock_holder;
use super::paths::{OWN_TABLES_FILE, backup_directory};

/// Why a database was not opened.
#[derive(Clone, Debug, Error)]
pub enum OpenError {
    /// It is not the daemon's to change, or from a newer daemon.
    #[error("{0}")]
    Refused(String),
    /// Another process holds it.
    #[error("{0}")]
    InUse(String),
    /// The directory of a configured path does not exist.
    #[error("{0}")]
    Setting(String),
    /// The file or its directory cannot be created, read or written.
    #[error("{0}")]
    Storage(String),
    /// The daemon's own database is gone; the message says what was found.
    #[error("{0}")]
    Gone(&'static str),
    /// The server cannot be reached, or does not answer; the message says which.
    #[error("{0}")]
    Unreachable(String),
    /// PhotoPrism has not created it yet.
    #[error("the database does not exist yet")]
    NotThereYet,
}

impl OpenError {
    /// Why the database at this path, which is open, cannot be read.
    pub fn reading(path: &Path, error: StoreError) -> Self {
        failed(path, error)
    }

    /// The exit code of `spec/daemon.md`.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Setting(_) => 2,
            Self::InUse(_) => 73,
            Self::Storage(_) | Self::Unreachable(_) | Self::NotThereYet => 74,
            Self::Refused(_) | Self::Gone(_) => 78,
        }
    }
}

pub(super) fn refused(path: &Path, what: &str) -> OpenError {
    OpenError::Refused(format!("{} is not used: {what}", path.display()))
}

pub(super) fn storage(path: &Path, cause: &dyn std::fmt::Display) -> OpenError {
    OpenError::Storage(format!("{} cannot be used: {cause}", path.display()))
}

/// Reports a lock of another process with its owner, anything else unchanged.
pub(super) fn failed(path: &Path, error: StoreError) -> OpenError {
    match error {
        StoreError::Locked(_) => OpenError::InUse(match lock_holder(path) {
            Some(pid) => format!(
                "{} is in use by process {pid}: only one daemon owns it at a time",
                path.display()
            ),
            None => format!("{} is in use by another process", path.display()),
        }),
        StoreError::Damaged(what) => refused(path, &damaged(path, &what)),
        other => storage(path, &other),
    }
}

fn damaged(path: &Path, what: &str) -> String {
    let keep = "Keep a copy of it and of the files next to it that have its name; then put a whole \
        copy of it in its place, or move them away";
    let away = if path.file_name().is_some_and(|name| name == OWN_TABLES_FILE) {
        "the next write makes a new one, with a new audit trail".to_owned()
    } else {
        let backups = backup_directory(path);
        format!(
            "restore a backup from {}, or from where --backups says, into a new database",
            backups.display()
        )
    };
    format!("it is damaged ({what}). {keep}: {away}")
}
