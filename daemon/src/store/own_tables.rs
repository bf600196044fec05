//! The state of `photoprism-admin.db`, the file next to PhotoPrism's with the daemon's own tables.

use std::cell::{Cell, RefCell};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rusqlite::Connection;

use super::paths::own_tables_path;
use super::remembered::{Counted, KeyRooms};
use super::schema::CURSOR_KEY_BYTES;
use super::tracked::Tracked;

/// State of the attached file, and of the group that is running.
#[derive(Debug, Default)]
pub(super) struct OwnTables {
    /// The key for a new file.
    pub(super) key: [u8; CURSOR_KEY_BYTES],
    /// What the running group has changed.
    pub(super) tracked: Tracked,
    /// How many rows there were when they were counted last.
    pub(super) counted: Cell<Option<Counted>>,
    /// How many idempotency keys more each uid may have.
    pub(super) keys: KeyRooms,
    /// Device and inode of the attached file.
    file: Cell<Option<(u64, u64)>>,
    /// The change counter of `index.db` before the running group; `None` in WAL mode.
    pub(super) counter: Cell<Option<u32>>,
    /// The daemon's tables in `index.db` belong to another trail, and stay there.
    pub(super) foreign: Cell<bool>,
    /// Whether the last group of the previous run has been compared.
    pub(super) settled: Cell<bool>,
    /// A read connection that sees `index.db` as it was committed.
    pub(super) before: RefCell<Option<Connection>>,
}

impl OwnTables {
    /// Nothing is attached yet.
    pub(super) fn new(key: [u8; CURSOR_KEY_BYTES]) -> Self {
        Self { key, ..Self::default() }
    }

    /// Whether the attached file was removed or replaced: what is written to it would be lost.
    pub(super) fn was_replaced(&self, main: &Path) -> bool {
        let file = self.file.get();
        file.is_some() && file != identity(&own_tables_path(main))
    }

    /// Remembers which file is attached.
    pub(super) fn attached(&self, main: &Path) {
        self.file.set(identity(&own_tables_path(main)));
    }
}

/// Device and inode, read by path so that no descriptor of the file is opened.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let data = std::fs::symlink_metadata(path).ok()?;
    Some((data.dev(), data.ino()))
}
