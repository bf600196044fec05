//! One request to the daemon and its reply.

use std::io::{self, ErrorKind};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::PollFlags;

use crate::clock::Deadline;
use crate::connection::{Answer, Line, is_open, open, read_line, read_reply, send};
use crate::error::CliError;
use crate::interrupt::{Interrupt, InterruptGuard, Waited};
use crate::socket::SocketChoice;

const CANCELLED: &str = "cancelled; what the daemon has begun it completes";

/// Where the daemon is and how long to wait for it. Connects at the first request.
#[derive(Debug)]
pub(crate) struct Client {
    socket: Option<PathBuf>,
    timeout: Duration,
    stream: Option<UnixStream>,
    /// A reply is waited for after a Ctrl-C as well: the caller asks whether one came.
    pub(crate) waits_on: bool,
}

impl Client {
    /// `socket` as given by the flag; `timeout` is for each request, connecting included.
    pub(crate) fn new(socket: Option<PathBuf>, timeout: Duration) -> Self {
        Self { socket, timeout, stream: None, waits_on: false }
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
        send(&mut stream, request.bytes(), deadline).map_err(|error| self.explain(&error))?;
        let line = receive(&mut stream, &held, deadline, self.waits_on);
        let line = line.map_err(|error| self.explain(&error))?;
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
        open(choice.path(), deadline).map_err(|error| match error {
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

fn receive(
    stream: &mut UnixStream,
    held: &InterruptGuard<'_>,
    deadline: Deadline,
    waits_on: bool,
) -> io::Result<Vec<u8>> {
    read_line(stream, &|fd| {
        let waited = if waits_on {
            held.wait_on(fd, PollFlags::POLLIN, deadline)
        } else {
            held.wait(fd, PollFlags::POLLIN, Some(deadline))
        };
        match waited? {
            Waited::Ready => Ok(()),
            Waited::TimedOut => Err(ErrorKind::TimedOut.into()),
            Waited::Interrupted => Err(ErrorKind::Interrupted.into()),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::thread;

    use photoprism_protocol::MAX_REPLY_BYTES;

    use super::*;

    fn exchange(stream: &mut UnixStream, timeout: Duration) -> io::Result<Vec<u8>> {
        let deadline = Deadline::after(timeout);
        send(stream, b"{}\n", deadline)?;
        receive(stream, &Interrupt::install().unwrap().hold(), deadline, false)
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
