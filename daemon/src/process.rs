//! What the process restricts and requests before it does anything else.

use std::io;

use nix::sys::prctl::set_dumpable;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::{Mode, umask};

use crate::sys::sqlite_opens_without_waiting;
use crate::system::{OTHER_FILES, widened};

/// The first call in `main`: umask 077, no core dump, no other process may read its memory, SQLite
/// never blocks on opening a FIFO, and a static binary loads no plug-ins.
///
/// # Errors
/// Those of `setrlimit(2)` and `prctl(2)`, and SQLite's; the umask is set in any case.
pub fn harden() -> io::Result<()> {
    umask(Mode::S_IRWXG | Mode::S_IRWXO);
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    set_dumpable(false)?;
    #[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
    crate::sys::names::look_hosts_up_without_plugins()?;
    sqlite_opens_without_waiting()
}

/// Raises the soft limit of open files to what `connections` need, as far as the hard limit allows,
/// and returns how many connections the limit then has room for.
///
/// # Errors
/// Those of `getrlimit(2)` and `setrlimit(2)`.
pub fn raise_descriptor_limit(connections: u64) -> io::Result<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let needed = at_most(connections.saturating_add(OTHER_FILES), hard);
    if needed > soft {
        setrlimit(Resource::RLIMIT_NOFILE, needed, hard)?;
    }
    Ok(widened(soft.max(needed)).saturating_sub(OTHER_FILES))
}

/// `number` in the type of `most`, which is 32 or 64 bits wide depending on the machine.
fn at_most<T: Copy + Ord + TryFrom<u64>>(number: u64, most: T) -> T {
    T::try_from(number).map_or(most, |number| number.min(most))
}
