//! What already exists at a socket's path. Used only by the holder of the lock.

use std::fs::{self, Metadata};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::time::SystemTime;

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use nix::unistd::geteuid;

use super::error::SocketError;

/// Clears `path` for a socket: nothing there is fine, the daemon's own socket without a listener is
/// removed, anything else stays untouched and is an error.
pub(super) fn remove_stale(path: &Path) -> Result<(), SocketError> {
    let Some(found) = lstat(path)? else { return Ok(()) };
    let in_the_way = |what| Err(SocketError::PathOccupied { path: path.to_owned(), what });
    let kind = found.file_type();
    if kind.is_symlink() {
        return in_the_way("a symlink");
    }
    if kind.is_dir() {
        return in_the_way("a directory");
    }
    if !kind.is_socket() {
        return in_the_way("a file that is not a socket");
    }
    match probe(path) {
        Answer::Live => Err(SocketError::Live(path.to_owned())),
        Answer::Other => in_the_way("a socket that cannot be asked"),
        Answer::Refused if found.uid() != geteuid().as_raw() => {
            in_the_way("a stale socket of another user")
        }
        Answer::Refused => remove_same(path, id_of(&found)),
    }
}

/// Device, inode, and where the file system says so the time of creation, since an inode is soon
/// used again: whether a name still refers to the same file.
pub(super) type FileId = (u64, u64, Option<SystemTime>);

pub(super) fn id_of(found: &Metadata) -> FileId {
    (found.dev(), found.ino(), found.created().ok())
}

/// Removes the file at `path` if it is still that one.
pub(super) fn remove_same(path: &Path, id: FileId) -> Result<(), SocketError> {
    match lstat(path)? {
        Some(found) if id_of(&found) == id => {
            fs::remove_file(path).map_err(SocketError::io("remove", path))
        }
        Some(_) | None => Ok(()),
    }
}

/// The metadata of `path`, symlinks not followed.
pub(super) fn lstat(path: &Path) -> Result<Option<Metadata>, SocketError> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SocketError::io("read", path)(error)),
    }
}

/// The result of a connect.
enum Answer {
    /// A process listens; its queue may be full.
    Live,
    /// No process listens.
    Refused,
    /// Not a stream socket, or no right to connect.
    Other,
}

/// Connects without ever blocking: a live daemon with a full queue must not delay the start.
fn probe(path: &Path) -> Answer {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let attempt = socket(AddressFamily::Unix, SockType::Stream, flags, None)
        .and_then(|fd| connect(fd.as_raw_fd(), &UnixAddr::new(path)?));
    match attempt {
        Ok(()) | Err(Errno::EAGAIN | Errno::EINPROGRESS) => Answer::Live,
        Err(Errno::ECONNREFUSED | Errno::ENOENT) => Answer::Refused,
        Err(_) => Answer::Other,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::{UnixDatagram, UnixListener};

    use super::*;

    #[test]
    fn nothing_and_a_stale_socket_make_room() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("admin.sock");
        remove_stale(&path).unwrap();
        drop(UnixListener::bind(&path).unwrap());
        remove_stale(&path).unwrap();
        assert!(lstat(&path).unwrap().is_none());
    }

    #[test]
    fn a_live_socket_stays_even_with_a_full_queue() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("admin.sock");
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(AddressFamily::Unix, SockType::Stream, flags, None).unwrap();
        nix::sys::socket::bind(fd.as_raw_fd(), &UnixAddr::new(&path).unwrap()).unwrap();
        nix::sys::socket::listen(&fd, nix::sys::socket::Backlog::new(0).unwrap()).unwrap();
        for _ in 0..3 {
            let error = remove_stale(&path).unwrap_err();
            assert!(matches!(error, SocketError::Live(_)), "{error}");
            assert_eq!(error.exit_code(), 73);
        }
        assert!(lstat(&path).unwrap().is_some());
    }

    #[test]
    fn symlink_file_directory_and_other_sockets_stay_untouched() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        drop(UnixListener::bind(at("stale")).unwrap());
        symlink(at("stale"), at("symlink")).unwrap();
        fs::write(at("file"), "precious").unwrap();
        fs::create_dir(at("directory")).unwrap();
        let _datagram = UnixDatagram::bind(at("datagram")).unwrap();
        for name in ["symlink", "file", "directory", "datagram"] {
            let error = remove_stale(&at(name)).unwrap_err();
            assert!(matches!(error, SocketError::PathOccupied { .. }), "{name}: {error}");
            assert_eq!(error.exit_code(), 2);
            assert!(lstat(&at(name)).unwrap().is_some());
        }
        assert!(lstat(&at("stale")).unwrap().is_some());
        assert_eq!(fs::read_to_string(at("file")).unwrap(), "precious");
    }

    #[test]
    fn a_stale_socket_of_another_user_stays() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("admin.sock");
        drop(UnixListener::bind(&path).unwrap());
        if std::os::unix::fs::lchown(&path, Some(12_345), None).is_err() {
            writeln!(io::stderr(), "skipped: needs root").unwrap();
            return;
        }
        let error = remove_stale(&path).unwrap_err();
        assert!(error.to_string().contains("of another user"), "{error}");
        assert!(lstat(&path).unwrap().is_some());
    }

    #[test]
    fn a_file_that_took_the_place_is_not_removed() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("admin.sock");
        fs::write(&path, "first").unwrap();
        let id = id_of(&lstat(&path).unwrap().unwrap());
        fs::write(root.path().join("second"), "second").unwrap();
        fs::rename(root.path().join("second"), &path).unwrap();
        remove_same(&path, id).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
    }
}
