//! Further connections to the database that the writer has open, for those who only read.

use std::cell::RefCell;

use rusqlite::{Connection, OpenFlags};

use super::attached;
use super::columns::Columns;
use super::db::Db;
use super::directory::{OpenLock, is_open_as};
use super::engine::{self, Use};
use super::error::StoreError;
use super::kind::Kind;
use super::lock_timeout::wait_for_locks;
use super::mark::Mark;
use super::own_tables::OwnTables;
use super::pragmas::{EXCLUSIVE_VFS, SHARED_VFS, STATEMENTS, pragma, settings};
use super::published::Opened;
use super::schema::CURSOR_KEY_BYTES;
use super::server;
use crate::system::{FileId, descriptors_of};

/// Opens another connection to the database that the writer has open.
///
/// # Errors
/// [`StoreError::ReadOnly`] where the path leads to another file by now.
pub(super) fn open_for_reading(opened: &Opened) -> Result<Db, StoreError> {
    if let Some(address) = &opened.server {
        return server::open_for_reading(opened, address, Use::Read);
    }
    open_file(opened)
}

/// The same for what takes long, which a server does not interrupt.
///
/// # Errors
/// As [`open_for_reading`].
pub(super) fn open_for_long_work(opened: &Opened) -> Result<Db, StoreError> {
    if let Some(address) = &opened.server {
        return server::open_for_reading(opened, address, Use::ReadAll);
    }
    open_file(opened)
}

fn open_file(opened: &Opened) -> Result<Db, StoreError> {
    let own = opened.kind == Kind::Own;
    // Writable for SQLite, although nothing is written through it: it takes the process lock of
    // the file, and plays an interrupted commit of PhotoPrism back.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let mut conn = if own {
        connect_own(opened, flags)?
    } else {
        Connection::open_with_flags_and_vfs(&opened.path, flags, SHARED_VFS)?
    };
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    wait_for_locks(&mut conn)?;
    settings(&conn)?;
    // Only the writer writes the log back.
    pragma(&conn, "wal_autocheckpoint", "0")?;
    let own_tables = OwnTables::new([0; CURSOR_KEY_BYTES]);
    own_tables.foreign.set(opened.foreign);
    if opened.attached {
        attached::attach_while_serving(&conn, &opened.path)?;
        own_tables.attached(&opened.path);
    }
    let conn = engine::Connection::from(conn);
    Ok(Db {
        columns: Columns::read(&conn)?,
        conn,
        kind: opened.kind.clone(),
        path: opened.path.clone(),
        backups: opened.backups.clone(),
        server: None,
        generation: RefCell::default(),
        own_tables,
        mark: Mark::default(),
        running: opened.running,
    })
}

/// SQLite takes a path only: it is checked that it opened the file that the writer has.
fn connect_own(opened: &Opened, flags: OpenFlags) -> Result<Connection, StoreError> {
    let replaced = || StoreError::ReadOnly("it was replaced while it was opened".into());
    let failed = |error: std::io::Error| StoreError::Other(error.to_string());
    let (device, inode) = opened.identity.ok_or_else(replaced)?;
    let file = FileId::new(device, inode);
    let _lock = OpenLock::take();
    let before = descriptors_of(file).map_err(failed)?;
    let conn = Connection::open_with_flags_and_vfs(&opened.path, flags, EXCLUSIVE_VFS)?;
    let grew = descriptors_of(file).map_err(failed)? > before;
    if grew || is_open_as(&conn, c"main", &opened.path, file).map_err(failed)? {
        Ok(conn)
    } else {
        Err(replaced())
    }
}
