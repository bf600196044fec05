//! A Unix socket with a file: mode and owner first, listening last.

use std::fs::{self, File, Metadata, Permissions};
use std::io::ErrorKind;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open};
use nix::sys::socket::{self, AddressFamily, Backlog, SockFlag, SockType, UnixAddr};
use nix::sys::stat::{Mode, fchmod};
use nix::unistd::{Gid, Group, fchownat, geteuid};

use crate::gate::error::GateError;

/// Who may connect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rights {
    pub mode: u32,
    pub group: Option<Gid>,
}

/// The file of a socket that was created here. Dropped, it removes the file if it is still the same.
#[derive(Debug)]
pub(super) struct Bound {
    path: PathBuf,
    id: (u64, u64),
}

impl Drop for Bound {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| id(&found) == self.id) {
            // The next start replaces one that could not be removed.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn id(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

/// The group of that name or number.
///
/// # Errors
/// There is none.
pub(super) fn group(text: &str) -> Result<Gid, GateError> {
    if let Ok(gid) = text.parse() {
        return Ok(Gid::from_raw(gid));
    }
    // A static binary reads the file alone: see `socket::names`.
    let found = if cfg!(target_feature = "crt-static") {
        in_file(text)
    } else {
        Group::from_name(text).ok().flatten().map(|group| group.gid)
    };
    found.ok_or_else(|| {
        let what = "there is no such group; create it, or give its number";
        GateError::Settings(format!("--group (or PHOTOPRISM_GATE_GROUP) is {text:?}, but {what}"))
    })
}

/// Lines begin with name, password and number: `group(5)`.
fn in_file(name: &str) -> Option<Gid> {
    let bytes = fs::read("/etc/group").ok()?;
    String::from_utf8_lossy(&bytes).lines().find_map(|line| {
        let mut fields = line.split(':');
        let is_it = fields.next() == Some(name);
        fields.nth(1).filter(|_| is_it)?.parse().ok().map(Gid::from_raw)
    })
}

impl Bound {
    /// Creates it: what is in the way, bind, owner, mode, a check of the result, and only then
    /// listen. Nobody can connect before that, whatever the umask is.
    ///
    /// # Errors
    /// Which step failed, and what to do; nothing is left behind.
    pub(super) fn open(path: &Path, rights: &Rights) -> Result<(UnixListener, Self), GateError> {
        remove_stale(path)?;
        let socket = bind(path)?;
        let file = open(path, OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty())
            .map_err(|error| failed("open", path, error))?;
        let file = File::from(file);
        let found = metadata(&file, path)?;
        if !found.file_type().is_socket() || found.uid() != geteuid().as_raw() {
            return Err(replaced(path));
        }
        let bound = Self { path: path.to_owned(), id: id(&found) };
        if let Some(gid) = rights.group {
            fchownat(&file, "", None, Some(gid), AtFlags::AT_EMPTY_PATH).map_err(|error| {
                GateError::Settings(format!(
                    "cannot give {} to group {gid}: {}; run this as root or as a member of it",
                    path.display(),
                    error.desc()
                ))
            })?;
        }
        // Before Linux 6.6, chmod(2) has no other way to change a file by such a descriptor.
        let name = format!("/proc/self/fd/{}", file.as_raw_fd());
        fs::set_permissions(name, Permissions::from_mode(rights.mode))
            .map_err(|error| failed("set the mode of", path, error))?;
        let found = metadata(&file, path)?;
        let is_right = found.mode() & 0o7777 == rights.mode
            && rights.group.is_none_or(|gid| gid.as_raw() == found.gid());
        if !is_right {
            return Err(replaced(path));
        }
        socket::listen(&socket, Backlog::MAXALLOWABLE)
            .map_err(|error| failed("listen on", path, error))?;
        Ok((UnixListener::from(socket), bound))
    }
}

/// Removes a socket of this user that nobody listens on.
fn remove_stale(path: &Path) -> Result<(), GateError> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("read", path, error)),
    };
    if !found.file_type().is_socket() || found.uid() != geteuid().as_raw() {
        return Err(GateError::Settings(format!(
            "{} is in the way: it is not a socket of this user; remove it, or give another path \
             with --listen",
            path.display()
        )));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            let is_same = fs::symlink_metadata(path).is_ok_and(|now| id(&now) == id(&found));
            if !is_same {
                return Err(replaced(path));
            }
            fs::remove_file(path).map_err(|error| failed("remove", path, error))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Ok(_) | Err(_) => Err(occupied(path)),
    }
}

