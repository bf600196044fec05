//! Listening sockets: addresses, paths, and what systemd passed.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixListener;

use listenfd::ListenFd;
use nix::sys::socket::{getsockopt, sockopt};

use super::settings::Place;
use super::stream::Stream;
use super::unix_socket::{Bound, Rights};
use crate::gate::address::Peer;
use crate::gate::error::GateError;

/// Most sockets that are taken from systemd.
const MOST_PASSED: usize = 64;

#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    /// With its file, where it was created here.
    Unix(UnixListener, #[expect(dead_code, reason = "its drop removes the file")] Option<Bound>),
}

impl Listener {
    /// Opens all of them.
    ///
    /// # Errors
    /// The first that cannot be opened, and what to do.
    pub(super) fn open_all(places: &[Place], rights: &Rights) -> Result<Vec<Self>, GateError> {
        let mut all = Vec::new();
        for place in places {
            match place {
                Place::Tcp(address) => all.push(tcp(*address)?),
                Place::Unix(path) => {
                    let (listener, bound) = Bound::open(path, rights)?;
                    all.push(Self::Unix(listener, Some(bound)));
                }
                Place::Passed => all.extend(passed()?),
            }
        }
        Ok(all)
    }

    /// The next connection; `None`: there is none just now.
    pub(super) fn accept(&self) -> io::Result<Option<(Stream, Peer)>> {
        let accepted = match self {
            Self::Tcp(listener) => {
                listener.accept().map(|(stream, from)| (Stream::Tcp(stream), Peer::Ip(from.ip())))
            }
            Self::Unix(listener, _) => {
                listener.accept().map(|(stream, _)| (Stream::Unix(stream), Peer::Unix))
            }
        };
        match accepted {
            Ok(accepted) => Ok(Some(accepted)),
            // Somebody who hung up before was accepted.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Unix(listener, _) => listener.as_fd(),
        }
    }
}

/// As `--listen` names it, with the port that was really taken.
impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => write!(f, "{address}"),
                Err(_) => f.write_str("tcp"),
            },
            Self::Unix(listener, _) => {
                let address = listener.local_addr().ok();
                let path = address.as_ref().and_then(|address| address.as_pathname());
                write!(f, "unix:{}", path.unwrap_or("?".as_ref()).display())
            }
        }
    }
}

fn tcp(address: SocketAddr) -> Result<Listener, GateError> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(Listener::Tcp(listener))
    });
    bound.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => GateError::Occupied(format!(
            "another program listens on {address}; stop it, or give another port with --listen"
        )),
        _ => GateError::Settings(format!(
            "cannot listen on {address}: {error}; give an address of this machine with --listen"
        )),
    })
}

/// The sockets that systemd passed to this process.
fn passed() -> Result<Vec<Listener>, GateError> {
    let text = |name| std::env::var(name).unwrap_or_default();
    // A shell that was started with sockets hands the variables on to its children.
    let is_own = text("LISTEN_PID").parse() == Ok(std::process::id());
    let is_few = text("LISTEN_FDS").parse().is_ok_and(|count: usize| count <= MOST_PASSED);
    if !is_own || !is_few {
        return Err(GateError::Settings(
            "systemd passed no sockets; start this through its .socket unit, or name an address \
             with --listen"
                .into(),
        ));
    }
    let mut all = ListenFd::from_env();
    (0..all.len()).map(|at| take(&mut all, at)).collect()
}

fn take(all: &mut ListenFd, at: usize) -> Result<Listener, GateError> {
    let wrong = |what: &str| {
        GateError::Settings(format!(
            "socket {} of those that systemd passed {what}; its .socket unit needs ListenStream=",
            at + 1
        ))
    };
    let listener = match all.take_unix_listener(at) {
        Ok(Some(listener)) => {
            listener.set_nonblocking(true).map_err(|_| wrong("cannot be used"))?;
            Listener::Unix(listener, None)
        }
        Ok(None) => return Err(wrong("is missing")),
        Err(_) => match all.take_tcp_listener(at) {
            Ok(Some(listener)) => {
                listener.set_nonblocking(true).map_err(|_| wrong("cannot be used"))?;
                Listener::Tcp(listener)
            }
            Ok(None) | Err(_) => return Err(wrong("is not a stream socket")),
        },
    };
    if getsockopt(&listener, sockopt::AcceptConn) != Ok(true) {
        return Err(wrong("does not listen"));
    }
    Ok(listener)
}
