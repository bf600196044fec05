//! The directory of a socket: created if allowed, checked, and held open.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::stat::{Mode, fchmod};
use nix::unistd::{Gid, fchown, geteuid};

use super::error::SocketError;

/// Mode of the directories above the socket's: private to the daemon's user.
const PARENT_MODE: u32 = 0o700;

/// Mode of the socket's directory: its group may enter, not write.
const LAST_MODE: u32 = 0o750;

/// A socket's directory that was checked. Later steps work relative to its descriptor, so that
/// nobody can replace it by another directory, or a link, between the check and the use.
#[derive(Debug)]
pub(super) struct Directory(File);

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Opens the directory of a socket, in which nobody but this user and root can write.
///
/// Where it is missing it is created (0750), with `parents` those above it too (0700). An existing
/// one is used as it is. What was created is removed again after an error.
pub(super) fn prepare(
    path: &Path,
    group: Option<u32>,
    parents: bool,
) -> Result<Directory, SocketError> {
    match open(path) {
        Ok(directory) => check(path, directory),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(SocketError::NotADirectory(path.to_owned()))
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(SocketError::io("open the directory", path)(error))
        }
        Err(_) if parents || parent(path).is_dir() => create(path, group),
        Err(_) => Err(SocketError::DirectoryMissing(parent(path).to_owned())),
    }
}