fn bind(path: &Path) -> Result<OwnedFd, GateError> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket::socket(AddressFamily::Unix, SockType::Stream, flags, None)
        .map_err(|error| failed("create a socket for", path, error))?;
    // Linux creates the file with the mode of the socket less the umask: it is never wider.
    fchmod(socket.as_fd(), Mode::from_bits_truncate(0o600))
        .map_err(|error| failed("set the mode of", path, error))?;
    let address = UnixAddr::new(path).map_err(|_| {
        GateError::Settings(format!(
            "the path is longer than 107 bytes: {}; give a shorter one with --listen",
            path.display()
        ))
    })?;
    socket::bind(socket.as_raw_fd(), &address).map_err(|error| match error {
        Errno::EADDRINUSE => occupied(path),
        _ => failed("bind", path, error),
    })?;
    Ok(socket)
}

fn metadata(file: &File, path: &Path) -> Result<Metadata, GateError> {
    file.metadata().map_err(|error| failed("read the mode of", path, error))
}

fn failed(step: &str, path: &Path, error: impl Into<std::io::Error>) -> GateError {
    let error = error.into();
    GateError::Settings(format!(
        "cannot {step} {}: {error}; its directory must exist and be this user's",
        path.display()
    ))
}

fn occupied(path: &Path) -> GateError {
    GateError::Occupied(format!(
        "another program listens on {}; stop it, or give another path with --listen",
        path.display()
    ))
}

fn replaced(path: &Path) -> GateError {
    GateError::Settings(format!(
        "{} was replaced meanwhile; use a directory that only this user can write",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHTS: Rights = Rights { mode: 0o620, group: None };

    #[test]
    fn it_has_its_mode_and_goes_with_its_file() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("gate.sock");
        let (_listener, bound) = Bound::open(&path, &RIGHTS).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o620);
        UnixStream::connect(&path).unwrap();
        drop(bound);
        assert!(!path.exists());
    }

    #[test]
    fn only_a_stale_socket_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("gate.sock");
        drop(UnixListener::bind(&path).unwrap());
        let (_listener, bound) = Bound::open(&path, &RIGHTS).unwrap();
        assert!(matches!(Bound::open(&path, &RIGHTS), Err(GateError::Occupied(_))));
        UnixStream::connect(&path).unwrap();
        // What took its place stays.
        fs::remove_file(&path).unwrap();
        fs::write(&path, "precious").unwrap();
        drop(bound);
        assert!(matches!(Bound::open(&path, &RIGHTS), Err(GateError::Settings(_))));
        let link = root.path().join("link.sock");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(Bound::open(&link, &RIGHTS), Err(GateError::Settings(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
        let nowhere = root.path().join("x/gate.sock");
        assert!(matches!(Bound::open(&nowhere, &RIGHTS), Err(GateError::Settings(_))));
        let long = root.path().join("x".repeat(120));
        assert!(matches!(Bound::open(&long, &RIGHTS), Err(GateError::Settings(_))));
    }

    #[test]
    fn groups_have_names_and_numbers() {
        assert_eq!(group("0").unwrap(), Gid::from_raw(0));
        assert_eq!(group("root").unwrap(), Gid::from_raw(0));
        assert_eq!(in_file("root"), Some(Gid::from_raw(0)));
        assert_eq!(in_file("no-such-group"), None);
        group("no-such-group").unwrap_err();
    }
}
