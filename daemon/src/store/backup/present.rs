//! What is there before a restore, for the comparison with the backup.

use rusqlite::Connection;

use super::owned_rows::Compared;
use super::write::{Backup, copy_unnamed};
use crate::store::account_tables::Table;
use crate::store::db::{Db, LARGE_CACHE};
use crate::store::error::StoreError;
use crate::store::sessions::hidden_sessions;
use crate::store::visible::visible;

/// The accounts that are there: those of the database itself, or of a copy of a server's.
#[derive(Debug)]
pub struct Present<'a> {
    pub(super) conn: &'a Connection,
    /// The database, if it is not a copy.
    file: Option<&'a Db>,
    /// Its values are those of another engine.
    of_server: bool,
}

impl<'a> Present<'a> {
    /// Those of a file.
    ///
    /// # Errors
    /// The store's.
    pub fn in_file(db: &'a Db) -> Result<Self, StoreError> {
        Ok(Self { conn: db.sqlite()?, file: Some(db), of_server: false })
    }

    /// Whether it is a copy, which has the indexes of a backup alone.
    pub(super) const fn is_copy(&self) -> bool {
        self.file.is_none()
    }

    /// How many sessions came back after they were ended. A copy has none of them.
    pub(super) fn hidden_sessions(&self) -> Result<u64, StoreError> {
        self.file.map_or(Ok(0), hidden_sessions)
    }

    /// The condition for the others.
    pub(super) fn visible(&self) -> &'static str {
        self.file.map_or("1", |db| visible(&db.columns))
    }

    /// What is compared of a table.
    pub(super) fn compared(&self, table: &'a Table, columns: &'a [String]) -> Compared<'a> {
        Compared { table, columns, between_engines: self.of_server }
    }
}

/// A copy of the accounts of PhotoPrism's database at one moment.
#[derive(Debug)]
pub struct AccountsCopy {
    conn: Connection,
    of_server: bool,
}

impl AccountsCopy {
    /// Makes one of a server's that has no name. Takes as long as copying takes.
    ///
    /// # Errors
    /// The store's; nothing is left behind then.
    pub fn make(db: &Db) -> Result<Self, StoreError> {
        Self::of(copy_unnamed(db)?, db)
    }

    /// The backup that was made of them.
    ///
    /// # Errors
    /// The store's.
    pub fn in_backup(backup: &Backup, db: &Db) -> Result<Self, StoreError> {
        Self::of(backup.connect()?, db)
    }

    fn of(conn: Connection, db: &Db) -> Result<Self, StoreError> {
        // It is read in the order of UIDs, which is not that of its pages.
        conn.pragma_update(None, "cache_size", LARGE_CACHE)?;
        Ok(Self { conn, of_server: db.server().is_some() })
    }

    /// What it holds.
    pub const fn present(&self) -> Present<'_> {
        Present { conn: &self.conn, file: None, of_server: self.of_server }
    }
}
