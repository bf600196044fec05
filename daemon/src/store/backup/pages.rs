//! The file of a backup in pages, for a client that takes it to another machine.

use std::fs::{File, Metadata};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use zeroize::Zeroizing;

use super::fault::BackupFault;
use super::files::{io, open_directory};
use super::read::refuse_other_files;
use crate::store::directory::{Held, OpenLock};

/// Which file the first page was of: another one may get its name meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileState {
    /// Number of the file in its file system.
    pub inode: u64,
    /// When it was last written, in seconds and nanoseconds.
    pub written: (i64, i64),
    /// Its length.
    pub bytes: u64,
}

/// Some of the bytes.
pub struct BackupPage {
    /// The file.
    pub state: FileState,
    /// Its bytes; fewer than were asked for at its end.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// Reads at most so many bytes of a backup, from `offset` on.
///
/// # Errors
/// [`BackupFault::Missing`], [`BackupFault::NotOne`] for what a restore would not open, and the file
/// system's.
pub fn backup_page(
    path: &Path,
    name: &str,
    offset: u64,
    most: usize,
) -> Result<BackupPage, BackupFault> {
    let directory = open_directory(path)?.ok_or(BackupFault::Missing)?;
    let failed = |error: &std::io::Error| BackupFault::Store(io(&path.join(name), error));
    let lock = OpenLock::take();
    let found = directory.find(name, &lock).map_err(|error| failed(&error))?;
    let found = found.ok_or(BackupFault::Missing)?;
    let data = found.metadata().map_err(|error| failed(&error))?;
    let held = Held::new(name, &found, lock);
    let alone = held.descriptors().map_err(|error| failed(&error))? == 1;
    refuse_other_files(&data, alone)?;
    // Opened and closed under the lock: no other thread counts this descriptor.
    let state = directory.stat(name).map_err(|error| failed(&error))?;
    let state = FileState::of(&state.ok_or(BackupFault::Missing)?);
    let page = read(&found, offset, most).map_err(|error| failed(&error))?;
    drop(held);
    Ok(BackupPage { state, bytes: page })
}

/// Through the descriptor that was checked, whatever has its name by now.
fn read(found: &File, offset: u64, most: usize) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(format!("/proc/self/fd/{}", found.as_raw_fd()))?;
    let mut bytes = Zeroizing::new(vec![0; most]);
    let mut read = 0;
    while read < most {
        match file.read_at(&mut bytes[read..], offset.saturating_add(read as u64))? {
            0 => break,
            more => read += more,
        }
    }
    bytes.truncate(read);
    Ok(bytes)
}

impl FileState {
    fn of(found: &Metadata) -> Self {
        Self {
            inode: found.ino(),
            written: (found.mtime(), found.mtime_nsec()),
            bytes: found.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn pages_are_the_file_and_only_files_of_their_own_are_read() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::write(at("a.db"), "0123456789").unwrap();
        let page = |name: &str, offset| backup_page(place.path(), name, offset, 4);
        let read = |offset| page("a.db", offset).unwrap().bytes.to_vec();
        assert_eq!([read(0), read(4), read(8), read(10)], [&b"0123"[..], b"4567", b"89", b""]);
        assert_eq!(page("a.db", u64::MAX).map_or(0, |page| page.bytes.len()), 0);
        symlink(at("a.db"), at("link.db")).unwrap();
        fs::create_dir(at("directory.db")).unwrap();
        for name in ["link.db", "directory.db"] {
            assert!(matches!(page(name, 0), Err(BackupFault::NotOne(_))), "{name}");
        }
        assert!(matches!(page("none.db", 0), Err(BackupFault::Missing)));
        fs::hard_link(at("a.db"), at("hard.db")).unwrap();
        for name in ["a.db", "hard.db"] {
            assert!(matches!(page(name, 0), Err(BackupFault::NotOne(_))), "{name}");
        }
        fs::remove_file(at("hard.db")).unwrap();
        let before = page("a.db", 0).unwrap().state;
        assert_eq!(page("a.db", 4).unwrap().state, before);
        // The daemon has it open: closing another descriptor would drop its locks.
        let open = File::open(at("a.db")).unwrap();
        assert!(matches!(page("a.db", 0), Err(BackupFault::NotOne(_))));
        drop(open);
        fs::remove_file(at("a.db")).unwrap();
        fs::write(at("b"), "").unwrap();
        fs::write(at("a.db"), "other").unwrap();
        assert_ne!(page("a.db", 0).unwrap().state, before);
    }
}
