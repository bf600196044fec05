//! Writes backups: of the accounts, and before a migration of everything.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use rusqlite::backup::{self as sqlite, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::copy::{copy_accounts, copy_held, hold, try_to_copy};
use super::files::{
    ON_REQUEST, TEMPORARY, backups_full, free_automatic, free_name, io, make_directory, prune,
    sweep,
};
use super::publish::{publish_accounts, publish_whole};
use super::read::BackupCounts;
use super::state_id::StateId;
use super::unfinished::Unfinished;
use crate::store::db::Db;
use crate::store::directory::{Directory, Held, OpenLock};
use crate::store::error::StoreError;

/// What SQLite takes for "until the end".
const ALL_PAGES: i32 = -1;

/// Where the header of a SQLite file says whether it has a write-ahead log: two bytes, for those
/// who write and those who read.
const FORMAT_VERSIONS: u64 = 18;

/// What it says of a file without one.
const ROLLBACK_JOURNAL: [u8; 2] = [1, 1];

/// A backup that has its final name.
#[derive(Clone, Debug)]
pub struct Backup {
    pub(super) directory: Arc<Directory>,
    /// Its absolute path.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// What it holds.
    pub counts: BackupCounts,
}

impl Backup {
    /// Takes it back, where the command that it was made for failed.
    pub fn discard(&self) {
        if let Some(name) = self.path.file_name().and_then(OsStr::to_str) {
            let _lock = OpenLock::take();
            // One that cannot be removed is a backup too many.
            let _ = self.directory.remove(name);
        }
    }

    /// Opens it to be read.
    pub(super) fn connect(&self) -> Result<Connection, StoreError> {
        let failed = |error: &std::io::Error| io(&self.path, error);
        let name = self.path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let lock = OpenLock::take();
        let file = self.directory.find(name, &lock).map_err(|error| failed(&error))?;
        let file = file.ok_or_else(|| failed(&ErrorKind::NotFound.into()))?;
        let held = Held::new(name, &file, lock);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        self.directory.connect(&held, flags, "unix").map_err(|error| failed(&error))
    }

    /// Lets go of the oldest automatic ones, but not of `keep`.
    pub(in crate::store) fn prune(&self, keep: Option<&Path>) {
        prune(&self.directory, keep);
    }
}

/// The directory of the backups, created where there is none.
fn directory_of(db: &Db) -> Result<Directory, StoreError> {
    make_directory(&db.backups)
}

/// Copies the account tables to `NAME.db`, or the first name after that which is free. The file gets
/// its name only when it is whole, checked by the rules of a restore and synced. Takes as long as
/// copying takes: not for a thread that others wait for.
///
/// # Errors
/// The store's; nothing is left behind then.
pub fn backup_create(db: &Db, name: &str) -> Result<Backup, StoreError> {
    let directory = Arc::new(directory_of(db)?);
    sweep(&directory, ON_REQUEST);
    let name = free_name(&directory, name)?;
    let file = Unfinished::create(directory, &name, ON_REQUEST)?;
    copy_accounts(db, &file).map_err(|error| no_room(&file, error))?;
    publish(file, db, None)
}

/// Copies them to `auto-NAME.db`, behind all of that name that there are, and returns the file, which
/// has no name until [`publish`] gives it one, and the state of the database that it holds.
pub(super) fn copy_automatic(db: &Db, name: &str) -> Result<(Unfinished, StateId), StoreError> {
    let file = create_automatic(db, name)?;
    let state = copy_accounts(db, &file).map_err(|error| no_room(&file, error))?;
    Ok((file, state))
}

/// The same where nobody is kept waiting by it; `None` where others write all the time.
pub(super) fn copy_ahead(db: &Db, name: &str) -> Result<Option<(Unfinished, StateId)>, StoreError> {
    let file = create_automatic(db, name)?;
    let state = try_to_copy(db, &file).map_err(|error| no_room(&file, error))?;
    Ok(state.map(|state| (file, state)))
}

/// The first half of the same where a reader is in nobody's way: what is there now is what
/// [`complete_automatic`] copies, whatever is committed in between.
pub(super) fn hold_automatic(db: &Db, name: &str) -> Result<Unfinished, StoreError> {
    let file = create_automatic(db, name)?;
    hold(db, &file).map_err(|error| no_room(&file, error))?;
    Ok(file)
}

