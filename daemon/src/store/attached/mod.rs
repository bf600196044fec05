//! The daemon's own tables where the accounts are in PhotoPrism's SQLite file: in
//! `photoprism-admin.db` next to it, attached to the connection as `admin`. The first write creates
//! it; a read never does. So PhotoPrism's schema is not changed, and its own backup and restore
//! work as without the daemon.
//!
//! Both files are changed in one transaction, without a super-journal: that is found by its
//! absolute path, and a PhotoPrism that sees the directory under another path would take an
//! interrupted commit for a finished one. A WAL needs none: SQLite syncs the daemon's file first,
//! and the commit is complete when the journal of `index.db` is deleted. A crash in between leaves
//! records of changes that did not happen; [`pending`] finds those at the next start.

mod evidence;
mod file;
mod leftover;
mod open;
mod pending;
mod replaced;
mod tables;
mod tracked;

pub use self::file::own_tables_file;
pub(super) use self::file::{attach, ready};
pub use self::leftover::foreign_tables;
pub(super) use self::leftover::move_leftover;
pub(super) use self::open::open_photoprism;
pub(super) use self::pending::{begin, keep, settle};
pub(super) use self::replaced::{compare_accounts, forget_accounts};
pub(super) use self::tracked::{Tracked, note_emptied};

use std::cell::{Cell, RefCell};

use rusqlite::Connection;

use super::db::Db;
use super::error::StoreError;
use super::schema::CURSOR_KEY_BYTES;

/// State of the attached file, and of the group that is running.
#[derive(Debug, Default)]
pub(super) struct OwnTables {
    /// The key for a new file.
    pub(super) key: [u8; CURSOR_KEY_BYTES],
    /// What the running group has changed.
    pub(super) tracked: Tracked,
    /// Device and inode of the attached file.
    file: Cell<Option<(u64, u64)>>,
    /// The change counter of `index.db` before the running group; `None` in WAL mode.
    counter: Cell<Option<u32>>,
    /// The daemon's tables in `index.db` belong to another trail, and stay there.
    pub(super) foreign: Cell<bool>,
    /// Whether the last group of the previous run has been compared.
    settled: Cell<bool>,
    /// A read connection that sees `index.db` as it was committed.
    before: RefCell<Option<Connection>>,
}

/// Compares the last group of the previous run, unless that is done.
pub(super) fn settle_due(db: &Db) -> Result<(), StoreError> {
    if !db.own_tables.settled.get() {
        pending::settle_last(db)?;
        compare_accounts(db)?;
        db.own_tables.settled.set(true);
    }
    Ok(())
}

impl OwnTables {
    /// Nothing is attached yet.
    pub(super) fn new(key: [u8; CURSOR_KEY_BYTES]) -> Self {
        Self { key, ..Self::default() }
    }
}
