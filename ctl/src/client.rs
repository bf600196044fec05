//! One request to the daemon and its reply.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, UnixAddr, connect, setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};
use photoprism_protocol::MAX_REPLY_BYTES;
use photoprism_protocol::envelope::{Outgoing, Reply};
use serde::Serialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::clock::Deadline;
use crate::decode;
use crate::error::CliError;
use crate::interrupt::{Interrupt, InterruptGuard, Waited};
use crate::socket::SocketChoice;

const CANCELLED: &str = "cancelled; what the daemon has begun it completes";

/// What a command that succeeded returns.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The `result` object.
    pub result: Box<RawValue>,
    /// Messages for people.
    pub warnings: Vec<String>,
}

/// Where the daemon is and how long to wait for it. Connects at the first request.
#[derive(Debug)]
pub(crate) struct Client {
    socket: Option<PathBuf>,
    timeout: Duration,
    stream: Option<UnixStream>,
}

impl Client {
    /// `socket` as given by the flag; `timeout` is for each request, connecting included.
    pub(crate) fn new(socket: Option<PathBuf>, timeout: Duration) -> Self {
        Self { socket, timeout, stream: None }
    }

    /// Sends one request and reads its reply.
    pub(crate) fn call(
        &mut self,
        request: &Line,
        interrupt: &Interrupt,
    ) -> Result<Answer, CliError> {
        let deadline = Deadline::after(self.timeout);
        let mut stream = match self.stream.take().filter(is_open) {
            Some(stream) => stream,
            None => self.connect(deadline)?,
        };
        let held = interrupt.hold();
        send(&mut stream, &request.0, deadline).map_err(|error| self.explain(&error))?;
        let line = read_line(&mut stream, &held, deadline).map_err(|error| self.explain(&error))?;
        let reply = read_reply(&line)?;
        self.stream = Some(stream);
        reply
    }

    /// Where it would connect to now.
    pub(crate) fn choice(&self) -> Result<SocketChoice, CliError> {
        SocketChoice::find(self.socket.clone())
    }

    fn connect(&self, deadline: Deadline) -> Result<UnixStream, CliError> {
        let choice = self.choice()?;
        open(&choice, deadline).map_err(|error| match error {
            // What connect reports when the queue of the socket stays full.
            Errno::EAGAIN => self.timed_out(),
            other => choice.explain(other),
        })
    }

    fn explain(&self, error: &io::Error) -> CliError {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => self.timed_out(),
            ErrorKind::Interrupted => CliError::Interrupted(CANCELLED),
            _ => CliError::BadReply(format!("no reply from the daemon: {error}")),
        }
    }

    fn timed_out(&self) -> CliError {
        let wait = humantime::format_duration(self.timeout);
        CliError::Timeout(format!("no answer from the daemon within {wait}; see --timeout"))
    }
}

/// A request as a line. It may hold a password: it is zeroed when dropped, and has no `Debug`.
pub(crate) struct Line(Zeroizing<Vec<u8>>);

impl Line {
    /// # Errors
    /// [`CliError::System`]; no argument type of the protocol can cause it.
    pub(crate) fn new<A: Serialize>(request: &Outgoing<'_, A>) -> Result<Self, CliError> {
        // Room for nearly every request, or growing would leave copies behind.
        let mut line = Zeroizing::new(Vec::with_capacity(8 * 1024));
        serde_json::to_writer(&mut *line, request)
            .map_err(|error| CliError::System("cannot write the request", error.into()))?;
        line.push(b'\n');
        Ok(Self(line))
    }
}

fn open(choice: &SocketChoice, deadline: Deadline) -> Result<UnixStream, Errno> {
    let wait = deadline.remaining().ok_or(Errno::EAGAIN)?;
    let address = UnixAddr::new(choice.path())?;
    let fd = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    let millis = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    setsockopt(&fd, sockopt::SendTimeout, &TimeVal::milliseconds(millis))?;
    connect(fd.as_raw_fd(), &address)?;
    Ok(fd.into())
}

/// Whether a connection can take another request: a prompt may have outlasted the daemon's
/// idle timeout.
fn is_open(stream: &UnixStream) -> bool {
    let peek = stream.set_nonblocking(true).and_then(|()| (&*stream).read(&mut [0]));
    let quiet = peek.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
    quiet && stream.set_nonblocking(false).is_ok()
}

