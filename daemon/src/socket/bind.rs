//! Binding: mode and owner first, listening last.

use std::fs::{self, Permissions};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::socket::{self, AddressFamily, Backlog, SockFlag, SockType, UnixAddr};
use nix::sys::stat::{Mode, fchmod};
use nix::unistd::{Gid, chown, geteuid};

use super::error::{Owned, SocketError};
use super::folder::{give, prepare};
use super::lock::Lock;
use super::occupant::{FileId, clear, id_of, look, remove_same};
use super::path::{check_path, folder_of};

/// Where a socket goes and who may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// At most 107 bytes.
    pub path: PathBuf,
    /// The group that may connect (mode 0660); without one only the daemon's user (0600).
    pub group: Option<u32>,
    /// Whether missing folders are made: those of default paths are, those of given ones not.
    pub create: bool,
}

impl Place {
    const fn mode(&self) -> u32 {
        if self.group.is_some() { 0o660 } else { 0o600 }
    }
}

/// The file of a socket that this process bound, and the lock that makes it ours.
///
/// Dropped, it removes the file, so that a start that fails later leaves nothing behind.
#[derive(Debug)]
pub struct Bound {
    path: PathBuf,
    id: Option<FileId>,
    _lock: Lock,
}

impl Bound {
    /// Where the socket is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file if it is still the one that was bound, then gives the lock back.
    ///
    /// # Errors
    /// [`SocketError::Io`] where it is ours and cannot be removed.
    pub fn remove(mut self) -> Result<(), SocketError> {
        self.unlink()
    }

    fn unlink(&mut self) -> Result<(), SocketError> {
        self.id.take().map_or(Ok(()), |id| remove_same(&self.path, id))
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        let _ = self.unlink();
    }
}

/// Makes the socket: folder, lock, what lies there, bind, owner, mode, a look at the result,
/// and only then listen. Nobody can connect before that, whatever the umask is.
///
/// The listener does not block and is closed on exec.
///
/// # Errors
/// [`SocketError`] says which step failed; nothing but the lock file is left behind.
pub fn open(place: &Place) -> Result<(UnixListener, Bound), SocketError> {
    let path = &place.path;
    check_path(path)?;
    prepare(folder_of(path), place.group, place.create)?;
    let lock = Lock::take(path, Owned::Socket)?;
    clear(path)?;
    let (socket, bound) = bind(place, lock)?;
    own(place, &bound)?;
    socket::listen(&socket, Backlog::MAXALLOWABLE).map_err(SocketError::io("listen on", path))?;
    Ok((UnixListener::from(socket), bound))
}

/// Binds, and remembers which file that made.
fn bind(place: &Place, lock: Lock) -> Result<(OwnedFd, Bound), SocketError> {
    let path = &place.path;
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket::socket(AddressFamily::Unix, SockType::Stream, flags, None)
        .map_err(SocketError::io("make a socket for", path))?;
    // Linux makes the file with the mode of the socket less the umask: it is never wider.
    fchmod(socket.as_fd(), Mode::from_bits_truncate(0o600))
        .map_err(SocketError::io("set the mode of", path))?;
    let address = UnixAddr::new(path.as_path()).map_err(SocketError::io("bind", path))?;
    socket::bind(socket.as_raw_fd(), &address).map_err(|error| match error {
        Errno::EADDRINUSE => SocketError::InTheWay { path: path.clone(), what: "something new" },
        _ => SocketError::io("bind", path)(error),
    })?;
    let mut bound = Bound { path: path.clone(), id: None, _lock: lock };
    bound.id = look(path)?.as_ref().map(id_of);
    Ok((socket, bound))
}

