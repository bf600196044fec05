//! The peer of a connection, as the kernel reports it.

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, OnceLock};

use nix::sys::socket::{getsockopt, sockopt};

use crate::sys;

/// The uid and gid that Linux shows for one that it cannot map, unless configured otherwise.
const OVERFLOW_ID: u32 = 65_534;

/// What `SO_PEERCRED` shows for a socket without a peer.
const NO_ID: u32 = u32::MAX;

/// Which of the two sockets a connection came in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SocketKind {
    /// The administrators' socket: rights by uid and gid.
    Admin,
    /// The sidecars' socket: any peer may check logins and tokens, and do nothing else.
    Auth,
}

impl SocketKind {
    /// Its name in audit records, logs and systemd's descriptor names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Auth => "auth",
        }
    }
}

impl fmt::Display for SocketKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The peer of one connection. Only this module creates one, from the connection itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    socket: SocketKind,
    uid: u32,
    gid: u32,
    pid: i32,
    groups: Arc<[u32]>,
}

impl Caller {
    /// Reads from the kernel who connected `stream`: uid, gid and pid (`SO_PEERCRED`),
    /// supplementary groups (`SO_PEERGROUPS`), all as of the time of the connect.
    ///
    /// An error gives an unknown peer, which has no rights on the admin socket.
    pub fn of(stream: &impl AsFd, socket: SocketKind) -> Self {
        Self::ask(stream, socket).unwrap_or_else(|_| Self::unknown(socket))
    }

    fn ask(stream: &impl AsFd, socket: SocketKind) -> io::Result<Self> {
        let credentials = getsockopt(stream, sockopt::PeerCredentials)?;
        let groups = sys::peer_groups(stream.as_fd())?.into();
        let (uid, gid, pid) = (credentials.uid(), credentials.gid(), credentials.pid());
        Ok(Self { socket, uid, gid, pid, groups })
    }

    fn unknown(socket: SocketKind) -> Self {
        Self { socket, uid: OVERFLOW_ID, gid: OVERFLOW_ID, pid: 0, groups: Arc::default() }
    }

    /// A peer that never connected, for the tests of other modules.
    #[cfg(test)]
    pub(crate) fn for_tests(socket: SocketKind, uid: u32, gid: u32, groups: &[u32]) -> Self {
        Self { socket, uid, gid, pid: 1, groups: groups.into() }
    }

    /// The socket it came in by.
    pub const fn socket(&self) -> SocketKind {
        self.socket
    }

    /// Its effective uid; 65534 where the kernel did not report it.
    pub const fn uid(&self) -> u32 {
        self.uid
    }

    /// Its effective gid; 65534 where the kernel did not report it.
    pub const fn gid(&self) -> u32 {
        self.gid
    }

    /// Its process, only for audit and log; 0 in another pid namespace or where unknown.
    pub const fn pid(&self) -> i32 {
        self.pid
    }

    /// Its supplementary groups.
    pub(super) fn groups(&self) -> Arc<[u32]> {
        Arc::clone(&self.groups)
    }

    /// Whether its uid identifies it.
    pub(super) fn is_known(&self) -> bool {
        ![OVERFLOW_ID, NO_ID, overflow_uid()].contains(&self.uid)
    }

    /// Whether `gid` is its primary or one of its supplementary groups.
    pub(super) fn is_member(&self, gid: u32) -> bool {
        self.gid == gid || self.groups.contains(&gid)
    }
}

/// The uid that this kernel shows for one that it cannot map; read once.
fn overflow_uid() -> u32 {
    static UID: OnceLock<u32> = OnceLock::new();
    *UID.get_or_init(|| {
        let text = std::fs::read_to_string("/proc/sys/kernel/overflowuid").unwrap_or_default();
        text.trim().parse().unwrap_or(OVERFLOW_ID)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixDatagram, UnixStream};

    use nix::unistd::{getegid, geteuid};

    use super::*;

    #[test]
    fn a_connected_stream_identifies_its_peer() {
        let (here, _there) = UnixStream::pair().unwrap();
        let caller = Caller::of(&here, SocketKind::Admin);
        assert_eq!(caller.socket(), SocketKind::Admin);
        assert_eq!((caller.uid(), caller.gid()), (geteuid().as_raw(), getegid().as_raw()));
        assert_eq!(u32::try_from(caller.pid()), Ok(std::process::id()));
        assert!(caller.is_known());
    }

    #[test]
    fn an_error_makes_an_unknown_peer() {
        let file = std::fs::File::open("/dev/null").unwrap();
        let lonely = UnixDatagram::unbound().unwrap();
        for caller in [Caller::of(&file, SocketKind::Admin), Caller::of(&lonely, SocketKind::Admin)]
        {
            assert_eq!(caller, Caller::unknown(SocketKind::Admin));
            assert!(!caller.is_known());
        }
    }

    #[test]
    fn overflow_and_missing_uids_are_unknown() {
        for uid in [65_534, u32::MAX, overflow_uid()] {
            assert!(!Caller::for_tests(SocketKind::Admin, uid, 0, &[]).is_known());
        }
        assert!(Caller::for_tests(SocketKind::Admin, 65_533, 65_534, &[]).is_known());
    }

    #[test]
    fn both_kinds_of_group_count() {
        let caller = Caller::for_tests(SocketKind::Admin, 1000, 10, &[20, 30]);
        assert!(caller.is_member(10) && caller.is_member(20) && caller.is_member(30));
        assert!(!caller.is_member(40));
    }
}
