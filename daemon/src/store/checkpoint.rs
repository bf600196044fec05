//! Writes the log of the daemon's own database back into its file.

use rusqlite::Row;
use tracing::warn;

use super::db::Db;
use super::error::StoreError;

/// Gives a generation to a database that has none, written to the file itself: one of an earlier
/// daemon. If the disk is full it goes on without.
pub(super) fn begin_first(db: &Db) -> Result<(), StoreError> {
    if !db.generation.borrow().is_missing() {
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

/// Whether the log is long.
pub(super) fn is_due(db: &Db) -> bool {
    db.generation.borrow().is_log_long()
}

/// Writes the log back.
pub(super) fn run(db: &Db) {
    if let Err(error) = write_back(db) {
        // The log keeps everything; the next commit tries again.
        warn!(%error, "the log of the database could not be written back");
    }
}

fn write_back(db: &Db) -> Result<(), StoreError> {
    let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let (busy, pages, done): (i32, i32, i32) =
        db.sqlite()?.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], row)?;
    let mut generation = db.generation.borrow_mut();
    generation.note_attempt();
    if busy == 0 && pages == done {
        generation.log_written(db.sqlite()?);
    }
    Ok(())
}
