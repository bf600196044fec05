//! Holds the database connection and reopens it: PhotoPrism may not have created `index.db` yet, or
//! may replace it.

mod begin;
mod lost;
mod renew;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tracing::{debug, info, warn};

use self::renew::renew_columns;
use super::attached;
use super::checkpoint;
use super::db::Db;
use super::error::StoreError;
use super::file_identity::Watch;
use super::kind::Kind;
use super::lock_timeout;
use super::open::open;
use super::open_error::{OpenError, failed};
use super::options::{Expected, OpenOptions};
use super::published::{Opened, Published, identity};
use super::reconnect::Reconnect;

/// Idle seconds between two log lines that say that the database is missing.
const REMINDER: u32 = 60;

/// Holds the database, and keeps trying to open it until PhotoPrism has created it.
pub struct Database {
    options: OpenOptions,
    db: Option<Db>,
    identity: Option<(u64, u64)>,
    idle: u32,
    /// Why it could not be opened; logged once, however often it is tried.
    last_error: Option<String>,
    /// Whether the daemon's tables were in PhotoPrism's database at the last check.
    had_tables: bool,
    /// The expected files of the daemon's own database.
    watch: Option<Watch>,
    /// Moves while a statement runs.
    turns: Arc<AtomicU64>,
    published: Published,
    /// What was published last.
    shown: Option<Shown>,
    /// How often the database was opened.
    openings: u64,
    /// When a server is tried again.
    reconnect: Reconnect,
    /// The mark of a group whose outcome is not known.
    unknown: Option<String>,
}

/// Changes with everything that other threads have to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shown {
    openings: u64,
    identity: Option<(u64, u64)>,
    schema_version: i64,
    tables: usize,
    attached: bool,
    foreign: bool,
}

impl Database {
    /// Opens the database, creating the daemon's own where it does not exist. A file named
    /// `index.db` is never created: the database stays closed then, and each call tries again.
    ///
    /// # Errors
    /// An [`OpenError`] but [`OpenError::NotThereYet`].
    pub fn open(mut options: OpenOptions) -> Result<Self, OpenError> {
        let turns = Arc::default();
        let db = match opened(&options, &turns) {
            Ok(db) => Some(db),
            Err(OpenError::NotThereYet) => None,
            Err(OpenError::Unreachable(why)) => {
                warn!("{why}");
                None
            }
            Err(error) => return Err(error),
        };
        db.as_ref().inspect(|db| log_version(db));
        let file = db.as_ref().filter(|db| db.server.is_none());
        let watch = file.map_or(Ok(None), Watch::of).map_err(|error| {
            OpenError::Storage(format!("{} cannot be used: {error}", options.path.display()))
        })?;
        if watch.is_none() {
            options.expected = Expected::StillPhotoPrism;
        }
        let identity = db.as_ref().and_then(|db| identity(&db.path));
        let had_tables = db.as_ref().is_some_and(|db| db.columns.admin);
        let mut database = Self {
            options,
            db,
            identity,
            idle: 0,
            last_error: None,
            had_tables,
            watch,
            turns,
            published: Published::default(),
            shown: None,
            openings: 1,
            reconnect: Reconnect::default(),
            unknown: None,
        };
        database.publish();
        Ok(database)
    }

