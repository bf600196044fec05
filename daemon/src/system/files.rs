//! Who owns a file, and what others may do with it.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use super::names::{group_name, user_name};

/// A file as `lstat` or `stat` reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// It is a socket.
    pub is_socket: bool,
    /// It is a symbolic link.
    pub is_link: bool,
    /// It is a directory.
    pub is_directory: bool,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Permission bits.
    pub mode: u32,
    /// Bytes.
    pub length: u64,
}

impl Seen {
    /// Reads the file itself, not the target of a link.
    pub fn at(path: &Path) -> io::Result<Self> {
        fs::symlink_metadata(path).map(|found| Self::of(&found))
    }

    /// Reads the target, through links.
    pub fn through(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|found| Self::of(&found))
    }

    /// From the metadata of an open descriptor or of one of the calls above.
    pub fn of(found: &fs::Metadata) -> Self {
        Self {
            is_socket: found.file_type().is_socket(),
            is_link: found.is_symlink(),
            is_directory: found.is_dir(),
            uid: found.uid(),
            gid: found.gid(),
            mode: found.mode() & 0o7777,
            length: found.len(),
        }
    }

    /// `mode 0660, owner root, group photoprism`.
    pub fn shown(&self) -> String {
        let (user, group) = (user_name(self.uid), group_name(self.gid));
        format!("mode {:04o}, owner {user}, group {group}", self.mode)
    }
}

/// Whether this process may write there. A read-only file system refuses root as well.
pub(crate) fn is_writable(path: &Path) -> bool {
    access(path, AccessFlags::W_OK).is_ok()
}

/// By which other path a file may be opened, and what to do: SQLite finds its logs next to the name
/// by which it is opened, and a second daemon is kept off by a file next to it.
pub(crate) fn other_path(path: &Path) -> Option<&'static str> {
    if fs::metadata(path).is_ok_and(|found| found.is_file() && found.nlink() > 1) {
        return Some("it has another name (a hard link): remove that, and use this name alone");
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let path = fs::canonicalize(path).ok()?;
    let is_mounted = is_mount_point(&mounts, path.to_str()?);
    is_mounted.then_some("it is mounted by itself: mount its directory in place of the file")
}

/// Whether one of the mounts has that path; the kernel writes blanks and backslashes in octal.
fn is_mount_point(mounts: &str, path: &str) -> bool {
    let path = path.replace('\\', "\\134").replace(' ', "\\040");
    mounts.lines().any(|line| line.split(' ').nth(4) == Some(&path))
}

/// The nearest directory above `directory` in which everybody may rename what is there: that moves
/// the whole of it away. Where the sticky bit is set, as in `/tmp`, only owners may.
pub(crate) fn open_ancestor(directory: &Path) -> Option<PathBuf> {
    let directory = fs::canonicalize(directory).ok()?;
    let is_open = |path: &&Path| {
        Seen::through(path).is_ok_and(|found| found.mode & 0o002 != 0 && found.mode & 0o1000 == 0)
    };
    directory.ancestors().skip(1).find(is_open).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_with_two_names_or_mounted_by_itself_may_be_opened_by_another_path() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("index.db");
        assert_eq!(other_path(&file), None);
        fs::write(&file, "").unwrap();
        assert_eq!(other_path(&file), None);
        fs::hard_link(&file, directory.path().join("other")).unwrap();
        assert!(other_path(&file).unwrap().contains("hard link"));
        assert_eq!(other_path(directory.path()), None, "a directory has one of each in it");
        assert!(other_path(Path::new("/proc")).unwrap().contains("mounted by itself"));
        let mounts = "22 1 8:1 / / rw - ext4 /dev/sda rw\n\
                      31 22 8:1 /a /data/my\\040photos/index.db rw - ext4 /dev/sda rw\n";
        assert!(is_mount_point(mounts, "/data/my photos/index.db"));
        assert!(!is_mount_point(mounts, "/data/my photos"));
    }

    #[test]
    fn a_directory_is_shown_with_its_owner_and_mode() {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o750)).unwrap();
        let seen = Seen::at(directory.path()).unwrap();
        assert!(seen.is_directory && !seen.is_socket);
        let owner = format!("mode 0750, owner {}, group", user_name(seen.uid));
        assert!(seen.shown().starts_with(&owner), "{}", seen.shown());
        assert!(is_writable(directory.path()));
        assert_eq!(user_name(4_000_000_000), "4000000000");
        assert_eq!(group_name(4_000_000_000), "4000000000");
    }

    #[test]
    fn a_link_is_read_itself_or_followed() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(directory.path(), &link).unwrap();
        let seen = Seen::at(&link).unwrap();
        assert!(seen.is_link && !seen.is_directory);
        assert!(Seen::through(&link).unwrap().is_directory);
        assert!(Seen::at(&directory.path().join("nothing")).is_err());
        assert!(!is_writable(&directory.path().join("nothing")));
    }
}