fn send(stream: &mut UnixStream, line: &[u8], deadline: Deadline) -> io::Result<()> {
    let wait = deadline.remaining().ok_or(ErrorKind::TimedOut)?;
    stream.set_write_timeout(Some(wait))?;
    match stream.write_all(line) {
        // Refused before it was read: the line with the reason is waiting.
        Err(error) if is_hang_up(&error) => Ok(()),
        other => other,
    }
}

fn read_line(
    stream: &mut UnixStream,
    held: &InterruptGuard<'_>,
    deadline: Deadline,
) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        match held.wait(stream.as_fd(), PollFlags::POLLIN, Some(deadline))? {
            Waited::Ready => {}
            Waited::TimedOut => return Err(ErrorKind::TimedOut.into()),
            Waited::Interrupted => return Err(ErrorKind::Interrupted.into()),
        }
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
            return Err(io::Error::other("it closed the connection"));
        }
    }
}

fn is_hang_up(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

/// The outer error ends the connection, the inner one is the daemon's answer.
fn read_reply(line: &[u8]) -> Result<Result<Answer, CliError>, CliError> {
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

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn exchange(stream: &mut UnixStream, timeout: Duration) -> io::Result<Vec<u8>> {
        let deadline = Deadline::after(timeout);
        send(stream, b"{}\n", deadline)?;
        read_line(stream, &Interrupt::install().unwrap().hold(), deadline)
    }

    fn exchanged(reply: &'static [u8]) -> Result<Vec<u8>, String> {
        let (mut client, mut daemon) = UnixStream::pair().unwrap();
        let peer = thread::spawn(move || {
            let _ = daemon.write_all(reply);
        });
        let answer = exchange(&mut client, Duration::from_secs(9));
        peer.join().unwrap();
        answer.map_err(|error| error.to_string())
    }

    #[test]
    fn the_reply_is_read_after_the_peer_hung_up() {
        let (mut client, mut daemon) = UnixStream::pair().unwrap();
        daemon.write_all(b"busy\n").unwrap();
        drop(daemon);
        let answer = exchange(&mut client, Duration::from_secs(9));
        assert_eq!(answer.unwrap(), b"busy");
    }

    #[test]
    fn a_reply_is_one_line_or_what_came_before_the_end() {
        assert_eq!(exchanged(b"a\nb\n").unwrap(), b"a");
        assert_eq!(exchanged(b"a").unwrap(), b"a");
        assert!(exchanged(b"").unwrap_err().contains("closed"));
    }

    #[test]
    fn a_reply_has_a_longest_length() {
        static LONGEST: [u8; MAX_REPLY_BYTES + 2] = {
            let mut line = [b'x'; MAX_REPLY_BYTES + 2];
            line[MAX_REPLY_BYTES] = b'\n';
            line
        };
        static TOO_LONG: [u8; MAX_REPLY_BYTES + 2] = [b'x'; MAX_REPLY_BYTES + 2];
        assert_eq!(exchanged(&LONGEST).unwrap().len(), MAX_REPLY_BYTES);
        assert!(exchanged(&TOO_LONG).unwrap_err().contains("1 MiB"));
    }

    #[test]
    fn nobody_waits_longer_than_the_deadline() {
        let (mut client, _daemon) = UnixStream::pair().unwrap();
        let error = exchange(&mut client, Duration::from_millis(30)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
    }

    #[test]
    fn a_closed_connection_is_not_used_again() {
        let (client, daemon) = UnixStream::pair().unwrap();
        assert!(is_open(&client));
        drop(daemon);
        assert!(!is_open(&client));
    }

    #[test]
    fn invalid_replies_are_refused() {
        let code = |line: &str| match read_reply(line.as_bytes()) {
            Ok(Ok(_)) => 0,
            Ok(Err(error)) | Err(error) => error.exit().number(),
        };
        assert_eq!(code(r#"{"id":null,"ok":true,"result":{},"new":1}"#), 0);
        assert_eq!(code(r#"{"ok":false,"error":{"code":"not_found","message":""}}"#), 3);
        for line in [
            "",
            "x",
            "{}",
            r#"{"ok":true}"#,
            r#"{"ok":true,"result":{},"error":{"code":"busy","message":""}}"#,
            r#"{"ok":false}"#,
            r#"{"ok":false,"error":{}}"#,
        ] {
            assert_eq!(code(line), 70, "{line}");
        }
    }
}
