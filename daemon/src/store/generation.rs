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
    /// The same when the log was last written back: it grows on while somebody still reads what
    /// was in it then.
    written_back: i32,
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

    /// Starts another generation, if one is due, inside the transaction that is about to commit. The
    /// result replaces this one after the commit.
    pub(super) fn next(&self, conn: &Connection) -> Result<Option<Self>, StoreError> {
        let changed = self.changes != conn.total_changes() || self.current.is_none();
        if !self.due || !changed {
            return Ok(None);
        }
        let mut next = self.clone();
        conn.execute_batch(
            "INSERT OR REPLACE INTO admin_meta (key, value)
                 SELECT 'generation_before', value FROM admin_meta WHERE key = 'generation';
             INSERT OR REPLACE INTO admin_meta (key, value)
                 VALUES ('generation', lower(hex(randomblob(16))));",
        )?;
        next.read(conn, true)?;
        Ok(Some(next))
    }

    /// Whether the database is one of a daemon without generations.
    pub(super) const fn is_missing(&self) -> bool {
        self.current.is_none()
    }

    /// Whether the log is so long that it should be written back.
    pub(super) fn is_log_long(&self) -> bool {
        let pages = self.pages.load(Ordering::Relaxed);
        // A log that began anew is shorter than it was.
        let before = if pages < self.written_back { 0 } else { self.written_back };
        pages - before >= CHECKPOINT_PAGES
    }

    /// The log was written back as far as readers allow.
    pub(super) fn note_attempt(&mut self) {
        self.written_back = self.pages.load(Ordering::Relaxed);
    }

    /// The log was written back completely.
    pub(super) fn log_written(&mut self, conn: &Connection) {
        self.begin_log(conn);
        self.pages.store(0, Ordering::Relaxed);
        self.written_back = 0;
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

/// The generation of the file alone. Inside a checkpoint its first page can be ahead of its length,
/// and SQLite refuses it; this reads what is there.
pub(super) fn of_file(path: &Path) -> Result<Option<String>, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(file_uri(path, "immutable=1"), flags)?;
    match stored(&conn, "generation") {
        Err(StoreError::Damaged(_)) => {
            // With it SQLite takes a length for what it is.
            conn.pragma_update(None, "writable_schema", true)?;
            stored(&conn, "generation")
        }
        end => end,
    }
}

fn stored(conn: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    let statement = "SELECT value FROM admin_meta WHERE key = ?1";
    Ok(conn.prepare(statement)?.query_row([key], |row| text(row, 0)).optional()?)
}
