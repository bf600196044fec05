//! Backups in one go: what a transaction is about to destroy, and before a migration everything.

use std::path::{Path, PathBuf};

use super::copy::Copy;
use super::files::{
    TEMPORARY, backup_folder, free_automatic, make_folder, prune, remove_old, settle,
};
use crate::store::db::{Db, Tx};
use crate::store::error::StoreError;

/// A backup that stands under its final name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Its absolute path.
    pub path: PathBuf,
}

/// Copies the account tables as this transaction sees them into `auto-NAME.db`, and lets go of
/// the oldest automatic ones. The file gets its name only when it is whole, synced and checked.
///
/// # Errors
/// The store's; nothing is left behind then.
pub fn write_backup(tx: &Tx<'_>, name: &str) -> Result<Backup, StoreError> {
    write(tx, name, None)
}

/// The same, and does not let go of the file of that path.
///
/// # Errors
/// As [`write_backup`].
pub fn write_backup_keeping(tx: &Tx<'_>, name: &str, keep: &Path) -> Result<Backup, StoreError> {
    write(tx, name, Some(keep))
}

fn write(tx: &Tx<'_>, name: &str, keep: Option<&Path>) -> Result<Backup, StoreError> {
    let folder = backup_folder(&tx.path);
    make_folder(&folder)?;
    let path = free_automatic(&folder, &format!("auto-{name}"));
    publish(&path, |temporary| {
        let copy = Copy::create(tx, temporary)?;
        copy.take_all(tx)?;
        copy.finish()?;
        Ok(())
    })?;
    prune(&folder, keep);
    Ok(Backup { path })
}

/// Copies the whole of our own database, of schema `schema`, before a migration.
pub(in crate::store) fn copy_whole(db: &Db, schema: u32) -> Result<(), StoreError> {
    let folder = backup_folder(&db.path);
    make_folder(&folder)?;
    publish(&folder.join(format!("schema-{schema}.db")), |temporary| {
        let target = temporary.to_string_lossy();
        db.conn.execute("VACUUM INTO ?1", [target])?;
        Ok(())
    })
}

/// Lets `fill` make a file beside `path`, syncs it and gives it its name.
fn publish(
    path: &Path,
    fill: impl FnOnce(&Path) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let temporary = path.with_extension(TEMPORARY);
    // A journal of a killed one would be played back into the new file.
    let done = remove_old(&temporary)
        .and_then(|()| remove_old(&path.with_extension("tmp-journal")))
        .and_then(|()| fill(&temporary))
        .and_then(|()| settle(&temporary, path));
    if done.is_err() {
        // What is half made has no use; the error that matters is the first one.
        let _ = remove_old(&temporary);
    }
    done
}
