//! The attached file itself: created as a whole, checked, attached.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tracing::info;

use super::tables::{self, VERSION};
use crate::store::columns::Columns;
use crate::store::db::Db;
use crate::store::detect::is_not_a_database;
use crate::store::directory::{Directory, Held, OpenLock, is_open_as};
use crate::store::error::StoreError;
use crate::store::kind::Kind;
use crate::store::open_error::{OpenError, failed};
use crate::store::paths::{OWN_TABLES_FILE, file_uri, own_tables_path};
use crate::store::pragmas::{EXCLUSIVE_VFS, LOG_BYTES, check_pragma, is_attached, settings};
use crate::store::schema::{CURSOR_KEY_BYTES, OWN_TABLES_ID};
use crate::system::{FileId, descriptors_of};

/// Its name until it is finished.
const UNFINISHED: &str = "photoprism-admin.db.new";

/// Where the daemon's own tables are, or will be, next to PhotoPrism's file.
pub fn own_tables_file(db: &Db) -> Option<PathBuf> {
    (*db.kind() != Kind::Own && db.server.is_none()).then(|| own_tables_path(&db.path))
}

/// The file to name where reading the database ended with this error: the daemon's own where that is
/// the damaged one.
pub fn faulty_file(db: &Db, error: &StoreError) -> PathBuf {
    let is_faulty = |conn: &Connection| {
        let check = conn.query_row("PRAGMA admin.quick_check(1)", [], |row| row.get(0));
        is_attached(conn) && !check.is_ok_and(|found: String| found == "ok")
    };
    let is_damage = matches!(error, StoreError::Damaged(_));
    if is_damage && db.sqlite().is_ok_and(is_faulty) {
        own_tables_path(&db.path)
    } else {
        db.path.clone()
    }
}

/// Attaches the file where there is one.
pub(in crate::store) fn attach(conn: &Connection, main: &Path) -> Result<(), OpenError> {
    let path = own_tables_path(main);
    let Some(checked) = check(&path)? else { return Ok(()) };
    let attached = attach_checked(conn, &path, &checked);
    if attached.is_err() {
        // The next try attaches it again; there may be nothing to detach.
        let _ = conn.execute_batch("DETACH admin");
    }
    attached
}

/// The same for a connection of a daemon that serves.
pub(in crate::store) fn attach_while_serving(
    conn: &Connection,
    main: &Path,
) -> Result<(), StoreError> {
    attach(conn, main).map_err(|error| match error {
        OpenError::InUse(what) => StoreError::Locked(what),
        OpenError::Storage(what) => StoreError::ReadOnly(what),
        other => StoreError::Other(other.to_string()),
    })
}

/// Attaches the file that was checked, or none.
fn attach_checked(conn: &Connection, path: &Path, checked: &File) -> Result<(), OpenError> {
    let refused =
        |what: &str| OpenError::Refused(format!("{} is not used: {what}", path.display()));
    let fail = |error: StoreError| failed(path, error);
    let descriptors = || {
        let id = FileId::of(&checked.metadata()?);
        descriptors_of(id)
    };
    // One descriptor of the file is held since the check; SQLite has another once it is attached.
    let before = if is_attached(conn) { Ok(1) } else { descriptors() };
    let before = before.map_err(|error| fail(io(&error)))?;
    // Checked before any pragma is set: another program's file must not be changed.
    let (application, version) = match identify(conn, path) {
        Err(error) if is_not_a_database(&error) => {
            return Err(refused("it is not an SQLite database; move it away"));
        }
        found => found.map_err(|error| fail(error.into()))?,
    };
    // The owner of the directory may have put another file there meanwhile.
    let open = descriptors().and_then(|after| {
        let id = FileId::of(&checked.metadata()?);
        Ok(after > before || (before > 1 && is_open_as(conn, c"admin", path, id)?))
    });
    if !open.map_err(|error| fail(io(&error)))? {
        return Err(refused("it was replaced while it was opened; start the daemon again"));
    }
    if application == 0 && has_own_tables(conn).map_err(|error| fail(error.into()))? {
        return Err(refused(&format!(
            "its header does not say that it holds the daemon's own tables, as after a dump; if it \
             does, run: sqlite3 {} 'PRAGMA application_id={OWN_TABLES_ID}; \
             PRAGMA user_version={VERSION}'",
            path.display()
        )));
    }
    if application != OWN_TABLES_ID {
        return Err(refused("it does not hold the daemon's own tables; move it away"));
    }
    if version > i64::from(VERSION) {
        return Err(refused(&format!(
            "the tables in it are of schema {version}, newer than {VERSION}, which this daemon \
             knows; start the newer daemon"
        )));
    }
    set(conn).map_err(fail)
}

