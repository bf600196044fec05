//! The directory of the backups: whose it must be, names, what is listed, what goes.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;
use photoprism_protocol::backup::FileName;

use crate::store::directory::{Directory, OpenLock};
use crate::store::error::StoreError;
use crate::system::{Seen, user_name};

/// Automatic backups kept (`spec/data.md`).
const KEPT: usize = 10;

/// Ending of an automatic one, or of a copy of the whole database, until it is whole.
pub(super) const TEMPORARY: &str = "tmp";

/// Ending of one that somebody asked for.
pub(super) const ON_REQUEST: &str = "part";

/// How a backup came to be, told by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupOrigin {
    /// Before something that destroys; the newest ten are kept.
    Automatic,
    /// A copy of the whole database before its tables changed.
    Migration,
    /// By itself, every so often (`--backup-every`).
    Periodic,
    /// Somebody asked for it, or put it there.
    Manual,
}

/// A file in the directory.
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
/// The store's, where the directory cannot be read.
pub fn backup_list(path: &Path) -> Result<Vec<BackupEntry>, StoreError> {
    let Some(directory) = open_directory(path)? else { return Ok(Vec::new()) };
    let names = directory.names().map_err(|error| io(path, &error))?;
    let mut found: Vec<BackupEntry> =
        names.into_iter().filter_map(|name| listed(&directory, name)).collect();
    found.sort_by(|one, other| (other.made, &other.file).cmp(&(one.made, &one.file)));
    Ok(found)
}

fn listed(directory: &Directory, file: String) -> Option<BackupEntry> {
    // A name that no command takes is no backup's.
    FileName::parse(&file).ok()?;
    let data = directory.stat(&file).ok()??;
    if !data.is_file() {
        return None;
    }
    let origin = if file.starts_with("auto-") {
        BackupOrigin::Automatic
    } else if file.starts_with("schema-") {
        BackupOrigin::Migration
    } else if file.starts_with("periodic-") {
        BackupOrigin::Periodic
    } else {
        BackupOrigin::Manual
    };
    let path = directory.path().join(&file);
    let (bytes, made) = (data.len(), data.mtime());
    Some(BackupEntry { file, path, origin, bytes, made })
}

/// What is in the way of a backup, for whoever has to put it right.
pub(super) fn io(path: &Path, error: &std::io::Error) -> StoreError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return backups_full(path, error);
    }
    StoreError::Backup(format!(
        "{}: {error}; see that the daemon may read and write there",
        path.display()
    ))
}

/// The file system of the backups, which need not be that of the database, has no room.
pub(super) fn backups_full(path: &Path, cause: &dyn std::fmt::Display) -> StoreError {
    StoreError::BackupFull(format!(
        "the backup could not be written: {}: {cause}; make room on its file system",
        path.display()
    ))
}

/// Why backups are not kept in what was found there, and what to do; `None` where they are. In a
/// directory in which others may write they could put links and files of theirs in the place of
/// those that the daemon writes, takes back and removes.
pub fn backups_refused(path: &Path, seen: Seen, uid: u32) -> Option<String> {
    let path = path.display();
    if seen.is_link {
        return Some(format!(
            "it is a symbolic link, which is not followed: remove it, and mount another place at \
             {path} where backups shall be kept elsewhere"
        ));
    }
    if !seen.is_directory {
        return Some(format!("it is not a directory: move it away, or remove it: {path}"));
    }
    if seen.uid != 0 && seen.uid != uid {
        return Some(format!(
            "it belongs to somebody else ({}), who can replace what is in it: check its files, then: \
             chown {uid} {path}",
            user_name(seen.uid)
        ));
    }
    let who = match seen.mode & 0o022 {
        0 => return None,
        0o020 => "its group",
        _ => "everybody",
    };
    Some(format!("{who} can replace what is in it: check its files, then: chmod 700 {path}"))
}

