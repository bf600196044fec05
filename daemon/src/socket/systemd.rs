//! Sockets that systemd passed, and the notifications to it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::socket::{SockType, UnixAddr, getsockname, getsockopt, sockopt};
use sd_notify::NotifyState;

use super::error::SocketError;
use crate::peer::SocketKind;
use crate::sys;

/// A listening socket created by systemd: used unchanged, never unlinked, chmodded or locked.
#[derive(Debug)]
pub struct PassedSocket {
    /// Non-blocking, closed on exec.
    pub listener: UnixListener,
    /// The path of its file.
    pub path: PathBuf,
    /// The file that was there at the start.
    pub file: PassedFile,
    /// The group of that file, which the policy uses as the socket group.
    pub gid: u32,
}

/// The file of a socket that systemd created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedFile {
    path: PathBuf,
    id: (u64, u64),
}

impl PassedFile {
    /// Whether it is still at its path: where it is not, nobody can connect.
    pub fn is_in_place(&self) -> bool {
        std::fs::symlink_metadata(&self.path).is_ok_and(|found| id(&found) == self.id)
    }
}

fn id(found: &std::fs::Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

/// The sockets that systemd passed; none where it did not start the daemon with sockets.
#[derive(Debug, Default)]
pub struct Passed {
    /// The descriptor named `admin`.
    pub admin: Option<PassedSocket>,
    /// The descriptor named `auth`.
    pub auth: Option<PassedSocket>,
}

/// Takes over the sockets. The first call in a process gets them, later ones get none.
///
/// # Errors
/// [`SocketError::Passed`]: a name that is neither `admin` nor `auth`, one of them twice, or
/// something that is not a listening stream socket with a path.
pub fn passed() -> Result<Passed, SocketError> {
    let mut all = Passed::default();
    let text = |name| std::env::var(name).unwrap_or_default();
    if !are_for(std::process::id(), &text("LISTEN_PID"), &text("LISTEN_FDS")) {
        return Ok(all);
    }
    let descriptors =
        sys::passed_descriptors().map_err(|error| SocketError::Passed(error.to_string()))?;
    for (descriptor, name) in descriptors {
        let place = match kind(&name)? {
            SocketKind::Admin => &mut all.admin,
            SocketKind::Auth => &mut all.auth,
        };
        if place.is_some() {
            return Err(SocketError::Passed(format!("the name {name} came twice")));
        }
        *place = Some(check(descriptor, &name)?);
    }
    Ok(all)
}

/// Whether the variables are about this process, whatever else they say: a shell that was started
/// with them hands them on to its children, and a container may clear them by emptying them.
fn are_for(own_pid: u32, pid: &str, count: &str) -> bool {
    pid.parse() == Ok(own_pid) && !count.is_empty()
}

fn kind(name: &str) -> Result<SocketKind, SocketError> {
    [SocketKind::Admin, SocketKind::Auth].into_iter().find(|kind| kind.name() == name).ok_or_else(
        || {
            let name = name.escape_debug();
            SocketError::Passed(format!(
                "the name \"{name}\" is unknown, set FileDescriptorName=admin or auth"
            ))
        },
    )
}

/// Checks that it is a listening Unix stream socket, and finds the group of its file.
fn check(descriptor: OwnedFd, name: &str) -> Result<PassedSocket, SocketError> {
    let wrong = |fault: &str| SocketError::Passed(format!("{name} {fault}"));
    let fd = descriptor.as_fd();
    if getsockopt(&fd, sockopt::SockType) != Ok(SockType::Stream) {
        return Err(wrong("is not a stream socket"));
    }
    if getsockopt(&fd, sockopt::AcceptConn) != Ok(true) {
        return Err(wrong("does not listen"));
    }
    let address: UnixAddr =
        getsockname(fd.as_raw_fd()).map_err(|_| wrong("is not a Unix socket"))?;
    let path = address.path().ok_or_else(|| wrong("has no path, and so no owner and mode"))?;
    let found = match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => found,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Err(wrong("lies in a directory that this user may not enter"));
        }
        Ok(_) | Err(_) => return Err(wrong("is no longer where it was bound")),
    };
    let (path, gid) = (path.to_owned(), found.gid());
    let file = PassedFile { path: path.clone(), id: id(&found) };
    let listener = UnixListener::from(descriptor);
    listener.set_nonblocking(true).map_err(|error| wrong(&error.to_string()))?;
    Ok(PassedSocket { listener, path, file, gid })
}