/// Detects what kind of file it is; the first read takes the process lock.
fn identify(conn: &Connection, path: &Path) -> Result<(i64, i64), rusqlite::Error> {
    // An attempt that PhotoPrism's lock interrupted may have attached it.
    if !is_attached(conn) {
        conn.execute("ATTACH ?1 AS admin", [file_uri(path, &format!("vfs={EXCLUSIVE_VFS}"))])?;
    }
    let number =
        |pragma| conn.pragma_query_value(Some("admin"), pragma, |row| row.get::<_, i64>(0));
    Ok((number("application_id")?, number("user_version")?))
}

fn has_own_tables(conn: &Connection) -> Result<bool, rusqlite::Error> {
    let statement = "SELECT count(*) = 2 FROM admin.sqlite_schema
        WHERE type = 'table' AND name IN ('admin_meta', 'admin_audit')";
    conn.query_row(statement, [], |row| row.get(0))
}

fn set(conn: &Connection) -> Result<(), StoreError> {
    check_pragma(conn, Some("admin"), "journal_mode", "wal")?;
    check_pragma(conn, Some("admin"), "journal_size_limit", LOG_BYTES)?;
    check_pragma(conn, Some("admin"), "secure_delete", "1")?;
    check_pragma(conn, Some("admin"), "synchronous", "2")
}

/// Another connection to `index.db`, which sees only what is committed and does not wait for locks.
pub(super) fn reader(main: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(main, flags)?;
    conn.busy_timeout(Duration::ZERO)?;
    settings(&conn)?;
    Ok(conn)
}

/// Whether the file exists and can be used; keeps it open without a lock.
fn check(path: &Path) -> Result<Option<File>, OpenError> {
    let storage = |what: String| OpenError::Storage(format!("{} {what}", path.display()));
    let unusable = |error: std::io::Error| storage(format!("cannot be used: {error}"));
    let lock = OpenLock::take();
    let found = directory(path).and_then(|directory| directory.find(OWN_TABLES_FILE, &lock));
    drop(lock);
    let found = found.map_err(unusable)?;
    let Some(file) = found else {
        return match orphan(path) {
            None => Ok(None),
            Some(wal) => Err(OpenError::Refused(format!(
                "{} is there without its database: put {} back, or move it away",
                wal.display(),
                path.display()
            ))),
        };
    };
    let data = file.metadata().map_err(unusable)?;
    if !data.is_file() || data.nlink() != 1 {
        return Err(OpenError::Refused(format!(
            "{} is not used: it is a link, or not a regular file; move it away",
            path.display()
        )));
    }
    let us = nix::unistd::geteuid();
    let mode = data.mode() & 0o7777;
    if (!us.is_root() && data.uid() != us.as_raw()) || mode & 0o600 != 0o600 {
        return Err(storage(format!(
            "(uid {}, mode {mode:04o}) cannot be written by this daemon, which runs as uid {us}",
            data.uid()
        )));
    }
    Ok(Some(file))
}

/// The directory of the file, held open.
fn directory(path: &Path) -> std::io::Result<Directory> {
    Directory::open(path.parent().unwrap_or(Path::new("/")))
}

/// A WAL or journal whose database is gone: SQLite would apply it to a new database next to it.
fn orphan(path: &Path) -> Option<PathBuf> {
    let with = |ending: &str| {
        let mut name = OsString::from(path);
        name.push(ending);
        PathBuf::from(name)
    };
    ["-wal", "-journal"].map(with).into_iter().find(|path| fs::symlink_metadata(path).is_ok())
}

/// Attaches the file, creating it where it does not exist, and creates the tables that it lacks.
pub(in crate::store) fn ready(db: &mut Db) -> Result<(), StoreError> {
    if db.columns.attached && tables::are_known(&db.columns) {
        return Ok(());
    }
    let path = own_tables_path(&db.path);
    if !db.columns.attached {
        if fs::symlink_metadata(&path).is_err() {
            create(&path, &db.path, &db.own_tables.key)?;
            info!(path = %path.display(), "the daemon's tables were created");
            info!("a new audit trail begins");
        }
        attach_while_serving(db.sqlite()?, &db.path)?;
        db.own_tables.attached(&db.path);
    } else if !tables::has_all_tables(db.sqlite()?)? {
        db.begin()?;
        let created = tables::create(db.sqlite()?, "admin").and_then(|()| db.commit());
        if created.is_err() && db.in_transaction() {
            db.rollback()?;
        }
        created?;
    }
    db.columns = Columns::read(&db.conn)?;
    super::replaced::remember_first(db)
}

