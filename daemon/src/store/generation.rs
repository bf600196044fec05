//! Identifies the state of the database file that its write-ahead log belongs to.
//!
//! SQLite replays any intact log that is next to a database, whichever database that is: one that
//! was copied over the file of a killed daemon would get pages of the other. So the first commit
//! after each checkpoint gives the database a new random generation and keeps the previous one. The
//! file alone, without its log, changes only by checkpoints: it has one of the two, or it is not
//! the file that the log was written for.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use rusqlite::{Connection, OpenFlags, OptionalExtension};
use tracing::warn;

use super::db::Db;
use super::error::StoreError;
use super::paths::file_uri;
use super::rows::text;

/// Pages in the log at which it is written back, SQLite's own default.
const CHECKPOINT_PAGES: i32 = 1000;

/// The generations of the file and its log.
#[derive(Clone, Debug, Default)]
pub(super) struct Generation {
    /// That of the database with its log; `None` if written by a daemon without generations.
    current: Option<String>,
    /// The previous one, which the file has until the next checkpoint.
    before: Option<String>,
    /// The file has `current`: the next commit starts another.
    due: bool,
    /// The connection's count of changed rows at that moment: an empty commit starts none.
    changes: u64,
    /// Pages in the log, as SQLite counted them at the last commit.
    pages: Arc<AtomicI32>,
}

impl Generation {
    /// Takes the checkpoints over from SQLite, which would not report when it ran one.
    pub(super) fn watch(conn: &mut Connection) -> Result<Self, StoreError> {
        let pages = Arc::new(AtomicI32::new(0));
        let counted = Arc::clone(&pages);
        conn.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            counted.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self { pages, due: true, ..Self::default() })
    }

    /// Reads the generations of the database and its log; `log` says whether a log exists.
    pub(super) fn read(&mut self, conn: &Connection, log: bool) -> Result<(), StoreError> {
        self.current = stored(conn, "generation")?;
        self.before = stored(conn, "generation_before")?;
        // A log keeps the generation that it began with.
        self.due = !log || self.current.is_none();
        self.changes = conn.total_changes();
        Ok(())
    }

    /// The database is complete without a log: the next commit starts a generation.
    pub(super) fn begin_log(&mut self, conn: &Connection) {
        self.due = true;
        self.changes = conn.total_changes();
    }

    /// Whether a file with this generation is the one that the log belongs to. Nothing is known of
    /// a database whose daemon had no generations.
    pub(super) fn fits(&self, file: Option<&str>) -> bool {
        self.current.is_none() || self.known().contains(&file)
    }

    /// Whether a file with this generation is certainly this database.
    pub(super) fn is(&self, file: Option<&str>) -> bool {
        file.is_some() && self.known().contains(&file)
    }

    fn known(&self) -> [Option<&str>; 2] {
        [self.current.as_deref(), self.before.as_deref()]
    }
}

/// The generation of the file alone; an error where it cannot be read, as inside a checkpoint.
pub(super) fn of_file(path: &Path) -> Result<Option<String>, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(file_uri(path, "immutable=1"), flags)?;
    stored(&conn, "generation")
}

fn stored(conn: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    let statement = "SELECT value FROM admin_meta WHERE key = ?1";
    Ok(conn.prepare(statement)?.query_row([key], |row| text(row, 0)).optional()?)
}

/// Starts another generation, if one is due, inside the transaction that is about to commit. The
/// result goes to [`committed`] afterwards.
pub(super) fn begin(db: &Db) -> Result<Option<Generation>, StoreError> {
    let generation = db.generation.borrow();
    let changed = generation.changes != db.conn.total_changes() || generation.current.is_none();
    if !generation.due || !changed {
        return Ok(None);
    }
    let mut next = generation.clone();
    db.conn.execute_batch(
        "INSERT OR REPLACE INTO admin_meta (key, value)
             SELECT 'generation_before', value FROM admin_meta WHERE key = 'generation';
         INSERT OR REPLACE INTO admin_meta (key, value)
             VALUES ('generation', lower(hex(randomblob(16))));",
    )?;
    next.read(&db.conn, true)?;
    Ok(Some(next))
}

/// The transaction of [`begin`] was committed.
pub(super) fn committed(db: &Db, next: Option<Generation>) {
    if let Some(next) = next {
        *db.generation.borrow_mut() = next;
    }
}

/// Gives a generation to a database that has none, written to the file itself: one of an earlier
/// daemon. If the disk is full it goes on without.
pub(super) fn begin_first(db: &Db) -> Result<(), StoreError> {
    if db.generation.borrow().current.is_some() {
        return Ok(());
    }
    db.begin()?;
    match db.commit().and_then(|()| write_back(db)) {
        Err(StoreError::Full(cause)) => {
            warn!(cause, "the database has no generation yet: the disk is full");
            Ok(())
        }
        end => end,
    }
}

/// Writes the log back when it is long; true if it tried.
pub(super) fn checkpoint(db: &Db) -> bool {
    let due = db.generation.borrow().pages.load(Ordering::Relaxed) >= CHECKPOINT_PAGES;
    if due && let Err(error) = write_back(db) {
        // The log keeps everything; the next commit tries again.
        warn!(%error, "the log of the database could not be written back");
    }
    due
}

fn write_back(db: &Db) -> Result<(), StoreError> {
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let (busy, pages, done): (i32, i32, i32) =
        db.conn.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], row)?;
    if busy == 0 && pages == done {
        let mut generation = db.generation.borrow_mut();
        generation.begin_log(&db.conn);
        generation.pages.store(0, Ordering::Relaxed);
    }
    Ok(())
}
