//! What neither std nor nix can do without `unsafe`: the only module that has any.
#![expect(unsafe_code, reason = "SO_PEERGROUPS, passed descriptors, mallopt")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// Groups that the first attempt has room for; more are asked for when the kernel says so.
const FEW_GROUPS: usize = 64;

/// Most groups of a process: `NGROUPS_MAX` of Linux.
const MOST_GROUPS: usize = 65_536;

/// The supplementary groups that the peer had when it connected (`SO_PEERGROUPS`, Linux 4.13).
///
/// # Errors
/// Those of `getsockopt(2)`: no Unix socket, not connected, an older kernel.
pub(crate) fn peer_groups(socket: BorrowedFd<'_>) -> io::Result<Vec<u32>> {
    groups_into(socket, FEW_GROUPS)
}

/// The same with room for `room` groups at first. Grows once: the list of a connection is fixed.
fn groups_into(socket: BorrowedFd<'_>, room: usize) -> io::Result<Vec<u32>> {
    let mut groups = vec![0_u32; room.min(MOST_GROUPS)];
    let needed = match ask_groups(socket, &mut groups) {
        Ok(count) => {
            groups.truncate(count);
            return Ok(groups);
        }
        Err((error, needed)) if error.raw_os_error() == Some(libc::ERANGE) => needed,
        Err((error, _)) => return Err(error),
    };
    if needed > MOST_GROUPS {
        return Err(io::Error::from_raw_os_error(libc::ERANGE));
    }
    groups.resize(needed, 0);
    let count = ask_groups(socket, &mut groups).map_err(|(error, _)| error)?;
    groups.truncate(count);
    Ok(groups)
}

/// One call: how many groups were written, or the error and how many there would be.
fn ask_groups(socket: BorrowedFd<'_>, groups: &mut [u32]) -> Result<usize, (io::Error, usize)> {
    let invalid = || (io::Error::from_raw_os_error(libc::EINVAL), 0);
    let mut bytes =
        libc::socklen_t::try_from(size_of_val::<[libc::gid_t]>(groups)).map_err(|_| invalid())?;
    // SAFETY: the descriptor is open for as long as it is borrowed; the buffer is writable for
    // `bytes` bytes, any bytes make a gid, and both pointers outlive the call.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERGROUPS,
            groups.as_mut_ptr().cast(),
            &raw mut bytes,
        )
    };
    let error = io::Error::last_os_error();
    let count = usize::try_from(bytes).map_err(|_| invalid())? / size_of::<libc::gid_t>();
    if answer == 0 { Ok(count.min(groups.len())) } else { Err((error, count)) }
}

/// The descriptors that systemd passed, with their names, closed on exec from now on.
///
/// Only the first call of a process gets them.
///
/// # Errors
/// The environment speaks of descriptors that are not open, or not in numbers.
pub(crate) fn passed_descriptors() -> io::Result<Vec<(OwnedFd, String)>> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::SeqCst) {
        return Ok(Vec::new());
    }
    let passed = sd_notify::listen_fds_with_names()?;
    // SAFETY: each was open a moment ago (setting close-on-exec succeeded), systemd made them
    // for this process (LISTEN_PID is ours), and the flag above lets nobody own them twice.
    Ok(passed.map(|(fd, name)| (unsafe { OwnedFd::from_raw_fd(fd) }, name)).collect())
}

/// Blocks from this size on, in bytes, have pages of their own that go when they are freed.
#[cfg(target_env = "gnu")]
const OWN_PAGES: libc::c_int = 1024 * 1024;

/// Has glibc give large blocks back when they are freed, where it would otherwise learn to keep
/// them. Whether it agrees does not matter for what is computed. To be called by one thread.
#[cfg(target_env = "gnu")]
pub(crate) fn give_back_freed_memory() {
    // SAFETY: it takes two integers and sets one; its only hazard is another thread's first
    // allocation at the same time, and the runtime of std has allocated long before.
    let _ = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, OWN_PAGES) };
}

/// Other allocators do so anyway.
#[cfg(not(target_env = "gnu"))]
pub(crate) fn give_back_freed_memory() {}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    fn own_groups() -> Vec<u32> {
        let mut groups: Vec<u32> =
            nix::unistd::getgroups().unwrap().into_iter().map(nix::unistd::Gid::as_raw).collect();
        groups.sort_unstable();
        groups
    }

    #[test]
    fn a_pair_has_our_own_groups_whatever_the_room() {
        let (here, _there) = UnixStream::pair().unwrap();
        for room in [0, 1, FEW_GROUPS, MOST_GROUPS + 1] {
            let mut groups = groups_into(here.as_fd(), room).unwrap();
            groups.sort_unstable();
            assert_eq!(groups, own_groups());
        }
    }

    #[test]
    fn what_is_no_socket_is_an_error() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert_eq!(peer_groups(file.as_fd()).unwrap_err().raw_os_error(), Some(libc::ENOTSOCK));
    }
}
