//! Which files this process has open, and how many it may.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

use nix::sys::resource::{Resource, getrlimit};

use super::widened;

/// The descriptors of this process, each a link to its file.
const DESCRIPTORS: &str = "/proc/self/fd";

/// Files that are open in addition to connections: the standard three, sockets, locks, database with
/// WAL and journal, the runtime's own, a spare one, and what a backup needs.
pub(crate) const OTHER_FILES: u64 = 64;

/// The soft and the hard limit of open files.
pub(crate) fn descriptor_limit() -> io::Result<(u64, u64)> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok((widened(soft), widened(hard)))
}

/// Identifies a file, whatever its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// From its two numbers.
    pub(crate) const fn new(device: u64, inode: u64) -> Self {
        Self { device, inode }
    }

    /// From the metadata of a file. Valid for as long as the file exists.
    pub(crate) fn of(found: &fs::Metadata) -> Self {
        Self { device: found.dev(), inode: found.ino() }
    }
}

/// Standard input, output and error, which hold no locks.
const STANDARD: [&str; 3] = ["0", "1", "2"];

/// How many descriptors of this process refer to that file, including those of `O_PATH`, without
/// the standard ones. Closing one that is not of `O_PATH` drops all locks that the process has on
/// the file (`fcntl(2)`). Where other threads may open and close the same file, the caller prevents
/// them meanwhile.
pub(crate) fn descriptors_of(file: FileId) -> io::Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(DESCRIPTORS)? {
        let entry = entry?;
        if STANDARD.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        // One that another thread closed meanwhile refers to nothing.
        let found = fs::metadata(entry.path());
        count += usize::from(found.is_ok_and(|found| FileId::of(&found) == file));
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn every_descriptor_of_a_file_is_found_whatever_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let one = File::create(at("one")).unwrap();
        fs::hard_link(at("one"), at("link")).unwrap();
        let id = FileId::of(&one.metadata().unwrap());
        assert_eq!(FileId::of(&fs::metadata(at("link")).unwrap()), id);
        assert_eq!(descriptors_of(id).unwrap(), 1);
        let other = File::open(at("link")).unwrap();
        fs::write(at("else"), "").unwrap();
        let _else = File::open(at("else")).unwrap();
        assert_eq!(descriptors_of(id).unwrap(), 2);
        drop((one, other));
        assert_eq!(descriptors_of(id).unwrap(), 0);
    }
}
