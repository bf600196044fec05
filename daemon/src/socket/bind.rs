//! Binds a socket: mode and owner first, listening last.

use std::fs::{self, File, Metadata, Permissions};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::socket::{self, AddressFamily, Backlog, SockFlag, SockType, UnixAddr};
use nix::sys::stat::{Mode, fchmod};
use nix::unistd::{Gid, fchownat, geteuid};

use super::directory::{Directory, prepare, set_group};
use super::error::{Owned, SocketError};
use super::existing::{FileId, id_of, lstat, remove_same, remove_stale};
use super::lock::Lock;
use super::path::{check_path, directory_of};

/// The path of a socket, and who may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketSpec {
    /// At most 107 bytes.
    pub path: PathBuf,
    /// The group that may connect (mode 0660); without one only the daemon's user (0600).
    pub group: Option<u32>,
    /// Whether missing parents of its directory are created: those of default paths are. The
    /// directory itself always is.
    pub create_parents: bool,
}

impl SocketSpec {
    const fn mode(&self) -> u32 {
        if self.group.is_some() { 0o660 } else { 0o600 }
    }
}

/// The file of a socket that this process bound, and the lock that proves the ownership.
///
/// Dropped, it removes the file if it is still the one that was bound, then releases the lock; a
/// start that fails later leaves nothing behind.
#[derive(Debug)]
pub struct Bound {
    place: SocketSpec,
    id: Option<FileId>,
    lock: Lock,
}

impl Bound {
    /// Binds the socket again where its file was removed: the same steps as at first, the lock
    /// included where its file is gone too. `None` where the file is in its place.
    ///
    /// # Errors
    /// As [`open`]; what another process put there stays untouched.
    pub fn restore(&mut self) -> Result<Option<UnixListener>, SocketError> {
        let is_there = lstat(&self.place.path)?.is_some_and(|file| self.id == Some(id_of(&file)));
        if is_there && self.lock.is_in_place() {
            return Ok(None);
        }
        let place = self.place.clone();
        let directory = prepare(directory_of(&place.path), place.group, place.create_parents)?;
        if !self.lock.is_in_place() {
            self.lock = Lock::take(&place.path, Owned::Socket)?;
        }
        if is_there {
            return Ok(None);
        }
        remove_stale(&place.path)?;
        let socket = bind(&place.path)?;
        self.id = None;
        listen(socket, &directory, self).map(Some)
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            // The next start replaces one that could not be removed.
            let _ = remove_same(&self.place.path, id);
        }
    }
}

/// Creates the socket: directory, lock, what is in the way, bind, owner, mode, a check of the
/// result, and only then listen. Nobody can connect before that, whatever the umask is.
///
/// The listener does not block and is closed on exec.
///
/// # Errors
/// [`SocketError`] says which step failed; nothing but the lock file is left behind.
pub fn open(place: &SocketSpec) -> Result<(UnixListener, Bound), SocketError> {
    let path = &place.path;
    check_path(path)?;
    let directory = prepare(directory_of(path), place.group, place.create_parents)?;
    let lock = Lock::take(path, Owned::Socket)?;
    remove_stale(path)?;
    let socket = bind(path)?;
    let mut bound = Bound { place: place.clone(), id: None, lock };
    let listener = listen(socket, &directory, &mut bound)?;
    Ok((listener, bound))
}

fn listen(
    socket: OwnedFd,
    directory: &Directory,
    bound: &mut Bound,
) -> Result<UnixListener, SocketError> {
    set_owner_and_mode(directory, bound)?;
    let failed = SocketError::io("listen on", &bound.place.path);
    socket::listen(&socket, Backlog::MAXALLOWABLE).map_err(failed)?;
    Ok(UnixListener::from(socket))
}

