//! How much space a file system has.

use std::io;
use std::path::Path;

use nix::sys::statvfs::statvfs;

use super::widened;

/// Bytes of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Space {
    /// What an unprivileged user may still write.
    pub free: u64,
    /// All of it.
    pub total: u64,
}

/// The space of the file system that contains `path`.
///
/// # Errors
/// Those of `statvfs(3)`.
pub(crate) fn space(path: &Path) -> io::Result<Space> {
    let found = statvfs(path)?;
    let bytes = |blocks: u64| blocks.saturating_mul(widened(found.fragment_size()));
    Ok(Space {
        free: bytes(widened(found.blocks_available())),
        total: bytes(widened(found.blocks())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_never_more_free_than_there_is() {
        let directory = tempfile::tempdir().unwrap();
        let found = space(directory.path()).unwrap();
        assert!(found.free <= found.total && found.total > 0, "{found:?}");
        assert!(space(&directory.path().join("nothing")).is_err());
    }
}
