//! The folder of the backups: names, what is listed, what goes.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use photoprism_protocol::backup::FileName;

use crate::store::error::StoreError;

/// Automatic backups kept (`spec/data.md`).
const KEPT: usize = 10;

/// Ending of a file that is being made in one go.
pub(super) const TEMPORARY: &str = "tmp";

/// Ending of one that is being made step by step, while others may come and go.
pub(super) const IN_STEPS: &str = "part";

/// Where the backups of a database lie.
#[must_use]
pub fn backup_folder(database: &Path) -> PathBuf {
    database.parent().unwrap_or(Path::new("/")).join("backups")
}

/// How a backup came to be, told by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupOrigin {
    /// Before something that destroys; the newest ten are kept.
    Automatic,
    /// A copy of the whole database before its tables changed.
    Migration,
    /// Somebody asked for it, or put it there.
    Manual,
}

/// A file in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupEntry {
    /// Its name.
    pub file: String,
    /// Its absolute path.
    pub path: PathBuf,
    /// How it came to be.
    pub origin: BackupOrigin,
    /// Its length.
    pub bytes: u64,
    /// Unix seconds of its last change, which is its making.
    pub made: i64,
}

/// Every backup, the newest first. No file is opened.
///
/// # Errors
/// The store's, where the folder cannot be read.
pub fn backup_list(folder: &Path) -> Result<Vec<BackupEntry>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| io(folder, &error))?,
    };
    let mut found: Vec<BackupEntry> =
        entries.filter_map(|entry| listed(entry.ok()?.path())).collect();
    found.sort_by(|one, other| (other.made, &other.file).cmp(&(one.made, &one.file)));
    Ok(found)
}

fn listed(path: PathBuf) -> Option<BackupEntry> {
    let file = path.file_name()?.to_str()?.to_owned();
    let data = fs::symlink_metadata(&path).ok()?;
    // A name that no command takes is no backup's.
    if FileName::parse(&file).is_err() || !data.is_file() {
        return None;
    }
    let origin = if file.starts_with("auto-") {
        BackupOrigin::Automatic
    } else if file.starts_with("schema-") {
        BackupOrigin::Migration
    } else {
        BackupOrigin::Manual
    };
    Some(BackupEntry { file, path, origin, bytes: data.len(), made: data.mtime() })
}

/// What is in the way of a backup, for whoever has to put it right.
pub(super) fn io(path: &Path, error: &std::io::Error) -> StoreError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return StoreError::Full(error.to_string());
    }
    StoreError::Backup(format!(
        "{}: {error}; see that the daemon may read and write there",
        path.display()
    ))
}

pub(super) fn make_folder(folder: &Path) -> Result<(), StoreError> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(io(folder, &error)),
        _ => Ok(()),
    }
}

/// An automatic one's name behind all that there are, also of those made in the same second.
pub(super) fn free_automatic(folder: &Path, name: &str) -> PathBuf {
    let mut taken = automatic(folder).into_iter().filter(|(_, (stem, _))| stem == name);
    match taken.next_back() {
        None => folder.join(format!("{name}.db")),
        Some((_, (_, number))) => folder.join(format!("{name}.{}.db", number + 1)),
    }
}

/// The first name that is free.
pub(super) fn free_name(folder: &Path, name: &str) -> PathBuf {
    let mut path = folder.join(format!("{name}.db"));
    let mut number = 1;
    while fs::symlink_metadata(&path).is_ok() {
        number += 1;
        path = folder.join(format!("{name}.{number}.db"));
    }
    path
}

pub(super) fn remove_old(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io(path, &error)),
        _ => Ok(()),
    }
}

/// Syncs a file and gives it its name.
pub(super) fn settle(temporary: &Path, path: &Path) -> Result<(), StoreError> {
    let steps = || {
        fs::set_permissions(temporary, Permissions::from_mode(0o600))?;
        File::open(temporary)?.sync_all()?;
        fs::rename(temporary, path)?;
        File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
    };
    steps().map_err(|error| io(path, &error))
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

/// Lets go of the oldest automatic ones, but not of `keep`, and of what a process that was killed
/// left half made in one go.
pub(super) fn prune(folder: &Path, keep: Option<&Path>) {
    let found = automatic(folder);
    let surplus = found.len().saturating_sub(KEPT);
    let surplus = found.into_iter().take(surplus).map(|(path, _)| path);
    for old in surplus.filter(|path| Some(path.as_path()) != keep) {
        // One that cannot be removed is tried again next time.
        let _ = fs::remove_file(old);
    }
    sweep(folder, TEMPORARY);
}

/// Removes what was left half made, by its ending.
pub(super) fn sweep(folder: &Path, ending: &str) {
    let journal = format!("{ending}-journal");
    let entries = fs::read_dir(folder).into_iter().flatten();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_some_and(|end| end == ending || end == journal.as_str()) {
            // As above.
            let _ = fs::remove_file(path);
        }
    }
}
