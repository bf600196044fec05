//! What the writer publishes to the other threads about the database that it has open.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::file_identity::Stamp;
use super::kind::Kind;
use super::options::Running;
use crate::server_address::ServerAddress;

/// The database as the writer has it open.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub(super) path: PathBuf,
    /// The directory of its backups.
    pub(super) backups: PathBuf,
    /// Where it is, if not in that file.
    pub(super) server: Option<ServerAddress>,
    pub(super) kind: Kind,
    /// Device and inode.
    pub(super) identity: Option<(u64, u64)>,
    /// Whether `photoprism-admin.db` is attached.
    pub(super) attached: bool,
    /// The daemon's tables in PhotoPrism's file belong to another trail.
    pub(super) foreign: bool,
    /// What is known about the PhotoPrism that runs on it.
    pub(super) running: Running,
}

#[derive(Debug, Default)]
struct State {
    /// Counts what was published.
    revision: AtomicU64,
    opened: Mutex<Option<Opened>>,
    file: Mutex<OwnFile>,
}

/// The daemon's own database file as the writer knows it.
#[derive(Clone, Copy, Debug, Default)]
struct OwnFile {
    stamp: Option<Stamp>,
    /// It is writing the log back: the file changes all the time.
    changes: bool,
}

/// Written by the writer thread, read by all others; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Published(Arc<State>);

impl Published {
    fn opened(&self) -> MutexGuard<'_, Option<Opened>> {
        // It is replaced as a whole.
        self.0.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces what was published; `None` while no database is open.
    pub(super) fn publish(&self, opened: Option<Opened>) {
        let mut current = self.opened();
        *current = opened;
        self.0.revision.fetch_add(1, Ordering::Release);
    }

    fn file(&self) -> MutexGuard<'_, OwnFile> {
        self.0.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes the daemon's own database file as it is now.
    pub(super) fn publish_stamp(&self, stamp: Stamp) {
        *self.file() = OwnFile { stamp: Some(stamp), changes: false };
    }

    /// From now on the writer changes it, until it publishes what came of that.
    pub(super) fn begin_change(&self) {
        self.file().changes = true;
    }

    /// Whether that is the file that the writer knows, with nothing in it that it did not write.
    pub(super) fn is_known(&self, found: &Stamp) -> bool {
        let OwnFile { stamp, changes } = *self.file();
        stamp.is_some_and(|known| known == *found || changes && known.is_same_file(found))
    }

    /// Changes with everything that is published.
    pub(super) fn revision(&self) -> u64 {
        self.0.revision.load(Ordering::Acquire)
    }

    /// What was published last, with its revision.
    pub(super) fn current(&self) -> (u64, Option<Opened>) {
        let current = self.opened();
        (self.revision(), current.clone())
    }
}

/// Device and inode, read by path so that no descriptor of the file is opened.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    let data = std::fs::metadata(path).ok()?;
    (data.len() > 0).then(|| (data.dev(), data.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that met the file while the log is written back would wait for the writer.
    #[test]
    fn a_file_is_known_while_the_writer_changes_it() {
        let directory = tempfile::tempdir().unwrap();
        let stamp_of = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            Stamp::of(&path).unwrap()
        };
        let published = Published::default();
        let before = stamp_of("admin.db", "before");
        assert!(!published.is_known(&before));
        published.publish_stamp(before);
        assert!(published.is_known(&before));
        let (after, another) = (stamp_of("admin.db", "afterwards"), stamp_of("other.db", "before"));
        assert!(!published.is_known(&after));
        published.begin_change();
        assert!(published.is_known(&after) && !published.is_known(&another));
        published.publish_stamp(after);
        assert!(published.is_known(&after) && !published.is_known(&before));
    }
}
