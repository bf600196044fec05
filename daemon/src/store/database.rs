//! The place of the one database: open, or not there yet.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use tracing::{debug, info, warn};

use super::attached;
use super::columns::{Columns, schema_version};
use super::db::{Db, Kind};
use super::error::StoreError;
use super::expected::Expected;
use super::file_identity::Watch;
use super::generation;
use super::lock_timeout::{self, SHORT};
use super::open::{OpenError, OpenOptions, open, photoprism_kind};

/// How many idle seconds lie between two lines that say that the database is missing.
const REMINDER: u32 = 60;

/// How often a transaction is begun anew where the file is replaced meanwhile.
const ATTEMPTS: u32 = 3;

/// Holds the database, and looks for it while PhotoPrism has not made it.
pub struct Database {
    options: OpenOptions,
    db: Option<Db>,
    identity: Option<(u64, u64)>,
    idle: u32,
    /// Why it could not be opened: told once, however often it is tried.
    told: Option<String>,
    /// Whether the daemon's tables were in PhotoPrism's database when it was last looked at.
    had_tables: bool,
    /// The files of our own database as they should be.
    watch: Option<Watch>,
}

impl Database {
    /// Opens the database, making our own where there is none. A file named `index.db` is never
    /// made: the slot is empty then, and looks again each time it is asked.
    ///
    /// # Errors
    /// An [`OpenError`] but [`OpenError::NotThereYet`].
    pub fn open(mut options: OpenOptions) -> Result<Self, OpenError> {
        let db = match open(&options) {
            Ok(db) => Some(db),
            Err(OpenError::NotThereYet) => None,
            Err(error) => return Err(error),
        };
        db.as_ref().inspect(|db| tell_version(db));
        let watch = db.as_ref().map_or(Ok(None), Watch::of).map_err(|error| {
            OpenError::Storage(format!("{} cannot be used: {error}", options.path.display()))
        })?;
        if watch.is_none() {
            options.expected = Expected::StillPhotoPrism;
        }
        let identity = db.as_ref().and_then(|db| identity(&db.path));
        let had_tables = db.as_ref().is_some_and(|db| db.columns.admin);
        Ok(Self { options, db, identity, idle: 0, told: None, had_tables, watch })
    }

    /// The database, where there is one now.
    pub const fn db(&self) -> Option<&Db> {
        self.db.as_ref()
    }

    /// The path that was asked for.
    pub fn path(&self) -> &Path {
        &self.options.path
    }

    /// Ends the process where our own database is not the file any more that is open.
    pub(super) fn check(&mut self) {
        if let (Some(db), Some(watch)) = (&self.db, &mut self.watch) {
            watch.check(db);
        }
    }

    /// The same after a transaction, before anybody is answered. What was written to a file that
    /// PhotoPrism has replaced meanwhile is lost, and not acknowledged.
    pub(super) fn check_written(&mut self) -> Result<(), StoreError> {
        if let (Some(db), Some(watch)) = (&self.db, &mut self.watch) {
            watch.check_written(db);
        }
        if self.was_replaced() {
            return Err(StoreError::ReadOnly("it was replaced while it was written".into()));
        }
        Ok(())
    }

    /// Writes the log of our own database back where it has grown long.
    pub(super) fn checkpoint(&mut self) {
        if let (Some(db), Some(watch)) = (&self.db, &mut self.watch)
            && generation::checkpoint(db)
        {
            watch.note_checkpoint();
        }
    }

    /// The database as it is now.
    pub(super) fn get(&mut self) -> Result<&Db, StoreError> {
        self.follow()?;
        self.db.as_ref().ok_or(StoreError::Missing)
    }

    /// Begins a write transaction, its lock taken; PhotoPrism's lock is waited for only briefly.
    pub(super) fn begin(&mut self) -> Result<(), StoreError> {
        self.check();
        for _ in 0..ATTEMPTS {
            lock_timeout::within(SHORT, || self.get_for_write().and_then(Db::begin))?;
            let Some(db) = self.db.as_ref().filter(|db| db.kind != Kind::Own) else {
                return Ok(());
            };
            if let Err(error) = attached::begin(db) {
                db.rollback()?;
                return Err(error);
            }
            if !self.was_replaced() {
                return Ok(());
            }
            // It was replaced while its lock was waited for: what is written there is lost.
            info!("the database file was replaced");
            self.close();
        }
        Err(StoreError::Missing)
    }

    /// What follows upon a group in PhotoPrism's file: where its commit failed half way, the daemon's
    /// own may have it all the same, which opening it again finds out before the next look at it.
    pub(super) fn after_commit(&mut self, end: &Result<(), StoreError>) {
        let Some(db) = self.db.as_ref().filter(|db| db.kind != Kind::Own) else { return };
        match end {
            Ok(()) => {
                if let Err(error) = attached::settle(db) {
                    debug!(%error, "what the last changes were stays in the daemon's own file");
                }
            }
            Err(StoreError::Locked(_)) => {}
            Err(_) => self.close(),
        }
    }

