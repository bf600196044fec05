//! Backups: the account tables alone, or before a migration the whole of our own database.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::db::{Db, Tx};
use super::error::StoreError;
use super::schema::{BACKUP_ID, SCHEMA_VERSION};

/// Automatic backups kept (`spec/data.md`).
const KEPT: usize = 10;

/// The account tables, with the rows of each that belong to accounts.
const TABLES: [(&str, &str); 7] = [
    ("auth_users", "1"),
    ("auth_users_details", "1"),
    ("auth_users_settings", "1"),
    ("auth_users_shares", "1"),
    ("passwords", "uid GLOB 'u*'"),
    ("passcodes", "1"),
    ("auth_sessions", "1"),
];

/// A backup that stands under its final name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Its absolute path.
    pub path: PathBuf,
}

/// Where the backups of a database lie.
pub(super) fn folder(database: &Path) -> PathBuf {
    database.parent().unwrap_or(Path::new("/")).join("backups")
}

/// Copies the account tables as this transaction sees them into `auto-NAME.db`, and lets go of
/// the oldest automatic ones. The file gets its name only when it is whole, synced and checked.
///
/// # Errors
/// The store's; nothing is left behind then.
pub fn write_backup(tx: &Tx<'_>, name: &str) -> Result<Backup, StoreError> {
    let folder = folder(&tx.path);
    make_folder(&folder)?;
    let path = free_name(&folder, &format!("auto-{name}"));
    publish(&path, |temporary| fill(tx, temporary))?;
    prune(&folder);
    Ok(Backup { path })
}

/// Copies the whole of our own database, of schema `schema`, before a migration.
pub(super) fn copy_whole(db: &Db, schema: u32) -> Result<(), StoreError> {
    let folder = folder(&db.path);
    make_folder(&folder)?;
    publish(&folder.join(format!("schema-{schema}.db")), |temporary| {
        let target = temporary.to_string_lossy();
        db.conn.execute("VACUUM INTO ?1", [target])?;
        Ok(())
    })
}

fn io(error: &std::io::Error) -> StoreError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return StoreError::Full(error.to_string());
    }
    StoreError::Other(format!("backup: {error}"))
}

fn make_folder(folder: &Path) -> Result<(), StoreError> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(io(&error)),
        _ => Ok(()),
    }
}

/// A name behind all that there are, also of those made in the same second.
fn free_name(folder: &Path, name: &str) -> PathBuf {
    let mut taken = automatic(folder).into_iter().filter(|(_, (stem, _))| stem == name);
    match taken.next_back() {
        None => folder.join(format!("{name}.db")),
        Some((_, (_, number))) => folder.join(format!("{name}.{}.db", number + 1)),
    }
}

/// Lets `fill` make a file beside `path`, syncs it and gives it its name.
fn publish(
    path: &Path,
    fill: impl FnOnce(&Path) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let temporary = path.with_extension("tmp");
    // A journal of a killed one would be played back into the new file.
    let done = remove_old(&temporary)
        .and_then(|()| remove_old(&path.with_extension("tmp-journal")))
        .and_then(|()| fill(&temporary))
        .and_then(|()| settle(&temporary, path).map_err(|error| io(&error)));
    if done.is_err() {
        // What is half made has no use; the error that matters is the first one.
        let _ = remove_old(&temporary);
    }
    done
}

fn remove_old(temporary: &Path) -> Result<(), StoreError> {
    match fs::remove_file(temporary) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io(&error)),
        _ => Ok(()),
    }
}

fn settle(temporary: &Path, path: &Path) -> std::io::Result<()> {
    fs::set_permissions(temporary, Permissions::from_mode(0o600))?;
    File::open(temporary)?.sync_all()?;
    fs::rename(temporary, path)?;
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

fn fill(db: &Db, temporary: &Path) -> Result<(), StoreError> {
    let copy = Connection::open(temporary)?;
    copy.pragma_update(None, "journal_mode", "delete")?;
    copy.pragma_update(None, "synchronous", "full")?;
    copy.pragma_update(None, "application_id", BACKUP_ID)?;
    copy.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    copy.execute_batch("BEGIN")?;
    for (table, which) in TABLES.into_iter().filter(|(table, _)| db.columns.has_table(table)) {
        copy_table(db, &copy, table, which)?;
    }
    copy.execute_batch("COMMIT")?;
    check(&copy)?;
    copy.close().map_err(|(_, error)| error.into())
}

fn copy_table(db: &Db, copy: &Connection, table: &str, which: &str) -> Result<(), StoreError> {
    let mut making = db.conn.prepare_cached(
        "SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 AND sql IS NOT NULL ORDER BY type DESC",
    )?;
    let sentences: Vec<String> =
        making.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for sentence in &sentences {
        copy.execute_batch(sentence)?;
    }
    let mut source = db.conn.prepare(&format!("SELECT * FROM {table} WHERE {which}"))?;
    let width = source.column_count();
    let places = vec!["?"; width].join(", ");
    let mut target = copy.prepare(&format!("INSERT INTO {table} VALUES ({places})"))?;
    let mut rows = source.query([])?;
    while let Some(row) = rows.next()? {
        let values: Vec<Value> = (0..width).map(|i| row.get(i)).collect::<Result<_, _>>()?;
        target.execute(params_from_iter(values))?;
    }
    Ok(())
}

fn check(copy: &Connection) -> Result<(), StoreError> {
    let verdict: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(StoreError::Other(format!("the backup is damaged: {verdict}")))
}

/// Automatic backups, the oldest first: their names begin with the time, those of one second are
/// numbered.
fn automatic(folder: &Path) -> Vec<(PathBuf, (String, u32))> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter_map(|path| place_in_time(&path).map(|place| (path, place)))
        .collect();
    found.sort_by(|(_, one), (_, other)| one.cmp(other));
    found
}

/// `auto-NAME.db` is the first of its name, `auto-NAME.2.db` the second.
fn place_in_time(path: &Path) -> Option<(String, u32)> {
    let name = path.file_name()?.to_str()?.strip_suffix(".db")?;
    if !name.starts_with("auto-") {
        return None;
    }
    let numbered = name.rsplit_once('.').and_then(|(stem, end)| Some((stem, end.parse().ok()?)));
    let (stem, number) = numbered.unwrap_or((name, 1));
    Some((stem.to_owned(), number))
}

/// Lets go of the oldest, and of what a process that was killed left half made.
fn prune(folder: &Path) {
    let found = automatic(folder);
    let surplus = found.len().saturating_sub(KEPT);
    let half_made = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| {
        let path = entry.ok()?.path();
        let half = path.extension().is_some_and(|end| end == "tmp" || end == "tmp-journal");
        half.then_some(path)
    });
    let surplus = found.into_iter().take(surplus).map(|(path, _)| path);
    for old in surplus.chain(half_made) {
        // One that cannot be removed is tried again next time.
        let _ = fs::remove_file(old);
    }
}
