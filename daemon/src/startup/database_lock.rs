//! The lock file next to the database: one daemon of a host at a time, and what database there was.
//!
//! It remembers the kind of the database with one word. Where there was one of the daemon's own, a
//! start that finds none creates none in its place: whoever lost a file shall not be served by an
//! empty one. Where there was PhotoPrism's, it is waited for, whatever its name.

use std::path::{Path, PathBuf};

use tracing::warn;

use super::failure::Failure;
use crate::config::Database;
use crate::socket::{Lock, lock_beside, lock_path, note_beside};
use crate::store::{
    BackupOrigin, Db, Expected, Kind, OpenError, StoreError, backup_directory, backup_list,
    check_access, make_or_check_directory, resolve,
};

/// The words of the lock file.
const OWN: &str = "own";
const PHOTOPRISM: &str = "photoprism";

/// The held lock of the database.
#[derive(Debug)]
pub(super) struct DatabaseLock(Lock);

impl DatabaseLock {
    /// Takes it, where the database could be written at all: else nothing is left behind.
    pub(super) fn take(database: &Database) -> Result<Self, Failure> {
        let path = &database.path;
        make_or_check_directory(path, !database.given)?;
        check_access(path)?;
        Ok(Self(lock_beside(&resolve(path))?))
    }

    /// What an earlier start found or created.
    pub(super) fn expected(&self) -> Expected {
        expected(self.0.note())
    }

    /// Remembers what this start found or created, once that is on the disk. PhotoPrism's that is
    /// not there yet changes nothing.
    pub(super) fn remember(&mut self, found: Option<&Db>) {
        let word = match found.map(Db::kind) {
            Some(Kind::Own) => OWN,
            Some(Kind::PhotoPrism { .. }) => PHOTOPRISM,
            None => return self.0.keep(),
        };
        if let Err(error) = self.0.remember(word) {
            warn!(
                path = %self.0.path().display(), %error,
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

/// What an earlier start left word of, for `--check`: nothing is locked or touched.
pub(super) fn remembered(database: &Path) -> Expected {
    expected(&note_beside(&resolve(database)))
}

/// A database that is gone, with what to do about it.
pub(super) fn failure(database: &Path, error: OpenError) -> Failure {
    match error {
        OpenError::Gone(what) => Failure::new(
            format!("the database {} is gone: {}", database.display(), gone(database, what)),
            error.exit_code(),
        ),
        error => error.into(),
    }
}

/// What is to be done about an own database that is gone: `what` says how.
pub(super) fn gone(database: &Path, what: &str) -> String {
    let lock = lock_path(&resolve(database));
    let (backup, restore) = match newest_backup(database) {
        Ok(Some(path)) => {
            let file = path.file_name().unwrap_or_default().display().to_string();
            (
                format!("the newest backup is {}", path.display()),
                format!(" and bring the accounts back: photoprism admin backup restore {file}"),
            )
        }
        Ok(None) => {
            let directory = backup_directory(database);
            (format!("there is no backup in {}", directory.display()), String::new())
        }
        Err(error) => (format!("backups were not looked for: {error}"), String::new()),
    };
    format!(
        "{what}, and none is created in its place; put the file back ({backup}), or begin anew: \
         remove {}, start the daemon{restore}",
        lock.display()
    )
}

/// The newest backup of the accounts, asked for or made before something that destroys.
fn newest_backup(database: &Path) -> Result<Option<PathBuf>, StoreError> {
    let found = backup_list(&backup_directory(database))?.into_iter();
    let mut accounts = found.filter(|entry| entry.origin != BackupOrigin::Migration);
    Ok(accounts.next().map(|entry| entry.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_that_are_known_are_remembered() {
        assert_eq!(expected("own"), Expected::Own);
        assert_eq!(expected("photoprism"), Expected::PhotoPrism);
        for note in ["", "owner", "OWN", "1234"] {
            assert_eq!(expected(note), Expected::Unknown, "{note}");
        }
    }
}