/// Notifies systemd that the daemon serves (`READY=1`); also ends a reload.
///
/// # Errors
/// Those of sending the message; none without systemd.
pub fn ready() -> io::Result<()> {
    sd_notify::notify(&[NotifyState::Ready])
}

/// Asks systemd to wait so much longer for [`ready`] than it would (`EXTEND_TIMEOUT_USEC=`).
///
/// # Errors
/// As [`ready`].
pub fn extend_start(time: Duration) -> io::Result<()> {
    // What the start itself takes comes behind it.
    let time = time + Duration::from_secs(30);
    let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
    sd_notify::notify(&[NotifyState::ExtendTimeoutUsec(micros)])
}

/// Notifies systemd that the daemon stops (`STOPPING=1`).
pub fn stopping() -> io::Result<()> {
    sd_notify::notify(&[NotifyState::Stopping])
}

/// Notifies systemd that settings are read again (`RELOADING=1`); [`ready`] ends it.
///
/// # Errors
/// As [`ready`], and those of the monotonic clock, whose time systemd requires.
pub fn reloading() -> io::Result<()> {
    sd_notify::notify(&[NotifyState::Reloading, NotifyState::monotonic_usec_now()?])
}

/// Notifies systemd's watchdog that the daemon makes progress (`WATCHDOG=1`).
pub fn watchdog() -> io::Result<()> {
    sd_notify::notify(&[NotifyState::Watchdog])
}

/// How long systemd waits for [`watchdog`] before it restarts the daemon; `None` without a
/// watchdog.
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}
#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixDatagram, UnixStream};

    use super::*;

    fn fault(descriptor: impl Into<OwnedFd>) -> String {
        check(descriptor.into(), "admin").unwrap_err().to_string()
    }

    #[test]
    fn variables_of_another_process_are_none() {
        assert!(are_for(7, "7", "1"));
        for (pid, count) in [("8", "1"), ("", "1"), ("", ""), ("7", ""), ("x", "1"), ("+8", "1")] {
            assert!(!are_for(7, pid, count), "{pid:?} {count:?}");
        }
    }

    #[test]
    fn only_the_two_names_are_taken() {
        assert_eq!(kind("admin").unwrap(), SocketKind::Admin);
        assert_eq!(kind("auth").unwrap(), SocketKind::Auth);
        for name in ["unknown", "photoprismd.socket", "", "Admin"] {
            let error = kind(name).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains("FileDescriptorName=admin"), "{error}");
        }
    }

    #[test]
    fn a_listening_socket_keeps_its_file_and_gives_its_group() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("admin.sock");
        let passed = check(UnixListener::bind(&path).unwrap().into(), "admin").unwrap();
        assert_eq!(passed.path, path);
        assert_eq!(passed.gid, std::fs::metadata(&path).unwrap().gid());
        drop(passed);
        assert!(path.exists());
    }

    #[test]
    fn what_is_not_a_listening_unix_stream_socket_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let datagram = UnixDatagram::bind(root.path().join("datagram")).unwrap();
        assert!(fault(datagram).ends_with("admin is not a stream socket"));
        assert!(fault(UnixStream::pair().unwrap().0).ends_with("admin does not listen"));
        assert!(fault(std::fs::File::open("/dev/null").unwrap()).contains("not a stream socket"));
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(fault(tcp).ends_with("admin is not a Unix socket"));
    }

    #[test]
    fn a_socket_without_a_file_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("admin.sock");
        let listener = UnixListener::bind(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(fault(listener).contains("no longer where it was bound"));
    }
}
