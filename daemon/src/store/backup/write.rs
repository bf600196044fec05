//! Backups in one go: what a transaction is about to destroy, and before a migration everything.

use std::path::{Path, PathBuf};

use super::copy::Copy;
use super::files::{TEMPORARY, backup_folder, free_automatic, make_folder, prune, remove_old};
use super::publish::{publish_accounts, publish_whole};
use crate::store::db::{Db, Tx};
use crate::store::error::StoreError;

/// A backup that stands under its final name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Its absolute path.
    pub path: PathBuf,
}

/// Copies the account tables as this transaction sees them into `auto-NAME.db`, then lets `work`
/// destroy what it copied. The file gets its name only when it is whole, checked by the rules of a
/// restore and synced. Only where `work` succeeds does the oldest automatic one go, but not the
/// file `keep`; else this one does, and nothing was changed.
///
/// # Errors
/// Those of `work`, or the store's; nothing is left behind then.
pub fn backed_up<T, E: From<StoreError>>(
    tx: &Tx<'_>,
    (name, keep): (&str, Option<&Path>),
    work: impl FnOnce(&Backup) -> Result<T, E>,
) -> Result<T, E> {
    let backup = write(tx, name)?;
    let outcome = work(&backup);
    match &outcome {
        Ok(_) => prune(&backup_folder(&tx.path), keep),
        // One that cannot be removed is a backup too many.
        Err(_) => drop(remove_old(&backup.path)),
    }
    outcome
}

fn write(tx: &Tx<'_>, name: &str) -> Result<Backup, StoreError> {
    let folder = backup_folder(&tx.path);
    make_folder(&folder)?;
    let path = free_automatic(&folder, &format!("auto-{name}"));
    with_temporary(&path, |temporary| {
        let mut copy = Copy::create(temporary)?;
        copy.declare(tx)?;
        copy.take_all(tx)?;
        if !copy.is_complete(tx)? {
            return Err(StoreError::Backup("the backup does not hold every row".into()));
        }
        copy.finish()?;
        publish_accounts(temporary, &path, tx.kind()).map(|_| ())
    })?;
    Ok(Backup { path })
}

/// Copies the whole of our own database, of schema `schema`, before a migration.
pub(in crate::store) fn copy_whole(db: &Db, schema: u32) -> Result<(), StoreError> {
    let folder = backup_folder(&db.path);
    make_folder(&folder)?;
    let path = folder.join(format!("schema-{schema}.db"));
    with_temporary(&path, |temporary| {
        let target = temporary.to_string_lossy();
        db.conn.execute("VACUUM INTO ?1", [target])?;
        publish_whole(temporary, &path)
    })
}

/// Lets `fill` make a file beside `path` and give it its name.
fn with_temporary(
    path: &Path,
    fill: impl FnOnce(&Path) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let temporary = path.with_extension(TEMPORARY);
    // A journal of a killed one would be played back into the new file.
    let done = remove_old(&temporary)
        .and_then(|()| remove_old(&path.with_extension("tmp-journal")))
        .and_then(|()| fill(&temporary));
    if done.is_err() {
        // What is half made has no use; the error that matters is the first one.
        let _ = remove_old(&temporary);
    }
    done
}