/// Creates the file under a temporary name and renames it once it is complete and synced, so that a
/// file of the final name is never incomplete.
fn create(path: &Path, main: &Path, key: &[u8; CURSOR_KEY_BYTES]) -> Result<(), StoreError> {
    if let Some(wal) = orphan(path) {
        return Err(StoreError::Other(format!(
            "{} is there without its database: put {} back, or move it away",
            wal.display(),
            path.display()
        )));
    }
    let directory = directory(path).map_err(|error| io(&error))?;
    let created = prepare(&directory, main)
        .map_err(|error| io(&error))
        .and_then(|file| fill(&directory, &file, key).map(|()| file))
        .and_then(|file| {
            let synced = file.sync_all();
            let renamed =
                synced.and_then(|()| directory.rename(&file, UNFINISHED, OWN_TABLES_FILE));
            renamed.and_then(|()| directory.sync()).map_err(|error| io(&error))
        });
    if created.is_err() {
        // The next attempt creates it again.
        let _ = directory.remove(UNFINISHED);
    }
    created
}

/// An empty file with mode 0600. Where the daemon is root it belongs to the owner of PhotoPrism's
/// file, as PhotoPrism's user may run the daemon the next time.
fn prepare(directory: &Directory, main: &Path) -> std::io::Result<File> {
    for ending in ["", "-wal", "-journal"] {
        directory.remove(&format!("{UNFINISHED}{ending}"))?;
    }
    let file = directory.create(UNFINISHED)?;
    if nix::unistd::geteuid().is_root() {
        let owner = fs::metadata(main)?;
        std::os::unix::fs::fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(file)
}

fn fill(
    directory: &Directory,
    file: &File,
    key: &[u8; CURSOR_KEY_BYTES],
) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let held = Held::new(UNFINISHED, file, OpenLock::take());
    let conn = directory.connect(&held, flags, EXCLUSIVE_VFS).map_err(|error| io(&error))?;
    drop(held);
    conn.execute_batch("BEGIN IMMEDIATE")?;
    tables::create(&conn, "main")?;
    conn.pragma_update(None, "application_id", OWN_TABLES_ID)?;
    conn.pragma_update(None, "user_version", VERSION)?;
    conn.execute("INSERT INTO admin_meta (key, value) VALUES ('schema_version', ?1)", [VERSION])?;
    conn.execute("INSERT INTO admin_meta (key, value) VALUES ('cursor_key', ?1)", [key])?;
    conn.execute_batch("COMMIT")?;
    check_pragma(&conn, None, "journal_mode", "wal")?;
    conn.close().map_err(|(_, error)| error.into())
}

fn io(error: &std::io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full(error.to_string()),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            StoreError::ReadOnly(error.to_string())
        }
        _ => StoreError::Other(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn the_file_that_is_attached_is_the_one_that_was_checked() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for directory in [&here, &there] {
            let main = directory.path().join("index.db");
            fs::write(&main, "").unwrap();
            create(&own_tables_path(&main), &main, &[7; 32]).unwrap();
        }
        let (path, other) = (here.path().join(OWN_TABLES_FILE), there.path().join(OWN_TABLES_FILE));
        let conn = || {
            let flags = OpenFlags::default() | OpenFlags::SQLITE_OPEN_URI;
            Connection::open_in_memory_with_flags(flags).unwrap()
        };
        let checked = check(&path).unwrap().unwrap();
        let twice = conn();
        for _ in 0..2 {
            attach_checked(&twice, &path, &checked).unwrap();
        }
        drop(twice);
        fs::rename(&path, here.path().join("away")).unwrap();
        symlink(&other, &path).unwrap();
        let before = fs::read(&other).unwrap();
        let error = attach_checked(&conn(), &path, &checked).unwrap_err();
        assert!(error.to_string().contains("it was replaced"), "{error}");
        assert!(fs::read(&other).unwrap() == before);
        assert!(!there.path().join("photoprism-admin.db-wal").exists());
    }
}
