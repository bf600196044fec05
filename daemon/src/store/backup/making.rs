//! A backup that somebody asks for, in steps: commands come in between, and what they change is
//! taken again at the end.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;

use super::copy::Copy;
use super::files::{IN_STEPS, free_name, make_directory, sweep};
use super::publish::publish_accounts;
use super::read::BackupCounts;
use super::unfinished::Unfinished;
use crate::store::account_tables::TABLES;
use crate::store::change_tracker::{ChangeTracker, RowAt};
use crate::store::db::Db;
use crate::store::directory::Directory;
use crate::store::error::StoreError;
use crate::store::kind::Kind;
use crate::store::paths::backup_directory;

/// Rows of one step: some milliseconds.
const STEP_ROWS: i64 = 500;

/// A backup that is being made. There is one at a time; dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Making {
    copy: Copy,
    file: Unfinished,
    kind: Kind,
    watch: Watch,
    /// The table that is being copied, and the last row that was.
    table: usize,
    after: i64,
}

/// What changes meanwhile is remembered until this is dropped.
#[derive(Debug)]
struct Watch {
    changes: ChangeTracker,
    number: u64,
}

impl Watch {
    fn end(&self) -> Option<BTreeSet<RowAt>> {
        self.changes.end(self.number)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end();
    }
}

/// A backup that stands under its final name.
#[derive(Clone, Debug)]
pub struct Made {
    directory: Arc<Directory>,
    /// Its absolute path.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// What it holds.
    pub counts: BackupCounts,
}

impl Making {
    /// Begins `NAME.db`.
    ///
    /// # Errors
    /// The store's; nothing is left behind then.
    pub fn begin(db: &Db, name: &str) -> Result<Self, StoreError> {
        let directory = Arc::new(make_directory(&backup_directory(&db.path))?);
        sweep(&directory, IN_STEPS);
        let name = free_name(&directory, name)?;
        let file = Unfinished::create(directory, &name, IN_STEPS)?;
        let (changes, number) = (db.changes.clone(), db.changes.begin());
        let (kind, watch) = (db.kind().clone(), Watch { changes, number });
        let mut copy = Copy::create(&file)?;
        if *db.kind() == Kind::Own {
            copy.declare(db)?;
        }
        Ok(Self { copy, file, kind, watch, table: 0, after: i64::MIN })
    }

    /// Copies some more rows; true when all are there, as they stand at this moment.
    pub fn step(&mut self, db: &Db) -> Result<bool, StoreError> {
        match db.kind() {
            Kind::Own => self.own_step(db),
            // Others change it meanwhile without telling: what one reader sees at once.
            Kind::PhotoPrism { .. } => self.at_once(db).map(|()| true),
        }
    }

    fn own_step(&mut self, db: &Db) -> Result<bool, StoreError> {
        if self.table < TABLES.len() {
            let last = self.copy.take(db, self.table, self.after, STEP_ROWS)?;
            self.table += usize::from(last.is_none());
            self.after = last.unwrap_or(i64::MIN);
            return Ok(false);
        }
        let changed = self.watch.end();
        if let Some(rows) = &changed {
            self.copy.take_again(db, rows)?;
        }
        // A table that was emptied as a whole told of no row.
        if changed.is_none() || !self.copy.is_complete(db)? {
            self.copy.clear()?;
            self.copy.take_all(db)?;
        }
        Ok(true)
    }

    fn at_once(&mut self, db: &Db) -> Result<(), StoreError> {
        // It only reads, and ends with its guard. The columns are those of the same moment.
        let _reader = db.conn.unchecked_transaction()?;
        self.copy.declare(db)?;
        self.copy.take_all(db)
    }

    /// Writes it to the disk, checks it by the rules of a restore and gives it its name. Needs no
    /// database.
    ///
    /// # Errors
    /// The store's; nothing is left behind then.
    pub fn publish(self) -> Result<Made, StoreError> {
        let Self { copy, file, kind, .. } = self;
        copy.finish()?;
        let (path, data) = (file.path(), file.file.metadata());
        let (directory, counts) = publish_accounts(file, &kind)?;
        Ok(Made { directory, path, bytes: data.map_or(0, |data| data.len()), counts })
    }
}

impl Made {
    /// Takes it back, where the command that it was made for failed.
    pub fn discard(&self) {
        if let Some(name) = self.path.file_name().and_then(OsStr::to_str) {
            // One that cannot be removed is a backup too many.
            let _ = self.directory.remove(name);
        }
    }
}
