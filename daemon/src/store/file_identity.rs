//! Checks that the paths of the daemon's own database still lead to the files that SQLite has open.
//!
//! SQLite never checks the paths again: it would go on writing to files that were removed or
//! renamed, or to what was copied over them. Only `stat` is used here: closing a descriptor of the
//! file would drop SQLite's locks.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tracing::error;

use super::db::{Db, EXIT_STORAGE};
use super::generation::of_file;
use super::kind::Kind;
use super::paths::companion;
use super::pragmas::LOG_LENGTH;
use crate::failpoints::{Failpoint, enabled};

/// A file as `stat` shows it. Device and inode identify it, the rest changes with its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl Stamp {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        std::fs::metadata(path).map(|found| Self::from(&found))
    }

    pub(super) const fn is_same_file(&self, other: &Self) -> bool {
        self.device == other.device && self.inode == other.inode
    }
}

impl From<&Metadata> for Stamp {
    fn from(found: &Metadata) -> Self {
        Self {
            device: found.dev(),
            inode: found.ino(),
            length: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
        }
    }
}

/// What happened to a file.
#[derive(Debug, PartialEq, Eq)]
enum Loss {
    /// Its path is gone, or cannot be reached.
    Removed(String),
    /// Its path leads to another file.
    Replaced,
    /// It is the same file with other content.
    Overwritten,
}

impl Loss {
    fn description(&self) -> String {
        match self {
            Self::Removed(cause) => format!("is not there any more ({cause})"),
            Self::Replaced => "was replaced by another file".into(),
            Self::Overwritten => "was overwritten".into(),
        }
    }
}

/// The files of the daemon's own database as they were when it last wrote to them.
#[derive(Debug)]
pub(super) struct Watch {
    path: PathBuf,
    log: PathBuf,
    file: Stamp,
    log_stamp: Stamp,
}

impl Watch {
    /// `None` for PhotoPrism's database, which others may replace and overwrite.
    pub(super) fn of(db: &Db) -> io::Result<Option<Self>> {
        if *db.kind() != Kind::Own {
            return Ok(None);
        }
        // By the configured path, so that a link that leads elsewhere later is noticed.
        let (path, log) = (db.path.clone(), companion(&db.path, "-wal"));
        let (file, log_stamp) = (Stamp::of(&path)?, Stamp::of(&log)?);
        Ok(Some(Self { path, log, file, log_stamp }))
    }

    /// The database file as the daemon last wrote to it.
    pub(super) const fn stamp(&self) -> Stamp {
        self.file
    }

    /// Ends the process if the database is not the same any more; for before a transaction and
    /// while nothing is written.
    pub(super) fn check(&mut self, db: &Db) {
        self.check_both(db, false);
    }

    /// The same after a transaction and before any reply: the log may have grown.
    pub(super) fn check_written(&mut self, db: &Db) {
        self.check_both(db, true);
    }

    fn check_both(&mut self, db: &Db, written: bool) {
        if enabled(Failpoint::TrustNames) {
            return;
        }
        let log = self.check_log(written);
        let file = self.check_file(db);
        let whole = ![&log, &file].contains(&&Err(Loss::Overwritten));
        if let Err(loss) = file {
            end(db, &self.path, &loss, whole);
        }
        if let Err(loss) = log {
            end(db, &self.log, &loss, whole);
        }
    }

    /// Records what a checkpoint wrote. Whether it is still the same file is checked before and
    /// after.
    pub(super) fn note_checkpoint(&mut self) {
        if let Ok(found) = Stamp::of(&self.path)
            && found.is_same_file(&self.file)
        {
            self.file = found;
        }
    }

    fn check_log(&mut self, written: bool) -> Result<(), Loss> {
        let found = found(&self.log)?;
        if !found.is_same_file(&self.log_stamp) {
            return Err(Loss::Replaced);
        }
        let known = self.log_stamp.length;
        // A commit of the daemon's own cuts a long log off at its limit.
        let cut_off = written && found.length >= LOG_LENGTH;
        if found.length < known && !cut_off || found.length > known && !written {
            return Err(Loss::Overwritten);
        }
        self.log_stamp = found;
        Ok(())
    }

    fn check_file(&mut self, db: &Db) -> Result<(), Loss> {
        let found = found(&self.path)?;
        if found == self.file {
            return Ok(());
        }
        if !found.is_same_file(&self.file) {
            return Err(Loss::Replaced);
        }
        // Only the daemon's own checkpoints write to it. `touch` changes only the time.
        let generation = of_file(&self.path);
        let known = generation.is_ok_and(|file| db.generation.borrow().is(file.as_deref()));
        if !known {
            return Err(Loss::Overwritten);
        }
        self.file = found;
        Ok(())
    }
}

/// What was acknowledged is in the log. If both files are intact and only their paths are lost, the
/// log is written into the database first, so that it is complete wherever it was moved to; what
/// was copied over one of them is left alone.
fn end(db: &Db, path: &Path, loss: &Loss, whole: bool) -> ! {
    if whole
        && let Ok(conn) = db.sqlite()
        && let Err(error) = conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
    {
        error!(%error, "the log of the database could not be written back");
    }
    error!(
        path = %path.display(),
        "a file of the database {} while it was in use: nothing more is acknowledged, ending",
        loss.description()
    );
    crate::log::exit(EXIT_STORAGE);
}

fn found(path: &Path) -> Result<Stamp, Loss> {
    Stamp::of(path).map_err(|error| Loss::Removed(error.to_string()))
}