/// Opens the directory, where there is one and nobody but the daemon's user and root may write.
pub(super) fn open_directory(path: &Path) -> Result<Option<Directory>, StoreError> {
    let directory = match Directory::open(path) {
        Ok(directory) => directory,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            // A link, or a file.
            let what = Seen::at(path).ok().and_then(|seen| refused(path, seen));
            return Err(what.unwrap_or_else(|| io(path, &error)));
        }
    };
    let seen = directory.seen().map_err(|error| io(path, &error))?;
    refused(path, seen).map_or(Ok(Some(directory)), Err)
}

fn refused(path: &Path, seen: Seen) -> Option<StoreError> {
    let what = backups_refused(path, seen, geteuid().as_raw())?;
    Some(StoreError::Backup(format!("{} is not used for backups: {what}", path.display())))
}

/// The same, created where it is missing, with its parents: nobody made the default directory where a
/// server has the database.
pub(super) fn make_directory(path: &Path) -> Result<Directory, StoreError> {
    match fs::DirBuilder::new().recursive(true).mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(io(path, &error)),
        Ok(()) | Err(_) => {}
    }
    open_directory(path)?.ok_or_else(|| io(path, &ErrorKind::NotFound.into()))
}

/// An automatic one's name behind all that there are, also of those made in the same second.
pub(super) fn free_automatic(directory: &Directory, name: &str) -> String {
    let mut taken = automatic(directory).into_iter().filter(|(_, (stem, _))| stem == name);
    match taken.next_back() {
        None => name.to_owned(),
        Some((_, (_, number))) => format!("{name}.{}", number + 1),
    }
}

/// The first name that is free, without its ending.
pub(super) fn free_name(directory: &Directory, name: &str) -> Result<String, StoreError> {
    let mut free = name.to_owned();
    let mut number = 1;
    let taken = |free: &str| directory.stat(&format!("{free}.db"));
    while taken(&free).map_err(|error| io(directory.path(), &error))?.is_some() {
        number += 1;
        free = format!("{name}.{number}");
    }
    Ok(free)
}

/// Automatic backups, the oldest first: their names begin with the time, those of one second are
/// numbered.
fn automatic(directory: &Directory) -> Vec<(String, (String, u32))> {
    let names = directory.names().unwrap_or_default().into_iter();
    let mut found: Vec<_> =
        names.filter_map(|name| place_in_time(&name).map(|place| (name, place))).collect();
    found.sort_by(|(_, one), (_, other)| one.cmp(other));
    found
}

/// `auto-NAME.db` is the first of its name, `auto-NAME.2.db` the second.
fn place_in_time(name: &str) -> Option<(String, u32)> {
    let name = name.strip_suffix(".db")?;
    if !name.starts_with("auto-") {
        return None;
    }
    let numbered = name.rsplit_once('.').and_then(|(stem, end)| Some((stem, end.parse().ok()?)));
    let (stem, number) = numbered.unwrap_or((name, 1));
    Some((stem.to_owned(), number))
}

/// Lets go of the oldest automatic ones, but not of `keep`, and of what a process that was killed
/// left half made of those.
pub(super) fn prune(directory: &Directory, keep: Option<&Path>) {
    let found = automatic(directory);
    let surplus = found.len().saturating_sub(KEPT);
    let surplus = found.into_iter().take(surplus).map(|(name, _)| name);
    let keep = keep.and_then(Path::file_name);
    for old in surplus.filter(|name| Some(name.as_ref()) != keep) {
        // Not while another command opens it. One that cannot be removed is tried again next time.
        let _lock = OpenLock::take();
        let _ = directory.remove(&old);
    }
    sweep(directory, TEMPORARY);
}

/// Removes what was left half made, by its ending.
pub(super) fn sweep(directory: &Directory, ending: &str) {
    let endings = [format!(".{ending}"), format!(".{ending}-journal")];
    let names = directory.names().unwrap_or_default().into_iter();
    for name in names.filter(|name| endings.iter().any(|ending| name.ends_with(ending))) {
        // As above.
        let _ = directory.remove(&name);
    }
}
