//! A database whose last daemon did not end cleanly: its write-ahead log still exists, and file and
//! log together are checked before anything is written.

use std::path::Path;

use rusqlite::Connection;

use super::error::StoreError;
use super::generation::{Generation, of_file};
use super::open_error::{OpenError, failed, refused};
use super::paths::{backup_directory, companion};
use super::pragmas::{pragma, settings};
use super::rows::text;

/// The generation of the file alone, read before anything is open; an error where a checkpoint was
/// interrupted, so that the file is complete only with its log.
pub(super) type FileGeneration = Result<Option<String>, StoreError>;

/// Whether the last daemon left its log: a clean stop writes it into the file.
pub(super) fn has_log(path: &Path) -> bool {
    std::fs::metadata(companion(path, "-wal")).is_ok_and(|found| found.len() > 0)
}

/// Reads the file alone.
pub(super) fn read_generation(path: &Path) -> FileGeneration {
    of_file(path)
}

/// Locks the daemon's own database for this process alone, before anything of it is read: SQLite
/// then needs no shared-memory file, for which a full disk has no room. Checks the log if there is
/// one.
///
/// # Errors
/// [`OpenError::InUse`], or [`OpenError::Refused`] where file and log do not belong together or
/// are damaged. Neither is changed then.
pub(super) fn claim(
    conn: &mut Connection,
    path: &Path,
    file: &FileGeneration,
) -> Result<Generation, OpenError> {
    let fail = |error: StoreError| failed(path, error);
    // The VFS keeps other processes out; this mode would refuse the daemon's own second connection.
    pragma(conn, "locking_mode", "normal").map_err(fail)?;
    settings(conn).map_err(fail)?;
    let mut generation = Generation::watch(conn).map_err(fail)?;
    check(conn, path, file, &mut generation)?;
    Ok(generation)
}

fn check(
    conn: &Connection,
    path: &Path,
    file: &FileGeneration,
    generation: &mut Generation,
) -> Result<(), OpenError> {
    let log = companion(path, "-wal");
    let has_log = has_log(path);
    let read = generation.read(conn, has_log);
    if !has_log {
        // A database that is being created has no such table.
        return match read {
            Err(error @ (StoreError::Locked(_) | StoreError::Damaged(_))) => {
                Err(failed(path, error))
            }
            Ok(()) | Err(_) => Ok(()),
        };
    }
    read.map_err(|error| failed(path, error))?;
    if let Ok(file) = file
        && !generation.fits(file.as_deref())
    {
        return Err(refused(path, &not_its_own(path, &log)));
    }
    let sound: String = conn
        .query_row("PRAGMA quick_check(1)", [], |row| text(row, 0))
        .map_err(|error| failed(path, error.into()))?;
    if sound == "ok" { Ok(()) } else { Err(refused(path, &damaged(path, &log, &sound))) }
}

fn damaged(path: &Path, log: &Path, what: &str) -> String {
    format!(
        "it is damaged ({}), or its write-ahead log {} was written for another state of it. Keep a \
         copy of both. If {} was copied or moved there while a daemon used it, or after one was \
         killed, put the file back that was there, or move the log away to use this one as it is; \
         else restore a backup from {}, or from where --backups says, into a new database",
        what.lines().next_back().unwrap_or_default(),
        log.display(),
        path.display(),
        backup_directory(path).display()
    )
}

fn not_its_own(path: &Path, log: &Path) -> String {
    format!(
        "its write-ahead log {} was written for another database, or for another state of this \
         one: a file was copied or moved to {} while a daemon used it, or after one was killed. To \
         use the file as it is, move the log away; to keep what is in the log, put the file back \
         that it was written for",
        log.display(),
        path.display()
    )
}