/// Without read permission: everything in it is accessed by name.
fn open(path: &Path) -> io::Result<File> {
    let flags = libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Refuses a directory in which others could replace the socket, including the members of its
/// group, whichever group that is. A sticky bit does not help: in such a directory others can still
/// create the name first.
fn check(path: &Path, directory: File) -> Result<Directory, SocketError> {
    let found: Metadata =
        directory.metadata().map_err(SocketError::io("read the mode of", path))?;
    let by = if found.mode() & 0o002 != 0 {
        "others".to_owned()
    } else if found.mode() & 0o020 != 0 {
        format!("group {}", found.gid())
    } else if found.uid() != 0 && found.uid() != geteuid().as_raw() {
        format!("its owner, uid {}", found.uid())
    } else {
        return Ok(Directory(directory));
    };
    Err(SocketError::DirectoryOpen { directory: path.to_owned(), by })
}

fn create(path: &Path, group: Option<u32>) -> Result<Directory, SocketError> {
    let missing: Vec<&Path> = path.ancestors().take_while(|path| is_missing(path)).collect();
    let mut created = Created(Vec::new());
    for each in missing.into_iter().rev() {
        if create_one(each, &mut created)? {
            let is_last = each == path;
            let (gid, bits) = if is_last { (group, LAST_MODE) } else { (None, PARENT_MODE) };
            adjust(each, gid, bits)?;
        }
    }
    let directory = open(path).map_err(SocketError::io("open the directory", path))?;
    let directory = check(path, directory)?;
    created.0.clear();
    Ok(directory)
}

fn is_missing(path: &Path) -> bool {
    !path.as_os_str().is_empty()
        && matches!(fs::symlink_metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound)
}

/// Creates one directory; false where another daemon was faster, which then adjusts it.
fn create_one(path: &Path, created: &mut Created) -> Result<bool, SocketError> {
    match DirBuilder::new().mode(PARENT_MODE).create(path) {
        Ok(()) => {
            created.0.push(path.to_owned());
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(SocketError::io("create the directory", path)(error)),
    }
}

/// Sets group and mode of a new directory, whatever the umask removed.
fn adjust(path: &Path, group: Option<u32>, mode: u32) -> Result<(), SocketError> {
    let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    let directory: File = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)
        .map_err(SocketError::io("open the directory", path))?;
    if let Some(gid) = group {
        set_group(fchown(&directory, None, Some(Gid::from_raw(gid))), path, gid)?;
    }
    fchmod(&directory, Mode::from_bits_truncate(mode))
        .map_err(SocketError::io("set the mode of", path))
}

/// Maps the result of giving `path` to a group to an error with an explanation.
pub(super) fn set_group(result: nix::Result<()>, path: &Path, gid: u32) -> Result<(), SocketError> {
    match result {
        Err(Errno::EPERM | Errno::EINVAL) => Err(SocketError::Group { path: path.to_owned(), gid }),
        other => other.map_err(SocketError::io("set the group of", path)),
    }
}

/// Directories to remove again unless everything succeeds, outermost first.
struct Created(Vec<PathBuf>);

impl Drop for Created {
    fn drop(&mut self) {
        for path in self.0.iter().rev() {
            // One that is no longer empty is in use.
            let _ = fs::remove_dir(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::{PermissionsExt, chown};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    fn directory_with_mode(mode: u32) -> tempfile::TempDir {
        let path = tempfile::tempdir().unwrap();
        fs::set_permissions(path.path(), fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn missing_parents_are_created_only_when_asked() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/run");
        let error = prepare(&path, None, false).unwrap_err();
        assert!(matches!(error, SocketError::DirectoryMissing(_)) && error.exit_code() == 2);
        assert!(error.to_string().contains("a/b does not exist"), "{error}");
        prepare(&path, None, true).unwrap();
        assert_eq!(mode(&root.path().join("a")), 0o700);
        assert_eq!(mode(&root.path().join("a/b")), 0o700);
        assert_eq!(mode(&path), 0o750);
        prepare(&path, None, true).unwrap();
    }

    #[test]
    fn the_last_directory_is_created_where_its_parent_is_there() {
        let root = tempfile::tempdir().unwrap();
        let gid = nix::unistd::getegid().as_raw();
        let path = root.path().join("run");
        prepare(&path, Some(gid), false).unwrap();
        assert_eq!((mode(&path), fs::metadata(&path).unwrap().gid()), (0o750, gid));
    }

    #[test]
    fn an_existing_directory_is_used_as_it_is() {
        let path = directory_with_mode(0o711);
        prepare(path.path(), None, true).unwrap();
        assert_eq!(mode(path.path()), 0o711);
    }

    #[test]
    fn directories_that_others_may_write_are_refused() {
        let gid = fs::metadata(directory_with_mode(0o700).path()).unwrap().gid();
        for (bits, group) in [
            (0o757, None),
            (0o1777, Some(gid)),
            (0o770, None),
            (0o770, Some(gid)),
            (0o1770, Some(gid)),
            (0o2770, Some(gid)),
            (0o770, Some(gid + 1)),
        ] {
            let path = directory_with_mode(bits);
            let error = prepare(path.path(), group, true).unwrap_err();
            assert!(matches!(error, SocketError::DirectoryOpen { .. }), "{bits:o}: {error}");
            assert_eq!(error.exit_code(), 2);
        }
    }

    #[test]
    fn a_file_is_not_a_directory() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for path in [file.path().to_owned(), file.path().join("below")] {
            let error = prepare(&path, None, true).unwrap_err();
            assert!(matches!(error, SocketError::NotADirectory(_)), "{error}");
        }
    }

    #[test]
    fn a_directory_of_somebody_else_is_refused() {
        let path = directory_with_mode(0o755);
        if chown(path.path(), Some(12_345), None).is_err() {
            writeln!(io::stderr(), "skipped: needs root").unwrap();
            return;
        }
        let error = prepare(path.path(), None, true).unwrap_err();
        assert!(error.to_string().contains("its owner, uid 12345"), "{error}");
    }

    #[test]
    fn after_an_error_nothing_created_is_left() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/run");
        let mut created = Created(Vec::new());
        assert!(create_one(&root.path().join("a"), &mut created).unwrap());
        assert!(create_one(&path, &mut created).unwrap());
        assert!(!create_one(&path, &mut created).unwrap());
        drop(created);
        assert!(!root.path().join("a").exists());
    }
}
