//! A backup while it has its temporary name: the file that was created is the one that is written,
//! synced and renamed, whatever is put in its place.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};

use super::files::io;
use crate::store::directory::Directory;
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
        (name, ending): (&str, &str),
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

    /// Opens it with SQLite, to be written.
    pub(super) fn connect(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = self.directory.connect(&self.temporary, &self.file, (flags, "unix"));
        conn.map_err(|error| self.failed(&error))
    }

    /// Syncs it and gives it its name.
    pub(super) fn settle(mut self) -> Result<Arc<Directory>, StoreError> {
        let directory = Arc::clone(&self.directory);
        let synced = self.file.sync_all();
        let done = synced.and_then(|()| directory.rename(&self.file, &self.temporary, &self.name));
        done.map_err(|error| self.failed(&error))?;
        self.settled = true;
        if directory.is_in_place() {
            return Ok(directory);
        }
        // The path that would be reported leads elsewhere.
        let _ = directory.remove(&self.name);
        let what = "somebody put another directory in its place meanwhile";
        Err(self.failed(&std::io::Error::other(what)))
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
