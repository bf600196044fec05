//! The place of the one database: open, or not there yet.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use tracing::{info, warn};

use super::columns::{Columns, schema_version};
use super::db::{Db, Kind};
use super::error::StoreError;
use super::open::{OpenError, OpenOptions, open};

/// How many idle seconds lie between two lines that say that the database is missing.
const REMINDER: u32 = 60;

/// Holds the database, and looks for it while PhotoPrism has not made it.
pub struct Slot {
    options: OpenOptions,
    db: Option<Db>,
    identity: Option<(u64, u64)>,
    idle: u32,
    /// Why it could not be opened: told once, however often it is tried.
    told: Option<String>,
}

impl Slot {
    /// Opens the database, making our own where there is none. A file named `index.db` is never
    /// made: the slot is empty then, and looks again each time it is asked.
    ///
    /// # Errors
    /// An [`OpenError`] but [`OpenError::NotThereYet`].
    pub fn open(options: OpenOptions) -> Result<Self, OpenError> {
        let db = match open(&options) {
            Ok(db) => Some(db),
            Err(OpenError::NotThereYet) => None,
            Err(error) => return Err(error),
        };
        let identity = db.as_ref().and_then(|db| identity(&db.path));
        Ok(Self { options, db, identity, idle: 0, told: None })
    }

    /// The database, where there is one now.
    #[must_use]
    pub const fn db(&self) -> Option<&Db> {
        self.db.as_ref()
    }

    /// The path that was asked for.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.options.path
    }

    pub(super) fn get(&mut self) -> Result<&Db, StoreError> {
        self.follow();
        self.db.as_ref().ok_or(StoreError::Missing)
    }

    pub(super) fn get_for_write(&mut self) -> Result<&Db, StoreError> {
        let db = self.get()?;
        match db.kind {
            Kind::Own => Ok(db),
            Kind::PhotoPrism { .. } => Err(StoreError::ReadOnly),
        }
    }

    /// Called once a second while nothing is asked.
    pub(super) fn idle(&mut self) {
        self.follow();
        self.idle = if self.db.is_some() { 0 } else { self.idle + 1 };
        if self.idle == REMINDER {
            self.idle = 0;
            warn!(path = %self.options.path.display(), "the database is not there yet");
        }
    }

    /// Writes everything back and lets the file go.
    pub(super) fn close(&mut self) {
        if let Some(db) = self.db.take() {
            db.close();
        }
    }

    /// PhotoPrism may make the file, change its tables, or put a restored backup in its place.
    fn follow(&mut self) {
        if matches!(&self.db, Some(db) if db.kind == Kind::Own) {
            return;
        }
        let now = identity(&self.options.path);
        if self.db.is_some() && now != self.identity {
            info!("the database file was replaced");
            self.close();
        }
        match &mut self.db {
            Some(db) => renew_columns(db),
            None if now.is_some() => self.try_open(now),
            None => {}
        }
    }

    fn try_open(&mut self, now: Option<(u64, u64)>) {
        match open(&self.options) {
            Ok(db) => {
                info!(path = %db.path.display(), kind = db.kind.name(), "the database is there");
                self.db = Some(db);
                self.identity = now;
                self.told = None;
            }
            Err(OpenError::NotThereYet) => {}
            Err(error) => {
                let why = error.to_string();
                if self.told.as_ref() != Some(&why) {
                    warn!(error = why, "the database cannot be used yet");
                    self.told = Some(why);
                }
            }
        }
    }
}

fn renew_columns(db: &mut Db) {
    let renewed = match schema_version(&db.conn) {
        Ok(version) if version == db.columns.schema_version => return,
        Ok(_) => Columns::look_up(&db.conn),
        Err(error) => Err(error),
    };
    match renewed {
        Ok(columns) => db.columns = columns,
        Err(error) => warn!(%error, "the tables could not be looked up again"),
    }
}

/// Device and inode, told by the file's name: no descriptor of it is opened.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let data = std::fs::metadata(path).ok()?;
    (data.len() > 0).then(|| (data.dev(), data.ino()))
}
