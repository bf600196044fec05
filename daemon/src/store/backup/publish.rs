//! The last steps of every backup: checked by the very rules by which it would be taken back,
//! synced, renamed.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::files::{io, settle};
use super::read::{BackupCounts, BackupFault, BackupFile, backup_open};
use crate::faults::{Fault, is_off};
use crate::store::db::Kind;
use crate::store::error::StoreError;

/// Gives a backup of the account tables of a database of that kind its name.
pub(super) fn publish_accounts(
    temporary: &Path,
    path: &Path,
    kind: &Kind,
) -> Result<BackupCounts, StoreError> {
    let counts = match taken_back(temporary)? {
        Ok(file) if file.is_of(kind) => file.counts,
        Ok(_) => return Err(refused(temporary, "it does not tell whose accounts it holds")),
        Err(fault) => return Err(refused(temporary, &fault.to_string())),
    };
    settle(temporary, path)?;
    Ok(counts)
}

/// Gives a copy of the whole of our own database its name.
pub(super) fn publish_whole(temporary: &Path, path: &Path) -> Result<(), StoreError> {
    match taken_back(temporary)? {
        Err(BackupFault::Whole) => settle(temporary, path),
        Err(fault) => Err(refused(temporary, &fault.to_string())),
        Ok(_) => Err(refused(temporary, "it is no copy of the whole database")),
    }
}

/// Opens it as `backup.restore` does.
fn taken_back(temporary: &Path) -> Result<Result<BackupFile, BackupFault>, StoreError> {
    if is_off(Fault::SpoilBackup) {
        let spoil =
            || File::options().write(true).open(temporary)?.write_all_at(&[0xA5; 4096], 4096);
        spoil().map_err(|error| io(temporary, &error))?;
    }
    let folder = temporary.parent().unwrap_or(Path::new("/"));
    let name = temporary.file_name().unwrap_or_default().to_string_lossy();
    match backup_open(folder, &name) {
        Err(BackupFault::Store(error)) => Err(error),
        outcome => Ok(outcome),
    }
}

fn refused(temporary: &Path, why: &str) -> StoreError {
    let folder = temporary.parent().unwrap_or(Path::new("/"));
    StoreError::Backup(format!(
        "the backup that was written would not be taken back ({why}), so it was removed; see \
         whether the disk under {} is sound, and report it if it is",
        folder.display()
    ))
}