/// Sets owner and mode of the bound file, and looks whether they hold.
fn own(place: &Place, bound: &Bound) -> Result<(), SocketError> {
    let path = &place.path;
    if let Some(gid) = place.group {
        give(chown(path, None, Some(Gid::from_raw(gid))), path, gid)?;
    }
    fs::set_permissions(path, Permissions::from_mode(place.mode()))
        .map_err(SocketError::io("set the mode of", path))?;
    let replaced = SocketError::InTheWay { path: path.clone(), what: "something new" };
    let Some(found) = look(path)? else { return Err(replaced) };
    let as_meant = found.file_type().is_socket()
        && found.mode() & 0o7777 == place.mode()
        && found.uid() == geteuid().as_raw()
        && place.group.is_none_or(|gid| gid == found.gid())
        && bound.id == Some(id_of(&found));
    if as_meant { Ok(()) } else { Err(replaced) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    fn place(root: &tempfile::TempDir, name: &str) -> Place {
        Place { path: root.path().join(name), group: None, create: false }
    }

    #[test]
    fn the_listener_serves_and_goes_with_its_file() {
        let root = tempfile::tempdir().unwrap();
        let place = place(&root, "admin.sock");
        let (listener, bound) = open(&place).unwrap();
        UnixStream::connect(&place.path).unwrap();
        listener.accept().unwrap();
        let waiting = listener.accept().unwrap_err();
        assert_eq!(waiting.kind(), std::io::ErrorKind::WouldBlock);
        bound.remove().unwrap();
        assert!(look(&place.path).unwrap().is_none());
    }

    #[test]
    fn a_second_daemon_is_refused_and_the_first_goes_on() {
        let root = tempfile::tempdir().unwrap();
        let place = place(&root, "admin.sock");
        let (_listener, bound) = open(&place).unwrap();
        assert_eq!(open(&place).unwrap_err().exit_code(), 73);
        UnixStream::connect(&place.path).unwrap();
        drop(bound);
        assert!(look(&place.path).unwrap().is_none());
        open(&place).unwrap().1.remove().unwrap();
    }

    #[test]
    fn a_live_socket_without_a_lock_is_never_taken() {
        let root = tempfile::tempdir().unwrap();
        let place = place(&root, "admin.sock");
        let _other = UnixListener::bind(&place.path).unwrap();
        assert!(matches!(open(&place).unwrap_err(), SocketError::Live(_)));
        UnixStream::connect(&place.path).unwrap();
    }

    #[test]
    fn a_stale_socket_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let place = place(&root, "admin.sock");
        drop(UnixListener::bind(&place.path).unwrap());
        let (_listener, _bound) = open(&place).unwrap();
        UnixStream::connect(&place.path).unwrap();
    }

    #[test]
    fn what_took_the_place_of_our_socket_is_not_removed() {
        let root = tempfile::tempdir().unwrap();
        let place = place(&root, "admin.sock");
        let (_listener, bound) = open(&place).unwrap();
        fs::remove_file(&place.path).unwrap();
        fs::write(&place.path, "precious").unwrap();
        bound.remove().unwrap();
        assert_eq!(fs::read_to_string(&place.path).unwrap(), "precious");
    }

    #[test]
    fn the_longest_path_works_and_one_more_does_not() {
        let root = tempfile::tempdir().unwrap();
        let left = super::super::path::LONGEST - root.path().as_os_str().len() - 1;
        let longest = place(&root, &"s".repeat(left));
        let (_listener, _bound) = open(&longest).unwrap();
        UnixStream::connect(&longest.path).unwrap();
        let error = open(&place(&root, &"s".repeat(left + 1))).unwrap_err();
        assert!(matches!(error, SocketError::Path { .. }));
    }

    #[test]
    fn the_group_gets_the_socket() {
        let root = tempfile::tempdir().unwrap();
        let gid = nix::unistd::getegid().as_raw();
        let grouped =
            Place { path: root.path().join("run/admin.sock"), group: Some(gid), create: true };
        let (_listener, _bound) = open(&grouped).unwrap();
        let found = fs::metadata(&grouped.path).unwrap();
        assert_eq!((found.mode() & 0o7777, found.gid()), (0o660, gid));
    }
}