    /// Moves with the thread, and with each piece of a long statement.
    pub(super) fn turns(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.turns)
    }

    /// What other threads know about the database.
    pub(super) fn published(&self) -> Published {
        self.published.clone()
    }

    /// Publishes what has changed about the database since the last call.
    fn publish(&mut self) {
        let shown = self.db.as_ref().map(|db| Shown {
            openings: self.openings,
            identity: self.identity,
            schema_version: db.columns.schema_version,
            tables: db.columns.tables(),
            attached: db.columns.attached,
            foreign: db.own_tables.foreign.get(),
        });
        if shown == self.shown {
            return;
        }
        self.shown = shown;
        self.published.publish(self.db.as_ref().map(|db| Opened {
            path: db.path.clone(),
            backups: db.backups.clone(),
            server: db.server.clone(),
            kind: db.kind.clone(),
            identity: self.identity,
            attached: db.columns.attached,
            foreign: db.own_tables.foreign.get(),
            running: db.running,
        }));
    }

    /// The database if it is open, without checking the file.
    pub const fn db(&self) -> Option<&Db> {
        self.db.as_ref()
    }

    /// The configured path.
    pub fn path(&self) -> &Path {
        &self.options.path
    }

    /// Ends the process if the daemon's own database is not the open file any more.
    pub(super) fn check(&mut self) {
        if let (Some(db), Some(watch)) = (&self.db, &mut self.watch) {
            watch.check(db);
            self.published.publish_stamp(watch.stamp());
        }
    }

    /// The same after a transaction, before any reply. What was written to a file that PhotoPrism
    /// has replaced meanwhile is lost, and not acknowledged.
    pub(super) fn check_written(&mut self) -> Result<(), StoreError> {
        if let (Some(db), Some(watch)) = (&self.db, &mut self.watch) {
            watch.check_written(db);
            self.published.publish_stamp(watch.stamp());
        }
        if self.was_replaced() {
            return Err(StoreError::ReadOnly("it was replaced while it was written".into()));
        }
        Ok(())
    }

    /// Checkpoints the log of the daemon's own database when it is long.
    pub(super) fn checkpoint(&mut self) {
        if let (Some(db), Some(watch)) = (&self.db, &mut self.watch)
            && checkpoint::is_due(db)
        {
            self.published.begin_change();
            checkpoint::run(db);
            watch.note_checkpoint();
            self.published.publish_stamp(watch.stamp());
        }
    }

    /// The database, opened again first if the file or its tables changed.
    pub(super) fn get(&mut self) -> Result<&Db, StoreError> {
        self.follow()?;
        self.publish();
        self.db.as_ref().ok_or(StoreError::Missing)
    }

    /// Called after a group in PhotoPrism's file. If its commit failed half-way, the daemon's own
    /// file may contain it all the same; reopening finds that out before the next read.
    pub(super) fn after_commit(&mut self, end: &Result<(), StoreError>) {
        let Some(db) = self.db.as_ref().filter(|db| db.kind != Kind::Own) else { return };
        match end {
            Ok(()) if db.server.is_some() => {}
            Ok(()) => {
                if let Err(error) = attached::settle(db) {
                    debug!(%error, "what the last changes were stays in the daemon's own file");
                }
            }
            Err(error) if error.is_rolled_back() => {}
            Err(_) => self.close(),
        }
    }

    /// Whether it is on a server.
    pub(super) const fn has_server(&self) -> bool {
        self.options.server.is_some()
    }

    /// Whether PhotoPrism writes to the same file.
    pub(super) fn is_shared(&self) -> bool {
        self.db.as_ref().is_some_and(|db| db.kind != Kind::Own)
    }

    /// How long to retry [`Database::begin`]: as long as PhotoPrism itself would wait.
    pub(super) fn lock_timeout(&self) -> Duration {
        if self.is_shared() { lock_timeout::full() } else { Duration::ZERO }
    }

    fn was_replaced(&self) -> bool {
        let file = self.db.as_ref().is_some_and(|db| db.own_tables.was_replaced(&db.path));
        let is_file = self.options.server.is_none();
        is_file && self.is_shared() && (file || identity(&self.options.path) != self.identity)
    }

    /// Called once a second while there are no requests.
    pub(super) fn idle(&mut self) {
        self.check();
        if let Err(error) = lock_timeout::within(Duration::ZERO, || self.follow()) {
            debug!(%error, "the tables are looked up again at the next request");
        }
        if let Some(db) = &self.db {
            db.keep_alive();
        }
        self.publish();
        self.idle = if self.db.is_some() { 0 } else { self.idle + 1 };
        if self.idle == REMINDER {
            self.idle = 0;
            let why = self.last_error.as_deref().unwrap_or("the database does not exist yet");
            warn!(database = self.name(), "{why}");
        }
    }

    /// Writes everything back and closes the file.
    pub(super) fn close(&mut self) {
        if let Some(db) = self.db.take() {
            self.unknown = db.mark.take_unknown().or(self.unknown.take());
            db.close();
        }
    }

    /// Follows what PhotoPrism does: it may create the file, change its tables, or replace it with a
    /// restored backup.
    ///
    /// # Errors
    /// [`StoreError::Locked`]: it is not known whether the tables changed, so they must not be
    /// used.
    fn follow(&mut self) -> Result<(), StoreError> {
        if matches!(&self.db, Some(db) if db.kind == Kind::Own) {
            return Ok(());
        }
        if self.options.server.is_some() {
            return self.follow_server();
        }
        let now = identity(&self.options.path);
        if self.db.is_some() && now != self.identity {
            info!("the database file was replaced");
            self.close();
        }
        if self.db.as_ref().is_some_and(|db| db.own_tables.was_replaced(&db.path)) {
            warn!("photoprism-admin.db was removed or replaced");
            self.close();
        }
        match self.db.as_mut().map(renew_columns).transpose()? {
            // Opening it again reports what is missing.
            Some(false) => self.close(),
            None if now.is_some() => self.try_open(now),
            Some(true) | None => {}
        }
        self.check_tables();
        Ok(())
    }

    /// What the database is called.
    pub fn name(&self) -> String {
        let OpenOptions { path, server, .. } = &self.options;
        server.as_ref().map_or_else(|| path.display().to_string(), ToString::to_string)
    }

    /// A backup that PhotoPrism restored may be older than the daemon's tables.
    fn check_tables(&mut self) {
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
        match opened(&self.options, &self.turns) {
            Ok(db) => {
                self.openings += 1;
                info!(path = db.name(), kind = db.kind.name(), "the database exists now");
                log_version(&db);
                self.db = Some(db);
                self.identity = now;
                self.last_error = None;
            }
            Err(OpenError::NotThereYet) => {}
            Err(error) => {
                let why = error.to_string();
                if self.last_error.as_ref() != Some(&why) {
                    warn!(error = why, "the database cannot be used yet");
                    self.last_error = Some(why);
                }
            }
        }
    }
}

/// Opens it, with its progress counted.
fn opened(options: &OpenOptions, turns: &Arc<AtomicU64>) -> Result<Db, OpenError> {
    let mut db = open(options)?;
    db.count_progress(turns).map_err(|error| failed(&options.path, error))?;
    Ok(db)
}

/// Logs PhotoPrism's version and edition, if it is PhotoPrism's.
fn log_version(db: &Db) {
    if let Kind::PhotoPrism { version, edition } = &db.kind {
        info!(path = db.name(), version, edition, "PhotoPrism's database");
    }
}
