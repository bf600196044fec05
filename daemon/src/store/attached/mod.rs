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

pub(super) use self::file::{attach, attach_while_serving, ready};
pub use self::file::{faulty_file, own_tables_file};
pub use self::leftover::foreign_tables;
pub(super) use self::leftover::move_leftover;
pub(super) use self::open::open_photoprism;
pub(super) use self::pending::{begin, keep, note_emptied, settle};
pub(super) use self::replaced::{compare_accounts, forget_accounts};

use super::db::Db;
use super::error::StoreError;

/// Compares the last group of the previous run, unless that is done.
pub(super) fn settle_due(db: &Db) -> Result<(), StoreError> {
    if !db.own_tables.settled.get() {
        pending::settle_last(db)?;
        compare_accounts(db)?;
        db.own_tables.settled.set(true);
    }
    Ok(())
}
