//! A connection to the daemon: one line out, one line back.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, UnixAddr, connect, setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};
use photoprism_protocol::MAX_REPLY_BYTES;
use photoprism_protocol::envelope::Reply;
use serde::Serialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::clock::Deadline;
use crate::decode;
use crate::error::CliError;

/// What a command that succeeded returns.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The `result` object.
    pub result: Box<RawValue>,
    /// Messages for people.
    pub warnings: Vec<String>,
}

/// A request as a line. It may hold a password: it is zeroed when dropped, and has no `Debug`.
pub(crate) struct Line(Zeroizing<Vec<u8>>);

impl Line {
    /// # Errors
    /// [`CliError::System`]; no argument type of the protocol can cause it.
    pub(crate) fn new(request: &impl Serialize) -> Result<Self, CliError> {
        // Room for nearly every request, or growing would leave copies behind.
        let mut line = Zeroizing::new(Vec::with_capacity(8 * 1024));
        serde_json::to_writer(&mut *line, request)
            .map_err(|error| CliError::System("cannot write the request", error.into()))?;
        line.push(b'\n');
        Ok(Self(line))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Connects. `EAGAIN`: the queue of the socket stayed full until the deadline.
pub(crate) fn open(path: &Path, deadline: Deadline) -> Result<UnixStream, Errno> {
    let wait = deadline.remaining().ok_or(Errno::EAGAIN)?;
    let address = UnixAddr::new(path)?;
    let fd = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    let millis = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    setsockopt(&fd, sockopt::SendTimeout, &TimeVal::milliseconds(millis))?;
    connect(fd.as_raw_fd(), &address)?;
    Ok(fd.into())
}

/// Whether a connection can take another request: the daemon may have closed it meanwhile.
pub(crate) fn is_open(stream: &UnixStream) -> bool {
    let peek = stream.set_nonblocking(true).and_then(|()| (&*stream).read(&mut [0]));
    let quiet = peek.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
    quiet && stream.set_nonblocking(false).is_ok()
}

/// Sends a line. Where the daemon has hung up that shows when its reply is read: it may have said
/// why.
pub(crate) fn send(stream: &mut UnixStream, line: &[u8], deadline: Deadline) -> io::Result<()> {
    let wait = deadline.remaining().ok_or(ErrorKind::TimedOut)?;
    stream.set_write_timeout(Some(wait))?;
    match stream.write_all(line) {
        // Refused before it was read: the line with the reason is waiting.
        Err(error) if is_hang_up(&error) => Ok(()),
        other => other,
    }
}

/// Reads a line, or what came before the end. `wait` returns when there is something to read.
///
/// # Errors
/// What `wait` returns, `UnexpectedEof` where nothing came, or a line that is too long.
pub(crate) fn read_line(
    stream: &mut UnixStream,
    wait: &dyn Fn(BorrowedFd<'_>) -> io::Result<()>,
) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        wait(stream.as_fd())?;
        let read = match stream.read(&mut chunk) {
            Ok(read) => read,
            Err(error) if is_hang_up(&error) => 0,
            Err(error) => return Err(error),
        };
        let end = chunk[..read].iter().position(|byte| *byte == b'\n');
        line.extend_from_slice(&chunk[..end.unwrap_or(read)]);
        if line.len() > MAX_REPLY_BYTES {
            return Err(io::Error::other("its line is longer than 1 MiB"));
        }
        if end.is_some() || (read == 0 && !line.is_empty()) {
            return Ok(line);
        }
        if read == 0 {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "it closed the connection"));
        }
    }
}

fn is_hang_up(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

/// The outer error ends the connection, the inner one is the daemon's answer.
pub(crate) fn read_reply(line: &[u8]) -> Result<Result<Answer, CliError>, CliError> {
    let bad_reply =
        |why: &str| CliError::BadReply(format!("unexpected reply from the daemon: {why}"));
    let line = str::from_utf8(line).map_err(|error| bad_reply(&error.to_string()))?;
    match decode::reply(line)? {
        Reply { ok: true, result: Some(result), error: None, warnings } => {
            Ok(Ok(Answer { result, warnings }))
        }
        Reply { ok: false, error: Some(error), .. } => Ok(Err(CliError::Refused(error))),
        Reply { ok: true, .. } => {
            Err(bad_reply("the request was carried out, but there is no result"))
        }
        Reply { ok: false, .. } => Err(bad_reply("the request was refused, but there is no error")),
    }
}
