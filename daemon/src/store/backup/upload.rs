//! A backup that a peer sends: it has a temporary name until it is whole, and was checked as one is
//! that a restore reads.

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use super::contents::Rows;
use super::fault::BackupFault;
use super::files::{backups_full, free_name, io, make_directory, open_directory, sweep};
use super::read::open_in;
use super::unfinished::Unfinished;
use super::write::Backup;
use crate::store::error::StoreError;
use crate::system::space;

/// Ending of one that is not whole.
const UPLOAD: &str = "upload";

/// Bytes of the file system that are left to others, the database among them.
const LEFT_FREE: u64 = 64 * 1024 * 1024;

/// A file on its way, which is removed when this is dropped.
#[derive(Debug)]
pub struct Upload {
    file: Unfinished,
    bytes: u64,
}

impl Upload {
    /// Begins one; `id` is in its temporary name.
    ///
    /// # Errors
    /// The file system's.
    pub fn create(path: &Path, id: &str) -> Result<Self, StoreError> {
        let directory = Arc::new(make_directory(path)?);
        let file = Unfinished::create(directory, &format!("sent-{id}"), UPLOAD)?;
        Ok(Self { file, bytes: 0 })
    }

    /// Bytes that have come.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds a part.
    ///
    /// # Errors
    /// Those of a file system that is full, or would be nearly.
    pub fn add(&mut self, part: &[u8]) -> Result<(), StoreError> {
        let path = self.file.directory.path();
        let free = space(path).map_err(|error| io(path, &error))?.free;
        if free < LEFT_FREE.saturating_add(part.len() as u64) {
            return Err(backups_full(&self.file.path(), &"less than 64 MiB would be left"));
        }
        let written = self.file.file.write_all_at(part, self.bytes);
        written.map_err(|error| io(&self.file.path(), &error))?;
        self.bytes += part.len() as u64;
        Ok(())
    }

    /// Checks the whole of it, and gives it the name `NAME.db`, or the first after that which is
    /// free. Takes as long as reading it.
    ///
    /// # Errors
    /// Why it is not a backup that can be restored; it is gone then.
    pub fn complete(self, name: &str) -> Result<Backup, BackupFault> {
        let Self { mut file, bytes } = self;
        let counts = open_in(&file.directory, file.held(), Rows::Anybodys, None)?.counts;
        let name = free_name(&file.directory, name)?;
        file.call(&name);
        let path = file.path();
        Ok(Backup { directory: file.settle()?, path, bytes, counts })
    }
}

/// Removes what a daemon that was killed left of those.
///
/// # Errors
/// The store's.
pub fn backup_sweep_uploads(path: &Path) -> Result<(), StoreError> {
    if let Some(directory) = open_directory(path)? {
        sweep(&directory, UPLOAD);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(path: &Path) -> Vec<String> {
        let found = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name());
        found.map(|name| name.into_string().unwrap()).collect()
    }

    #[test]
    fn what_is_not_whole_or_not_a_backup_leaves_nothing() {
        let place = tempfile::tempdir().unwrap();
        let mut upload = Upload::create(place.path(), "a").unwrap();
        assert_eq!(names(place.path()), ["sent-a.upload"]);
        upload.add(b"some").unwrap();
        upload.add(b" bytes").unwrap();
        assert_eq!(upload.bytes(), 10);
        assert_eq!(fs::read(place.path().join("sent-a.upload")).unwrap(), b"some bytes");
        let why = upload.complete("sent").unwrap_err();
        assert!(matches!(why, BackupFault::NotOne(_)), "{why}");
        drop(Upload::create(place.path(), "b").unwrap());
        assert!(names(place.path()).is_empty());
        // What one that was killed left goes at the next start.
        fs::write(place.path().join("sent-c.upload"), "").unwrap();
        backup_sweep_uploads(place.path()).unwrap();
        assert!(names(place.path()).is_empty());
        backup_sweep_uploads(&place.path().join("none")).unwrap();
    }
}
