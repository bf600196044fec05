//! A backup while it has its temporary name: the file that was created is the one that is written,
//! synced and renamed, whatever is put in its place.

use std::ffi::CStr;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};

use super::files::io;
use crate::store::directory::{Attach, Directory, Held, OpenLock};
use crate::store::error::StoreError;

/// The file, which is removed unless it was settled.
#[derive(Debug)]
pub(super) struct Unfinished {
    pub(super) directory: Arc<Directory>,
    pub(super) file: File,
    pub(super) temporary: String,
    name: String,
    settled: bool,
}

impl Unfinished {
    /// Creates `NAME.ENDING`, which becomes `NAME.db`; one that a killed process left goes.
    pub(super) fn create(
        directory: Arc<Directory>,
        name: &str,
        ending: &str,
    ) -> Result<Self, StoreError> {
        let temporary = format!("{name}.{ending}");
        let remove = |name: &str| directory.remove(name);
        // A journal of a killed one would be played back into the new file.
        let file = remove(&temporary)
            .and_then(|()| remove(&format!("{temporary}-journal")))
            .and_then(|()| directory.create(&temporary))
            .map_err(|error| io(&directory.path().join(&temporary), &error))?;
        Ok(Self { directory, file, temporary, name: format!("{name}.db"), settled: false })
    }

    /// The path that it is going to have.
    pub(super) fn path(&self) -> PathBuf {
        self.directory.path().join(&self.name)
    }

    /// Gives it another name to come: `NAME.db`.
    pub(super) fn call(&mut self, name: &str) {
        self.name = format!("{name}.db");
    }

    /// The file, to be opened by SQLite.
    pub(super) fn held(&self) -> Held<'_> {
        Held::new(&self.temporary, &self.file, OpenLock::take())
    }

    /// Opens it with SQLite, to be written.
    pub(super) fn connect(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let held = self.held();
        self.directory.connect(&held, flags, "unix").map_err(|error| self.failed(&error))
    }

    /// Attaches it to a connection, to be written there.
    pub(super) fn attach(
        &self,
        conn: &Connection,
        schema: &'static CStr,
    ) -> Result<(), StoreError> {
        let attached = self.directory.attach(&self.held(), conn, Attach::writable(schema));
        attached.map_err(|error| self.failed(&error))
    }

    /// Empties it again, while it is not open.
    pub(super) fn clear(&self) -> Result<(), StoreError> {
        self.file.set_len(0).map_err(|error| self.failed(&error))
    }

    /// Syncs it and gives it its name. A command that checks backups finds it by that name, and must
    /// not find it open: others open it after it was closed here.
    pub(super) fn settle(mut self) -> Result<Arc<Directory>, StoreError> {
        let (directory, name) = (Arc::clone(&self.directory), self.name.clone());
        let failed = |error: &std::io::Error| io(&directory.path().join(&name), error);
        self.file.sync_all().map_err(|error| failed(&error))?;
        let lock = OpenLock::take();
        let renamed = directory.rename(&self.file, &self.temporary, &name);
        self.settled = renamed.is_ok();
        drop(self);
        drop(lock);
        renamed.and_then(|()| directory.sync()).map_err(|error| failed(&error))?;
        if directory.is_in_place() {
            return Ok(directory);
        }
        // The path that would be reported leads elsewhere.
        let _ = directory.remove(&name);
        let what = "somebody put another directory in its place meanwhile";
        Err(failed(&std::io::Error::other(what)))
    }

    fn failed(&self, error: &std::io::Error) -> StoreError {
        io(&self.path(), error)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.settled {
            // What is half made has no use; the next one sweeps what stays.
            let _ = self.directory.remove(&self.temporary);
            let _ = self.directory.remove(&format!("{}-journal", self.temporary));
        }
    }
}

/// The file, not the database, is in the way.
pub(super) fn unwritten(error: rusqlite::Error) -> StoreError {
    match error.into() {
        full @ StoreError::Full(_) => full,
        other => StoreError::Backup(format!("the backup could not be written: {other}")),
    }
}
