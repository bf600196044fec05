//! The lock file next to the database: one daemon of a host at a time, and the kind of the
//! database.
//!
//! The file stores the kind of the database by name. After a database of the daemon's own, a start
//! that finds none does not create one in its place: the owner of a lost file must not be served by
//! an empty one. After PhotoPrism's, the daemon waits for it, whatever its name.

use std::path::{Path, PathBuf};

use tracing::warn;

use super::error::StartupError;
use crate::config::Database;
use crate::socket::{Lock, database_note, lock_database, lock_path};
use crate::store::{
    BackupOrigin, Db, Expected, Kind, OpenError, StoreError, backup_list, check_access,
    make_or_check_directory, resolve,
};

/// The names in the lock file.
const OWN: &str = "own";
const PHOTOPRISM: &str = "photoprism";

/// The held lock of the database. Any number of daemons may work on that of a server.
#[derive(Debug)]
pub(super) struct DatabaseLock(Option<Lock>);

impl DatabaseLock {
    /// Takes the lock, if the database could be written at all: otherwise it leaves no file behind.
    pub(super) fn take(database: &Database) -> Result<Self, StartupError> {
        if database.server.is_some() {
            return Ok(Self(None));
        }
        let path = &database.path;
        make_or_check_directory(path, !database.given)?;
        check_access(path)?;
        Ok(Self(Some(lock_database(&resolve(path))?)))
    }

    /// The kind that an earlier start found or created.
    pub(super) fn expected(&self) -> Expected {
        self.0.as_ref().map_or(Expected::Unknown, |lock| expected(lock.note()))
    }

    /// Stores the kind that this start found or created, once it is on the disk. While PhotoPrism's
    /// database does not exist yet, nothing changes.
    pub(super) fn remember(&mut self, found: Option<&Db>) {
        let Some(lock) = &mut self.0 else { return };
        let note = match found.map(Db::kind) {
            Some(Kind::Own) => OWN,
            Some(Kind::PhotoPrism { .. }) => PHOTOPRISM,
            None => return lock.keep(),
        };
        if let Err(error) = lock.remember(note) {
            warn!(
                path = %lock.path().display(), %error,
                "the lock file cannot remember the database; the next start tries again"
            );
        }
    }
}

fn expected(note: &str) -> Expected {
    match note {
        OWN => Expected::Own,
        PHOTOPRISM => Expected::PhotoPrism,
        _ => Expected::Unknown,
    }
}

/// The kind that an earlier start stored, for `--check`: nothing is locked or touched.
pub(super) fn remembered(database: &Path) -> Expected {
    expected(&database_note(&resolve(database)))
}

/// The error for a database that is gone, with what to do about it.
pub(super) fn failure(database: &Database, error: OpenError) -> StartupError {
    let path = database.path.display();
    match error {
        OpenError::Gone(what) => StartupError::new(
            format!("the database {path} is gone: {}", gone(database, what)),
            error.exit_code(),
        ),
        error => error.into(),
    }
}

/// What to do about an own database that is gone; `what` says in which way it is.
pub(super) fn gone(database: &Database, what: &str) -> String {
    let lock = lock_path(&resolve(&database.path));
    let directory = &database.backups;
    let (backup, restore) = match newest_backup(directory) {
        Ok(Some(path)) => {
            let file = path.file_name().unwrap_or_default().display().to_string();
            (
                format!("the newest backup is {}", path.display()),
                format!(" and bring the accounts back: photoprism admin backup restore {file}"),
            )
        }
        Ok(None) => (format!("there is no backup in {}", directory.display()), String::new()),
        Err(error) => (format!("backups were not looked for: {error}"), String::new()),
    };
    format!(
        "{what}, and none is created in its place; put the file back ({backup}), or begin anew: \
         remove {}, start the daemon{restore}",
        lock.display()
    )
}

/// The newest backup of the accounts, created on request or before a destructive command.
fn newest_backup(directory: &Path) -> Result<Option<PathBuf>, StoreError> {
    let found = backup_list(directory)?.into_iter();
    let mut accounts = found.filter(|entry| entry.origin != BackupOrigin::Migration);
    Ok(accounts.next().map(|entry| entry.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_notes_are_recognised() {
        assert_eq!(expected("own"), Expected::Own);
        assert_eq!(expected("photoprism"), Expected::PhotoPrism);
        for note in ["", "owner", "OWN", "1234"] {
            assert_eq!(expected(note), Expected::Unknown, "{note}");
        }
    }
}
