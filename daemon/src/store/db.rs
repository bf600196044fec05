//! The open database, and the proof that a write is inside a transaction.

use std::cell::RefCell;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tracing::warn;

use super::columns::Columns;
use super::engine::{Connection, Dialect, Prepared, Row, Savepoint, Statement, Value, Version};
use super::error::StoreError;
use super::generation::Generation;
use super::kind::Kind;
use super::mark::Mark;
use super::options::Running;
use super::own_tables::OwnTables;
use super::pragmas::is_attached;
use crate::model::{AuditHead, Effect, Ended};
use crate::server_address::ServerAddress;

/// Exit code of a storage error (`EX_IOERR`).
pub(super) const EXIT_STORAGE: i32 = 74;

/// Memory for pages while much is read or changed at once, in KiB as SQLite takes it.
pub(super) const LARGE_CACHE: i64 = -32_768;

/// The same while much is changed in PhotoPrism's file, whose readers are locked out as soon as one
/// changed page is written: enough for 200,000 sessions.
const UNWRITTEN_CACHE: i64 = -196_608;

/// Seconds added to PhotoPrism's cache time, for requests that it has started and not yet written.
const MARGIN: i64 = 60;

/// The one connection and what is known about its file.
#[derive(Debug)]
pub struct Db {
    /// The engine. What only SQLite has reaches rusqlite through it.
    pub(super) conn: Connection,
    pub(super) kind: Kind,
    /// The file. With a server the default one, in whose directory the daemon has its own files.
    pub(super) path: PathBuf,
    /// The directory of its backups.
    pub(super) backups: PathBuf,
    /// Where PhotoPrism's accounts are, if not in a file.
    pub(super) server: Option<ServerAddress>,
    pub(super) columns: Columns,
    /// For the daemon's own database; unused with PhotoPrism's.
    pub(super) generation: RefCell<Generation>,
    /// The file next to PhotoPrism's that holds the daemon's own tables.
    pub(super) own_tables: OwnTables,
    /// The order of groups, where a server has the database.
    pub(super) mark: Mark,
    /// What is known about the PhotoPrism that runs.
    pub(super) running: Running,
}

impl Db {
    /// Counts up while a statement runs, so that long work does not look like a hang.
    pub(super) fn count_progress(&mut self, turns: &Arc<AtomicU64>) -> Result<(), StoreError> {
        self.conn.count_progress(turns)
    }

    /// The connection, for what only SQLite has.
    pub(super) fn sqlite(&self) -> Result<&rusqlite::Connection, StoreError> {
        self.conn.sqlite()
    }

    /// Whose database it is.
    pub const fn kind(&self) -> &Kind {
        &self.kind
    }

    /// What it is called: its absolute path, or the address of the server without a password.
    pub fn name(&self) -> String {
        self.server.as_ref().map_or_else(|| self.path.display().to_string(), ToString::to_string)
    }

    /// The server that has it, and the version of that.
    pub fn server(&self) -> Option<(&ServerAddress, &str)> {
        Some((self.server.as_ref()?, self.conn.mariadb()?.server()))
    }

    /// Its absolute path. With a server that of the default database.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory of its backups.
    pub fn backups(&self) -> &Path {
        &self.backups
    }

    /// Seconds for which a running PhotoPrism keeps a session in memory.
    pub const fn session_cache(&self) -> u32 {
        self.running.session_cache
    }

    /// The name by which this daemon claims entries of ended sessions.
    pub(super) fn claim(&self) -> String {
        self.running.notifier.map(|number| format!("{number:016x}")).unwrap_or_default()
    }

    /// Whether PhotoPrism is notified of ended sessions.
    pub const fn notifies(&self) -> bool {
        self.running.notifier.is_some()
    }

    /// Seconds after which PhotoPrism no longer has a session in memory.
    pub(super) fn window(&self) -> i64 {
        i64::from(self.running.session_cache) + MARGIN
    }
}

/// Statements of the operations.
impl Db {
    /// The words that the engine has of its own.
    pub(super) const fn dialect(&self) -> Dialect {
        self.conn.dialect()
    }

    /// One that runs more than once, or whose rows are read one by one.
    pub(super) fn prepare(&self, statement: Statement<'_>) -> Result<Prepared<'_>, StoreError> {
        if statement.is_own() {
            self.conn.prepare_once(&self.columns.qualified(statement.text()))
        } else {
            self.conn.prepare_once(statement.text())
        }
    }

    /// The first row, if there is one.
    pub(super) fn one<T>(
        &self,
        statement: Statement<'_>,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.prepare(statement)?.one(values, read)
    }

    /// Every row.
    pub(super) fn all<T>(
        &self,
        statement: Statement<'_>,
        values: &[Value<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.prepare(statement)?.all(values, read)
    }

    /// What makes a read inside of a group lock its rows until the end of that, where others can
    /// change them: `""` with a file, which the group has for itself.
    pub(super) fn row_lock(&self) -> &'static str {
        if self.mark.is_running() { " FOR UPDATE" } else { "" }
    }

    /// What changes with every change of what is stored.
    pub(super) fn version(&self) -> Result<Version, StoreError> {
        self.conn.version(self.columns.attached)
    }

    /// Whether the open transaction has written.
    pub(super) fn has_written(&self) -> Result<bool, StoreError> {
        self.conn.has_written()
    }

    /// The number that the one row of a statement has, such as a count.
    pub(super) fn number(
        &self,
        statement: Statement<'_>,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        Ok(self.one(statement, values, |row| row.count(0))?.unwrap_or(0))
    }
}

/// Whether a server has the database, and perhaps other daemons on it.
pub const fn has_server(db: &Db) -> bool {
    db.server.is_some()
}

/// Whether the daemon's tables exist; always true for its own database.
pub const fn has_admin_tables(db: &Db) -> bool {
    db.columns.admin
}

/// A database inside a write transaction. Only the database thread creates one.
#[derive(Debug)]
pub struct Tx<'a> {
    db: &'a Db,
    /// Effects of its commit beyond the command's result.
    effects: RefCell<Vec<Effect>>,
    /// The newest record of the audit trail, as long as it is known.
    audit_head: RefCell<Option<AuditHead>>,
    /// The sessions that it ended.
    ended: RefCell<Ended>,
}

