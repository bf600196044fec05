//! Backups in one go: what a transaction is about to destroy, and before a migration everything.

use std::ffi::OsStr;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::backup::{self as sqlite, StepResult};

use super::copy::Copy;
use super::files::{TEMPORARY, free_automatic, io, make_directory, prune};
use super::publish::{publish_accounts, publish_whole};
use super::unfinished::Unfinished;
use crate::store::db::{Db, Tx};
use crate::store::directory::{Directory, OpenLock};
use crate::store::error::StoreError;
use crate::store::paths::backup_directory;

/// What SQLite takes for "until the end".
const ALL_PAGES: i32 = -1;

/// Where the header of a SQLite file says whether it has a write-ahead log: two bytes, for those
/// who write and those who read.
const FORMAT_VERSIONS: u64 = 18;

/// What it says of a file without one.
const ROLLBACK_JOURNAL: [u8; 2] = [1, 1];

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
    name: &str,
    keep: Option<&Path>,
    work: impl FnOnce(&Backup) -> Result<T, E>,
) -> Result<T, E> {
    let (backup, directory) = write(tx, name)?;
    let outcome = work(&backup);
    match &outcome {
        Ok(_) => prune(&directory, keep),
        // One that cannot be removed is a backup too many.
        Err(_) => backup.discard(&directory),
    }
    outcome
}

impl Backup {
    fn discard(&self, directory: &Directory) {
        if let Some(name) = self.path.file_name().and_then(OsStr::to_str) {
            let _lock = OpenLock::take();
            let _ = directory.remove(name);
        }
    }
}

fn write(tx: &Tx<'_>, name: &str) -> Result<(Backup, Arc<Directory>), StoreError> {
    let directory = Arc::new(make_directory(&backup_directory(&tx.path))?);
    let name = free_automatic(&directory, &format!("auto-{name}"));
    let file = Unfinished::create(directory, &name, TEMPORARY)?;
    let path = file.path();
    let mut copy = Copy::create(&file)?;
    copy.declare(tx)?;
    copy.take_all(tx)?;
    if !copy.is_complete(tx)? {
        return Err(StoreError::Backup("the backup does not hold every row".into()));
    }
    copy.finish()?;
    let (directory, _) = publish_accounts(file, tx.kind())?;
    Ok((Backup { path }, directory))
}

/// Copies the whole of our own database, of schema `schema`, before a migration.
pub(in crate::store) fn copy_whole(db: &Db, schema: u32) -> Result<(), StoreError> {
    let directory = Arc::new(make_directory(&backup_directory(&db.path))?);
    let file = Unfinished::create(directory, &format!("schema-{schema}"), TEMPORARY)?;
    let mut copy = file.connect()?;
    // It is thrown away where anything fails, and synced as a whole before it gets its name.
    copy.pragma_update(None, "journal_mode", "off")?;
    copy.pragma_update(None, "synchronous", "off")?;
    let taken = sqlite::Backup::new(&db.conn, &mut copy)?.step(ALL_PAGES)?;
    if taken != StepResult::Done {
        return Err(StoreError::Locked("the whole database could not be copied".into()));
    }
    copy.close().map_err(|(_, error)| error)?;
    // Pages are copied as they are: the header says that there is a log, and there is none.
    let header = file.file.write_all_at(&ROLLBACK_JOURNAL, FORMAT_VERSIONS);
    header.map_err(|error| io(&file.path(), &error))?;
    publish_whole(file)
}
