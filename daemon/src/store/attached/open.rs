//! Opens PhotoPrism's file together with the daemon's own next to it.

use std::cell::RefCell;

use rusqlite::Connection;
use rusqlite::hooks::Action;
use tracing::warn;

use crate::store::attached;
use crate::store::columns::Columns;
use crate::store::db::Db;
use crate::store::detect::MIGRATE;
use crate::store::engine;
use crate::store::error::StoreError;
use crate::store::kind::photoprism_kind;
use crate::store::lock_timeout::wait_for_locks;
use crate::store::mark::Mark;
use crate::store::open_error::{OpenError, failed, refused};
use crate::store::options::OpenOptions;
use crate::store::own_tables::OwnTables;
use crate::store::pragmas::{pragma, settings};

/// What is known to be PhotoPrism's.
pub(in crate::store) fn open_photoprism(
    mut conn: Connection,
    options: &OpenOptions,
) -> Result<Db, OpenError> {
    let path = &options.path;
    let fail = |error: StoreError| failed(path, error);
    wait_for_locks(&mut conn).map_err(|error| fail(error.into()))?;
    let own_tables = OwnTables::new(options.cursor_key);
    let tracked = own_tables.tracked.clone();
    conn.update_hook(Some(move |action, database: &str, table: &str, row| {
        tracked.row(database, table, (row, action == Action::SQLITE_INSERT));
    }))
    .map_err(|error| fail(error.into()))?;
    settings(&conn).map_err(fail)?;
    // What is acknowledged must be on the disk in any journal mode. The commit is the deletion of
    // the journal, which only EXTRA syncs.
    pragma(&conn, "synchronous", "3").map_err(fail)?;
    attached::attach(&conn, path)?;
    let conn = engine::Connection::from(conn);
    let kind = photoprism_kind(&conn).map_err(fail)?;
    let columns = Columns::read(&conn).map_err(fail)?;
    if let Some(what) = columns.missing() {
        return Err(refused(
            path,
            &format!("it is a PhotoPrism database without {what}; {MIGRATE}"),
        ));
    }
    let (path, backups) = (path.clone(), options.backups.clone());
    let generation = RefCell::default();
    let running = options.running;
    let (server, mark) = (None, Mark::default());
    let mut db =
        Db { conn, kind, path, backups, server, columns, generation, own_tables, mark, running };
    match take_over(&mut db) {
        Ok(()) => Ok(db),
        Err(error) => Err(failed(&attached::faulty_file(&db, &error), error)),
    }
}

/// Finishes what the previous run left undone, and moves what an earlier version left in
/// PhotoPrism's file.
fn take_over(db: &mut Db) -> Result<(), StoreError> {
    if db.columns.attached {
        db.own_tables.attached(&db.path);
        match attached::settle_due(db) {
            // Reads still work; the first write does it, or is refused.
            Err(error @ (StoreError::Full(_) | StoreError::ReadOnly(_))) => {
                warn!(%error, "the last changes of the run before could not be compared yet");
            }
            settled => settled?,
        }
    }
    match attached::move_leftover(db) {
        // The first write tries again.
        Err(error @ (StoreError::Locked(_) | StoreError::Full(_) | StoreError::ReadOnly(_))) => {
            warn!(%error, "the daemon's tables could not be moved out of PhotoPrism's database yet");
            Ok(())
        }
        moved => moved,
    }
}