impl<'a> Tx<'a> {
    pub(super) fn new(db: &'a Db) -> Self {
        let audit_head = RefCell::new(db.mark.audit_head());
        Self { db, effects: RefCell::default(), audit_head, ended: RefCell::default() }
    }

    pub(super) fn add_effect(&self, effect: Effect) {
        self.effects.borrow_mut().push(effect);
    }

    /// The newest record of the audit trail, where this transaction or the one before has written it.
    pub(super) fn take_audit_head(&self) -> Option<AuditHead> {
        self.audit_head.take()
    }

    /// This transaction has written that record.
    pub(super) fn set_audit_head(&self, head: AuditHead) {
        self.audit_head.replace(Some(head));
    }

    pub(super) fn take_effects(&self) -> Vec<Effect> {
        self.effects.take()
    }

    /// Notes what became of the sessions that this transaction ended.
    pub(crate) fn note_ended(&self, note: impl FnOnce(&mut Ended)) {
        note(&mut self.ended.borrow_mut());
    }

    /// The sessions that it ended so far.
    pub(crate) fn take_ended(&self) -> Ended {
        self.ended.take()
    }
}

impl Tx<'_> {
    /// Changes rows, and returns their number.
    pub(super) fn change(
        &self,
        statement: Statement<'_>,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        self.prepare(statement)?.change(values)
    }

    /// Changes a row with the first statement; where there is none, adds it with the second.
    pub(super) fn change_or_add(
        &self,
        statements: [Statement<'_>; 2],
        values: &[Value<'_>],
    ) -> Result<(), StoreError> {
        let [change, add] = statements;
        if self.change(change, values)? == 0 {
            self.change(add, values)?;
        }
        Ok(())
    }

    /// Changes much of the database, with the cache that this takes.
    ///
    /// # Errors
    /// Those of the work, and the store's.
    pub fn large<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let is_own = *self.kind() == Kind::Own;
        self.with_cache(if is_own { LARGE_CACHE } else { UNWRITTEN_CACHE }, work)
    }

    /// Runs one of several pieces of work: if it fails, its writes are rolled back and those of the
    /// others stay.
    ///
    /// # Errors
    /// Those of the work, and the store's.
    pub fn piece<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.conn.savepoint(Savepoint::Piece)?;
        let done = work();
        // After some errors the engine has rolled back the whole transaction.
        if done.is_err() && self.in_transaction() {
            self.conn.rollback_to(Savepoint::Piece)?;
            self.take_audit_head();
        }
        if self.in_transaction() {
            self.conn.release(Savepoint::Piece)?;
        }
        done
    }
}

impl Deref for Tx<'_> {
    type Target = Db;

    fn deref(&self) -> &Db {
        self.db
    }
}

impl Db {
    /// Writes the WAL back and closes the file.
    pub(super) fn close(self) {
        if self.kind == Kind::Own
            && let Ok(conn) = self.sqlite()
            && let Err(error) = conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        {
            warn!(%error, "the WAL stays: the next start takes it over");
        }
        if let Err(error) = self.conn.close() {
            warn!(%error, "the database was not closed cleanly");
        }
    }
}

impl Db {
    /// Reads much of the database: SQLite keeps what it reads in memory, and not just the few pages
    /// that suffice otherwise.
    ///
    /// # Errors
    /// Those of the work, and the store's.
    pub fn large<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.with_cache(LARGE_CACHE, work)
    }

    fn with_cache<T, E: From<StoreError>>(
        &self,
        in_main: i64,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let Ok(conn) = self.sqlite() else { return work() };
        let files: &[&str] = if is_attached(conn) { &["main", "admin"] } else { &["main"] };
        let mut usual = Vec::new();
        for file in files {
            let size =
                conn.pragma_query_value(Some(*file), "cache_size", |row| row.get::<_, i64>(0));
            usual.push((*file, size.map_err(StoreError::from)?));
        }
        let set = |file: &str, size: i64| {
            conn.pragma_update(Some(file), "cache_size", size).map_err(StoreError::from)
        };
        for file in files {
            let size = if *file == "main" { in_main } else { LARGE_CACHE };
            set(file, size)?;
        }
        let done = work();
        usual.into_iter().try_for_each(|(file, size)| set(file, size))?;
        done
    }
}