/// The other half, with what `also` reads of the same state.
pub(super) fn complete_automatic(
    file: Unfinished,
    db: &Db,
    progress: &Arc<AtomicU64>,
    also: impl FnOnce(&Db) -> Result<(), StoreError>,
) -> Result<Backup, StoreError> {
    copy_held(db, also).map_err(|error| no_room(&file, error))?;
    publish(file, db, Some(progress))
}

/// The accounts of a server at one moment, as a backup would hold them, in a file without a name.
pub(super) fn copy_unnamed(db: &Db) -> Result<Connection, StoreError> {
    let file = create_automatic(db, "compare")?;
    copy_accounts(db, &file).map_err(|error| no_room(&file, error))?;
    file.connect()
}

fn create_automatic(db: &Db, name: &str) -> Result<Unfinished, StoreError> {
    let directory = Arc::new(directory_of(db)?);
    let name = free_automatic(&directory, &format!("auto-{name}"));
    Unfinished::create(directory, &name, TEMPORARY)
}

/// Where SQLite finds a disk full while it only reads the database, it is that of the backups.
fn no_room(file: &Unfinished, error: StoreError) -> StoreError {
    match error {
        StoreError::Full(cause) => backups_full(&file.path(), &cause),
        other => other,
    }
}

/// Checks a copy by the rules of a restore, which moves `progress`, syncs it and gives it its name.
pub(super) fn publish(
    file: Unfinished,
    db: &Db,
    progress: Option<&Arc<AtomicU64>>,
) -> Result<Backup, StoreError> {
    let path = file.path();
    let bytes = file.file.metadata().map_or(0, |data| data.len());
    let (directory, counts) = publish_accounts(file, db.kind(), progress)?;
    Ok(Backup { directory, path, bytes, counts })
}

/// Copies the whole of our own database, of schema `schema`, before a migration.
pub(in crate::store) fn copy_whole(db: &Db, schema: u32) -> Result<(), StoreError> {
    let directory = Arc::new(directory_of(db)?);
    let file = Unfinished::create(directory, &format!("schema-{schema}"), TEMPORARY)?;
    let mut copy = file.connect()?;
    // It is thrown away where anything fails, and synced as a whole before it gets its name.
    copy.pragma_update(None, "journal_mode", "off")?;
    copy.pragma_update(None, "synchronous", "off")?;
    let taken = sqlite::Backup::new(db.sqlite()?, &mut copy)?.step(ALL_PAGES);
    let taken = taken.map_err(|error| no_room(&file, error.into()))?;
    if taken != StepResult::Done {
        return Err(StoreError::Locked("the whole database could not be copied".into()));
    }
    copy.close().map_err(|(_, error)| no_room(&file, error.into()))?;
    // Pages are copied as they are: the header says that there is a log, and there is none.
    let header = file.file.write_all_at(&ROLLBACK_JOURNAL, FORMAT_VERSIONS);
    header.map_err(|error| io(&file.path(), &error))?;
    publish_whole(file)
}

/// Copies the accounts of either kind of database in pieces of so many rows, for tests.
#[cfg(test)]
pub(in crate::store) fn copy_in_pieces(
    db: &Db,
    name: &str,
    rows: i64,
) -> Result<Backup, StoreError> {
    let directory = Arc::new(directory_of(db)?);
    let file = Unfinished::create(directory, name, ON_REQUEST)?;
    super::copy::copy_with(db, &file, rows)?;
    publish(file, db, None)
}

/// Copies them as before a command that destroys, for tests.
#[cfg(test)]
pub(in crate::store) fn write_automatic(db: &Db, name: &str) -> Result<Backup, StoreError> {
    let (file, _) = copy_automatic(db, name)?;
    publish(file, db, None)
}

/// Copies them, then lets `meanwhile` happen before the file gets its name, for tests.
#[cfg(test)]
pub(in crate::store) fn publish_to_moved_directory(
    db: &Db,
    name: &str,
    meanwhile: impl FnOnce(),
) -> Result<Backup, StoreError> {
    let directory = Arc::new(directory_of(db)?);
    let file = Unfinished::create(directory, name, ON_REQUEST)?;
    copy_accounts(db, &file)?;
    meanwhile();
    publish(file, db, None)
}
