//! Connections: TCP, or a Unix socket.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, socket};

use super::{CallError, Deadline};
use crate::photoprism::address::{Address, Host};

/// Addresses of a name that are tried.
const MOST_ADDRESSES: usize = 4;

/// An open connection.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    /// Sets how long the next read or write may take.
    pub(super) fn set_timeout(&self, timeout: Duration) -> Result<(), CallError> {
        let timeout = Some(timeout);
        let set = match self {
            Self::Tcp(stream) => {
                stream.set_read_timeout(timeout).and_then(|()| stream.set_write_timeout(timeout))
            }
            Self::Unix(stream) => {
                stream.set_read_timeout(timeout).and_then(|()| stream.set_write_timeout(timeout))
            }
        };
        set.map_err(|error| unreachable(&error))
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn unreachable(error: &io::Error) -> CallError {
    CallError::Unreachable(error.to_string())
}

pub(super) fn connect(address: &Address, deadline: Deadline) -> Result<Stream, CallError> {
    match &address.host {
        Host::Unix(path) => connect_unix(path).map(Stream::Unix),
        Host::Tcp { name, port } => connect_tcp(name, *port, deadline).map(Stream::Tcp),
    }
}

fn connect_tcp(name: &str, port: u16, deadline: Deadline) -> Result<TcpStream, CallError> {
    let found = (name, port).to_socket_addrs().map_err(|error| unreachable(&error))?;
    let mut last = CallError::Unreachable("its name has no address".into());
    for address in found.take(MOST_ADDRESSES) {
        match TcpStream::connect_timeout(&address, deadline.left()?) {
            Ok(stream) => {
                stream.set_nodelay(true).map_err(|error| unreachable(&error))?;
                return Ok(stream);
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => last = CallError::Silent,
            Err(error) => last = unreachable(&error),
        }
    }
    Err(last)
}

/// A listener whose queue is full would block without an end, so the connection is made without
/// blocking: it is there at once, or not.
fn connect_unix(path: &Path) -> Result<UnixStream, CallError> {
    let failed = |error: nix::Error| unreachable(&error.into());
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let made = socket(AddressFamily::Unix, SockType::Stream, flags, None).map_err(failed)?;
    let address = UnixAddr::new(path).map_err(failed)?;
    nix::sys::socket::connect(made.as_raw_fd(), &address).map_err(failed)?;
    let stream = UnixStream::from(made);
    stream.set_nonblocking(false).map_err(|error| unreachable(&error))?;
    Ok(stream)
}