fn bind(path: &Path) -> Result<OwnedFd, SocketError> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket::socket(AddressFamily::Unix, SockType::Stream, flags, None)
        .map_err(SocketError::io("create a socket for", path))?;
    // Linux creates the file with the mode of the socket less the umask: it is never wider.
    fchmod(socket.as_fd(), Mode::from_bits_truncate(0o600))
        .map_err(SocketError::io("set the mode of", path))?;
    let address = UnixAddr::new(path).map_err(SocketError::io("bind", path))?;
    socket::bind(socket.as_raw_fd(), &address).map_err(|error| match error {
        Errno::EADDRINUSE => replaced(path),
        _ => SocketError::io("bind", path)(error),
    })?;
    Ok(socket)
}

/// Sets owner and mode of the bound file through a descriptor of that very file, so that neither a
/// link nor a file that replaced it is ever changed, and checks the result.
fn set_owner_and_mode(directory: &Directory, bound: &mut Bound) -> Result<(), SocketError> {
    let place = &bound.place;
    let path = &place.path;
    let file = bound_file(path, directory)?;
    let found = metadata(path, &file)?;
    if !found.file_type().is_socket() || found.uid() != geteuid().as_raw() {
        return Err(replaced(path));
    }
    bound.id = Some(id_of(&found));
    if let Some(gid) = place.group {
        let group = Some(Gid::from_raw(gid));
        set_group(fchownat(&file, "", None, group, AtFlags::AT_EMPTY_PATH), path, gid)?;
    }
    // Before Linux 6.6, chmod(2) has no other way to change a file by such a descriptor.
    fs::set_permissions(
        format!("/proc/self/fd/{}", file.as_raw_fd()),
        Permissions::from_mode(place.mode()),
    )
    .map_err(SocketError::io("set the mode of", path))?;
    let found = metadata(path, &file)?;
    let holds =
        found.mode() & 0o7777 == place.mode() && place.group.is_none_or(|gid| gid == found.gid());
    if holds { Ok(()) } else { Err(replaced(path)) }
}

/// The file of that name in the checked directory; a symlink is not followed.
fn bound_file(path: &Path, directory: &Directory) -> Result<File, SocketError> {
    let name = path.file_name().unwrap_or_default();
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    match openat(directory, name, flags, Mode::empty()) {
        Ok(file) => Ok(file.into()),
        Err(Errno::ENOENT) => Err(replaced(path)),
        Err(error) => Err(SocketError::io("open", path)(error)),
    }
}

fn metadata(path: &Path, file: &File) -> Result<Metadata, SocketError> {
    file.metadata().map_err(SocketError::io("read the mode of", path))
}

