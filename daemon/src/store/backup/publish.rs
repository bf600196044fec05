//! The last steps of every backup: checked by the very rules by which it would be taken back,
//! synced, renamed.

use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::contents::Rows;
use super::fault::BackupFault;
use super::files::io;
use super::read::{BackupCounts, Checked, open_in};
use super::unfinished::Unfinished;
use crate::failpoints::{Failpoint, enabled};
use crate::store::directory::Directory;
use crate::store::error::StoreError;
use crate::store::kind::Kind;

/// Gives a backup of the account tables of a database of that kind its name. Checking it moves
/// `progress`.
pub(super) fn publish_accounts(
    file: Unfinished,
    kind: &Kind,
    progress: Option<&Arc<AtomicU64>>,
) -> Result<(Arc<Directory>, BackupCounts), StoreError> {
    let rows = if *kind == Kind::Own { Rows::Own } else { Rows::PhotoPrisms };
    let counts = match taken_back(&file, rows, progress)? {
        Ok(backup) if backup.of_photoprism == (*kind != Kind::Own) => backup.counts,
        Ok(_) => return Err(refused(&file, "it does not tell whose accounts it holds")),
        Err(fault) => return Err(refused(&file, &fault.to_string())),
    };
    Ok((file.settle()?, counts))
}

/// Gives a copy of the whole of our own database its name.
pub(super) fn publish_whole(file: Unfinished) -> Result<(), StoreError> {
    match taken_back(&file, Rows::Own, None)? {
        Err(BackupFault::Whole) => file.settle().map(|_| ()),
        Err(fault) => Err(refused(&file, &fault.to_string())),
        Ok(_) => Err(refused(&file, "it is no copy of the whole database")),
    }
}

/// Opens it as `backup.restore` does.
fn taken_back(
    file: &Unfinished,
    rows: Rows,
    progress: Option<&Arc<AtomicU64>>,
) -> Result<Result<Checked, BackupFault>, StoreError> {
    if enabled(Failpoint::SpoilBackup) {
        let spoilt = file.file.write_all_at(&[0xA5; 4096], 4096);
        spoilt.map_err(|error| io(&file.path(), &error))?;
    }
    match open_in(&file.directory, file.held(), rows, progress) {
        Err(BackupFault::Store(error)) => Err(error),
        outcome => Ok(outcome),
    }
}

fn refused(file: &Unfinished, why: &str) -> StoreError {
    StoreError::Backup(format!(
        "the backup that was written would not be taken back ({why}), so it was removed; see \
         whether the disk under {} is sound, and report it if it is",
        file.directory.path().display()
    ))
}
