//! How many files may be open.

use std::io;

use nix::sys::resource::{Resource, getrlimit};

use super::widened;

/// Files that are open in addition to connections: the standard three, sockets, locks, database with
/// WAL and journal, the runtime's own, a spare one, and what a backup needs.
pub(crate) const OTHER_FILES: u64 = 64;

/// The soft and the hard limit of open files.
pub(crate) fn descriptor_limit() -> io::Result<(u64, u64)> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok((widened(soft), widened(hard)))
}