fn replaced(path: &Path) -> SocketError {
    SocketError::PathOccupied { path: path.to_owned(), what: "something new" }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixStream;

    use super::super::lock::lock_path;
    use super::*;

    fn place(root: &tempfile::TempDir, name: &str) -> SocketSpec {
        SocketSpec { path: root.path().join(name), group: None, create_parents: false }
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
        drop(bound);
        assert!(lstat(&place.path).unwrap().is_none());
    }

    #[test]
    fn a_second_daemon_is_refused_and_the_first_goes_on() {
        let root = tempfile::tempdir().unwrap();
        let place = place(&root, "admin.sock");
        let (_listener, bound) = open(&place).unwrap();
        assert_eq!(open(&place).unwrap_err().exit_code(), 73);
        UnixStream::connect(&place.path).unwrap();
        drop(bound);
        assert!(lstat(&place.path).unwrap().is_none());
        open(&place).unwrap();
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
        drop(bound);
        assert_eq!(fs::read_to_string(&place.path).unwrap(), "precious");
    }

    #[test]
    fn a_socket_that_was_removed_is_bound_again() {
        let root = tempfile::tempdir().unwrap();
        let gid = nix::unistd::getegid().as_raw();
        let path = root.path().join("run/admin.sock");
        let place = SocketSpec { path: path.clone(), group: Some(gid), create_parents: false };
        let (_listener, mut bound) = open(&place).unwrap();
        assert!(bound.restore().unwrap().is_none(), "it is there");
        let remove: [&dyn Fn(); 3] = [
            &|| fs::remove_file(&path).unwrap(),
            &|| fs::remove_dir_all(root.path().join("run")).unwrap(),
            &|| {
                fs::remove_file(&path).unwrap();
                drop(UnixListener::bind(&path).unwrap());
            },
        ];
        for remove in remove {
            remove();
            let listener = bound.restore().unwrap().expect("a new one");
            UnixStream::connect(&path).unwrap();
            listener.accept().unwrap();
            let found = fs::metadata(&path).unwrap();
            assert_eq!((found.mode() & 0o7777, found.gid()), (0o660, gid));
            assert_eq!(open(&place).unwrap_err().exit_code(), 73, "the lock holds again");
            assert!(bound.restore().unwrap().is_none());
        }
        fs::remove_file(lock_path(&path)).unwrap();
        assert!(bound.restore().unwrap().is_none(), "the lock alone");
        assert!(matches!(open(&place).unwrap_err(), SocketError::Locked { .. }));
        // What others put there stays.
        fs::remove_file(&path).unwrap();
        fs::write(&path, "precious").unwrap();
        assert!(matches!(bound.restore().unwrap_err(), SocketError::PathOccupied { .. }));
        drop(bound);
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
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
        let grouped = SocketSpec {
            path: root.path().join("run/admin.sock"),
            group: Some(gid),
            create_parents: true,
        };
        let (_listener, _bound) = open(&grouped).unwrap();
        let found = fs::metadata(&grouped.path).unwrap();
        assert_eq!((found.mode() & 0o7777, found.gid()), (0o660, gid));
    }

    #[test]
    fn what_was_put_in_the_place_of_the_socket_is_not_changed() {
        let root = tempfile::tempdir().unwrap();
        let gid = nix::unistd::getegid().as_raw();
        let target = root.path().join("target");
        let before = |path: &Path| {
            let found = fs::metadata(path).unwrap();
            (found.mode(), found.uid(), found.gid())
        };
        fs::write(&target, "precious").unwrap();
        fs::set_permissions(&target, Permissions::from_mode(0o640)).unwrap();
        let seen = before(&target);
        for (name, put) in [
            ("link", &(|at: &Path| symlink(&target, at).unwrap()) as &dyn Fn(&Path)),
            ("file", &|at: &Path| fs::hard_link(&target, at).unwrap()),
            ("nothing", &|_: &Path| ()),
        ] {
            let place = SocketSpec {
                path: root.path().join(name),
                group: Some(gid),
                create_parents: false,
            };
            let directory = prepare(root.path(), None, false).unwrap();
            let _socket = bind(&place.path).unwrap();
            fs::remove_file(&place.path).unwrap();
            put(&place.path);
            let lock = Lock::take(&place.path, Owned::Socket).unwrap();
            let mut bound = Bound { place, id: None, lock };
            let error = set_owner_and_mode(&directory, &mut bound).unwrap_err();
            assert!(matches!(error, SocketError::PathOccupied { .. }), "{name}: {error}");
            assert_eq!(before(&target), seen, "{name}");
            assert!(bound.id.is_none(), "{name}");
        }
    }

    #[test]
    fn a_directory_that_was_moved_away_is_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let (run, away) = (root.path().join("run"), root.path().join("away"));
        let directory = prepare(&run, None, false).unwrap();
        fs::rename(&run, &away).unwrap();
        fs::create_dir(&run).unwrap();
        let place = SocketSpec { path: run.join("admin.sock"), group: None, create_parents: false };
        let _socket = bind(&place.path).unwrap();
        let lock = Lock::take(&place.path, Owned::Socket).unwrap();
        let mut bound = Bound { place, id: None, lock };
        assert!(matches!(
            set_owner_and_mode(&directory, &mut bound).unwrap_err(),
            SocketError::PathOccupied { .. }
        ));
    }
}
