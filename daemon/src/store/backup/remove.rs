//! Removes a backup that somebody names.

use std::path::Path;

use super::fault::BackupFault;
use super::files::{io, open_directory};
use crate::store::directory::{Directory, OpenLock};
use crate::store::error::StoreError;

/// Whether there is a backup of that name, and this process may remove it.
///
/// # Errors
/// [`BackupFault::Missing`] where no file has the name, or what has it is a link or a directory; the
/// store's where nothing can be removed from the directory.
pub fn backup_find(path: &Path, name: &str) -> Result<(), BackupFault> {
    let directory = open_directory(path)?.ok_or(BackupFault::Missing)?;
    if !is_file(&directory, name)? {
        return Err(BackupFault::Missing);
    }
    Ok(directory.check_writable().map_err(|error| io(directory.path(), &error))?)
}

/// Deletes the backup of that name; one that is gone already is no error.
///
/// # Errors
/// The file system's.
pub fn backup_remove(path: &Path, name: &str) -> Result<(), StoreError> {
    let Some(directory) = open_directory(path)? else { return Ok(()) };
    // Not while another command opens it.
    let _lock = OpenLock::take();
    if !is_file(&directory, name)? {
        return Ok(());
    }
    let removed = directory.remove(name).and_then(|()| directory.sync());
    removed.map_err(|error| io(&directory.path().join(name), &error))
}

fn is_file(directory: &Directory, name: &str) -> Result<bool, StoreError> {
    let found = directory.stat(name).map_err(|error| io(directory.path(), &error))?;
    Ok(found.is_some_and(|found| found.is_file()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// A directory of backups with one of them, a link and a directory.
    fn place() -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("a.db"), "content").unwrap();
        symlink(place.path().join("a.db"), place.path().join("link.db")).unwrap();
        fs::create_dir(place.path().join("directory.db")).unwrap();
        place
    }

    #[test]
    fn a_backup_goes_and_nothing_else() {
        let place = place();
        for name in ["link.db", "directory.db", "none.db"] {
            let found = backup_find(place.path(), name);
            assert!(matches!(found, Err(BackupFault::Missing)), "{name}");
            backup_remove(place.path(), name).unwrap();
        }
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 3);
        backup_find(place.path(), "a.db").unwrap();
        backup_remove(place.path(), "a.db").unwrap();
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2);
        assert!(matches!(backup_find(place.path(), "a.db"), Err(BackupFault::Missing)));
    }

    #[test]
    fn where_there_are_no_backups_there_is_none() {
        let none = place().path().join("none");
        assert!(matches!(backup_find(&none, "a.db"), Err(BackupFault::Missing)));
        backup_remove(&none, "a.db").unwrap();
    }
}
