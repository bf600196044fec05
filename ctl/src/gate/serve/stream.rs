//! A client's connection, over TCP or a Unix socket, and how it is waited for.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::stop::Stop;
use crate::clock::Deadline;

/// How long a client may take to read a response.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// How a wait for bytes came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    Ready,
    TimedOut,
    /// The gate stops.
    Stopped,
}

impl Stream {
    /// Blocking, and responses leave at once.
    pub(super) fn prepare(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => {
                stream.set_nonblocking(false)?;
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(WRITE_TIMEOUT))
            }
            Self::Unix(stream) => {
                stream.set_nonblocking(false)?;
                stream.set_write_timeout(Some(WRITE_TIMEOUT))
            }
        }
    }

    /// Waits for bytes or the end of the stream; a stop ends it only where `stop` is given.
    pub(super) fn wait(&self, stop: Option<&Stop>, deadline: Deadline) -> io::Result<Waited> {
        loop {
            let Some(rest) = deadline.remaining() else { return Ok(Waited::TimedOut) };
            let timeout = PollTimeout::try_from(rest).unwrap_or(PollTimeout::MAX);
            let own = PollFd::new(self.as_fd(), PollFlags::POLLIN);
            let mut fds = vec![own];
            fds.extend(stop.map(|stop| PollFd::new(stop.as_fd(), PollFlags::POLLIN)));
            match poll(&mut fds, timeout) {
                Ok(_) if fds[0].any().unwrap_or(true) => return Ok(Waited::Ready),
                Ok(_) if fds[1..].iter().any(|fd| fd.any().unwrap_or(true)) => {
                    return Ok(Waited::Stopped);
                }
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = match self {
                Self::Tcp(stream) => stream.read(into),
                Self::Unix(stream) => stream.read(into),
            };
            match read {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.write_all(bytes),
            Self::Unix(stream) => stream.write_all(bytes),
        }
    }

    /// Ends the connection so that the response arrives: what is closed while there is something
    /// unread is reset, and a reset may overtake the response. Reads and drops a bounded amount for
    /// a bounded time.
    pub(super) fn finish(mut self, most: usize, time: Duration) {
        let shut = match &self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
        };
        if shut.is_err() {
            return;
        }
        let deadline = Deadline::after(time);
        let (mut chunk, mut left) = ([0; 4096], most);
        while left > 0 {
            let ready = self.wait(None, deadline);
            if !matches!(ready, Ok(Waited::Ready)) {
                return;
            }
            match self.read(&mut chunk) {
                Ok(0) | Err(_) => return,
                Ok(read) => left = left.saturating_sub(read),
            }
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}
