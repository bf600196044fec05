//! Checks that the files of a database can be written before SQLite opens any of them: SQLite would
//! open an unwritable file read-only, and leave files with its mode behind.

use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat};
use nix::unistd::{AccessFlags, access, geteuid};

use super::detect::{DatabaseKind, detect};
use super::open_error::OpenError;
use super::paths::{companion, resolve};
use crate::system::Seen;

/// Mode of a database of the daemon's own.
const OWN_MODE: u32 = 0o600;

/// Suffixes of the files that SQLite puts next to any database.
const COMPANIONS: [&str; 2] = ["-wal", "-journal"];

/// Suffix of the one that it adds where several processes use the database; the daemon's own has
/// none.
const SHARED_MEMORY: &str = "-shm";

/// Refuses a database that cannot be written, its directory included. Returns the file's metadata
/// where it could be read.
///
/// # Errors
/// [`OpenError::Storage`] naming the file, its owner and its mode; [`OpenError::Setting`] where
/// PhotoPrism's belongs to another user.
pub fn check_access(path: &Path) -> Result<Option<DatabaseKind>, OpenError> {
    let found = detect(path).ok();
    match &found {
        // Refused with the reason when it is opened.
        Some(DatabaseKind::Foreign(_)) => return Ok(found),
        Some(DatabaseKind::PhotoPrism) => check_owner(path)?,
        Some(DatabaseKind::Nothing | DatabaseKind::Own(_) | DatabaseKind::Unfinished) | None => {}
    }
    let own = matches!(found, Some(DatabaseKind::Own(_) | DatabaseKind::Nothing));
    let file = resolve(path);
    writable_directory(file.parent().unwrap_or(Path::new("/")))?;
    writable_file(&file)?;
    for suffix in COMPANIONS.iter().chain((!own).then_some(&SHARED_MEMORY)) {
        writable_file(&companion(path, suffix))?;
    }
    Ok(found)
}

/// A file created by another user would leave PhotoPrism with journals that it cannot open.
fn check_owner(path: &Path) -> Result<(), OpenError> {
    let us = geteuid();
    let owner = std::fs::metadata(path).map_err(|error| unusable(path, &error))?.uid();
    if us.is_root() || us.as_raw() == owner {
        return Ok(());
    }
    Err(OpenError::Setting(format!(
        "{} belongs to uid {owner} and this daemon runs as uid {us}; run it as root or as that user",
        path.display()
    )))
}

fn writable_directory(directory: &Path) -> Result<(), OpenError> {
    let needed = AccessFlags::W_OK | AccessFlags::X_OK;
    // A missing file is reported by the code that needs it.
    match access(directory, needed) {
        Err(Errno::ENOENT) | Ok(()) => Ok(()),
        Err(error) => Err(refused(directory, error, "u+rwx")),
    }
}

fn writable_file(path: &Path) -> Result<(), OpenError> {
    match access(path, AccessFlags::R_OK | AccessFlags::W_OK) {
        Err(Errno::ENOENT) | Ok(()) => Ok(()),
        Err(error) => Err(refused(path, error, "u+rw")),
    }
}

fn refused(path: &Path, error: Errno, needed: &str) -> OpenError {
    let us = geteuid();
    let shown = Seen::through(path).map_or_else(|error| error.to_string(), |seen| seen.shown());
    let path = path.display();
    let advice = if error == Errno::EROFS {
        "its file system is mounted read-only: mount it read-write".to_owned()
    } else {
        format!("run the daemon as its owner, or: chown {us} {path}; chmod {needed} {path}")
    };
    OpenError::Storage(format!(
        "{path} cannot be written by uid {us} ({shown}): {}; {advice}",
        error.desc()
    ))
}

fn unusable(path: &Path, error: &io::Error) -> OpenError {
    OpenError::Storage(format!("{} cannot be used: {error}", path.display()))
}

/// Takes the rights of others away from an existing file that is about to become a database.
///
/// # Errors
/// [`OpenError::Storage`] where the mode cannot be changed.
pub(super) fn protect_new(path: &Path) -> Result<(), OpenError> {
    let file = resolve(path);
    let Ok(found) = std::fs::symlink_metadata(&file) else { return Ok(()) };
    if !found.is_file() || found.permissions().mode() & 0o7777 == OWN_MODE {
        return Ok(());
    }
    // Never through a link that somebody put there since.
    let mode = Mode::from_bits_truncate(OWN_MODE);
    let done = fchmodat(AT_FDCWD, &file, mode, FchmodatFlags::NoFollowSymlink);
    let done = match done {
        // A seccomp filter written for an older kernel returns another error for "no such call".
        Err(Errno::EPERM | Errno::ENOSYS | Errno::EOPNOTSUPP) => {
            fchmodat(AT_FDCWD, &file, mode, FchmodatFlags::FollowSymlink)
        }
        done => done,
    };
    done.map_err(|error| refused(&file, error, "600"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_protected_and_what_a_link_points_to_as_well() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        fs::write(at("empty"), "").unwrap();
        fs::set_permissions(at("empty"), PermissionsExt::from_mode(0o644)).unwrap();
        symlink("empty", at("link")).unwrap();
        protect_new(&at("link")).unwrap();
        assert_eq!(mode(&at("empty")), 0o600);
        protect_new(&at("nothing")).unwrap();
        fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).unwrap();
        protect_new(directory.path()).unwrap();
        assert_eq!(mode(directory.path()), 0o755);
    }
}