    /// Whether PhotoPrism writes to the same file.
    pub(super) fn is_shared(&self) -> bool {
        self.db.as_ref().is_some_and(|db| db.kind != Kind::Own)
    }

    /// For how long [`Slot::begin`] is worth another try: as long as PhotoPrism itself would wait.
    pub(super) fn patience(&self) -> Duration {
        if self.is_shared() { lock_timeout::full() } else { Duration::ZERO }
    }

    fn get_for_write(&mut self) -> Result<&Db, StoreError> {
        self.follow()?;
        let db = self.db.as_mut().ok_or(StoreError::Missing)?;
        if db.kind != Kind::Own {
            attached::move_leftover(db)?;
            attached::ready(db)?;
            attached::settle_due(db)?;
            self.had_tables = true;
        }
        Ok(db)
    }

    fn was_replaced(&self) -> bool {
        let theirs = self.db.as_ref().is_some_and(|db| db.kind != Kind::Own);
        let file = self.db.as_ref().is_some_and(|db| db.beside.was_replaced(&db.path));
        theirs && (file || identity(&self.options.path) != self.identity)
    }

    /// Called once a second while nothing is asked.
    pub(super) fn idle(&mut self) {
        self.check();
        if let Err(error) = lock_timeout::within(Duration::ZERO, || self.follow()) {
            debug!(%error, "the tables are looked up again at the next request");
        }
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
    ///
    /// # Errors
    /// [`StoreError::Locked`]: whether the tables changed is not known, so nothing may be done with
    /// them.
    fn follow(&mut self) -> Result<(), StoreError> {
        if matches!(&self.db, Some(db) if db.kind == Kind::Own) {
            return Ok(());
        }
        let now = identity(&self.options.path);
        if self.db.is_some() && now != self.identity {
            info!("the database file was replaced");
            self.close();
        }
        if self.db.as_ref().is_some_and(|db| db.beside.was_replaced(&db.path)) {
            warn!("photoprism-admin.db was removed or replaced");
            self.close();
        }
        match self.db.as_mut().map(renew_columns).transpose()? {
            // What is missing is told by opening it anew.
            Some(false) => self.close(),
            None if now.is_some() => self.try_open(now),
            Some(true) | None => {}
        }
        self.look_for_tables();
        Ok(())
    }

    /// A backup that PhotoPrism restored may be older than the daemon's tables.
    fn look_for_tables(&mut self) {
        let Some(db) = &self.db else { return };
        if self.had_tables && !db.columns.admin {
            warn!(
                "the daemon's tables are gone from the database, its audit trail with them: a new \
                 one begins with the next change"
            );
        }
        self.had_tables = db.columns.admin;
    }

    fn try_open(&mut self, now: Option<(u64, u64)>) {
        match open(&self.options) {
            Ok(db) => {
                info!(path = %db.path.display(), kind = db.kind.name(), "the database is there");
                tell_version(&db);
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

/// Whose it is, where it is PhotoPrism's.
fn tell_version(db: &Db) {
    if let Kind::PhotoPrism { version, edition } = &db.kind {
        info!(path = %db.path.display(), version, edition, "PhotoPrism's database");
    }
}

/// Looks the columns up again where the schema changed; false where the account tables lack what
/// nothing works without.
fn renew_columns(db: &mut Db) -> Result<bool, StoreError> {
    let renewed = match schema_version(&db.conn) {
        Ok(version) if version == db.columns.schema_version => return Ok(true),
        Ok(_) => look_again(db),
        Err(error) => Err(error),
    };
    match renewed {
        Err(error @ StoreError::Locked(_)) => return Err(error),
        Err(error) => warn!(%error, "the tables could not be looked up again"),
        Ok(()) => {}
    }
    Ok(db.columns.missing().is_none())
}

/// All of it, or nothing where PhotoPrism's lock is in the way: the next request tries again.
fn look_again(db: &mut Db) -> Result<(), StoreError> {
    let (columns, kind) = (Columns::look_up(&db.conn)?, photoprism_kind(&db.conn)?);
    let before = std::mem::replace(&mut db.columns, columns);
    // A restore drops tables and makes them anew.
    let compared = attached::compare_accounts(db);
    match compared {
        Err(StoreError::Locked(_)) => db.columns = before,
        _ => db.kind = kind,
    }
    compared
}

/// Device and inode, told by the file's name: no descriptor of it is opened.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let data = std::fs::metadata(path).ok()?;
    (data.len() > 0).then(|| (data.dev(), data.ino()))
}
