//! An HTTP client for one server: a request at a time, within a deadline, and no more than
//! [`MOST_BYTES`] of an answer. Redirects are answers like others; nothing is followed.

mod answer;
mod stream;
#[cfg(test)]
mod tests;

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use photoprism_protocol::secret::Secret;
use zeroize::Zeroizing;

use self::answer::{Parsed, parse};
use self::stream::{Stream, connect};
use super::address::Address;
use crate::clock::Stopwatch;

/// How long an answer may take, connecting included.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Bytes of an answer that are read, its head included.
pub(super) const MOST_BYTES: usize = 64 * 1024;

/// Bytes that are read at once.
const CHUNK: usize = 8 * 1024;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Delete,
}

/// A request, without a body.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    /// What comes behind the base of the address.
    pub(super) path: String,
    pub(super) token: Option<Secret>,
}

/// An answer. Its body may be anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    /// Nothing answers there.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// No whole answer came in time.
    #[error("it did not answer within {} s", TIMEOUT.as_secs())]
    Silent,
    /// The connection was closed before the first byte of an answer.
    #[error("it closed the connection without an answer")]
    Closed,
    /// The answer is longer than is read.
    #[error("its answer is longer than {MOST_BYTES} bytes")]
    TooLong,
    /// It is not HTTP.
    #[error("what it answers is not HTTP: {0}")]
    Invalid(&'static str),
    /// It speaks TLS there.
    #[error("it answers with TLS there")]
    Tls,
}

/// The time that is left.
#[derive(Clone, Copy, Debug)]
struct Deadline {
    since: Stopwatch,
    timeout: Duration,
}

impl Deadline {
    fn left(self) -> Result<Duration, CallError> {
        let left = self.timeout.saturating_sub(self.since.elapsed());
        if left.is_zero() { Err(CallError::Silent) } else { Ok(left) }
    }
}

/// A client with one kept connection.
#[derive(Debug)]
pub(super) struct Client {
    address: Address,
    timeout: Duration,
    kept: Option<Stream>,
}

impl Client {
    pub(super) const fn new(address: Address) -> Self {
        Self { address, timeout: TIMEOUT, kept: None }
    }

    /// Sends a request, and once more where a kept connection had been closed meanwhile.
    pub(super) fn send(&mut self, request: &Request) -> Result<Answer, CallError> {
        let deadline = Deadline { since: Stopwatch::start(), timeout: self.timeout };
        if let Some(stream) = self.kept.take() {
            match self.exchange(stream, request, deadline) {
                Err(CallError::Closed) => {}
                outcome => return outcome,
            }
        }
        let stream = connect(&self.address, deadline)?;
        self.exchange(stream, request, deadline)
    }

    fn exchange(
        &mut self,
        mut stream: Stream,
        request: &Request,
        deadline: Deadline,
    ) -> Result<Answer, CallError> {
        write(&mut stream, &self.text(request), deadline)?;
        let (answer, is_reusable) = read(&mut stream, deadline)?;
        if is_reusable {
            self.kept = Some(stream);
        }
        Ok(answer)
    }

    fn text(&self, request: &Request) -> Zeroizing<String> {
        let method = match request.method {
            Method::Get => "GET",
            Method::Delete => "DELETE",
        };
        let Address { base, .. } = &self.address;
        let (path, host) = (&request.path, self.address.host_header());
        let mut text = Zeroizing::new(format!(
            "{method} {base}{path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\
             User-Agent: photoprism-admin\r\n"
        ));
        if let Some(token) = &request.token {
            text.push_str("X-Auth-Token: ");
            text.push_str(token.expose());
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
        text
    }
}

fn write(stream: &mut Stream, text: &str, deadline: Deadline) -> Result<(), CallError> {
    stream.set_timeout(deadline.left()?)?;
    stream.write_all(text.as_bytes()).map_err(|error| failed(&error, true))
}

/// Reads one answer; with it whether the connection may be used again.
fn read(stream: &mut Stream, deadline: Deadline) -> Result<(Answer, bool), CallError> {
    let mut bytes = Vec::new();
    loop {
        let (mut chunk, begin) = ([0; CHUNK], bytes.len());
        let room = CHUNK.min(MOST_BYTES - begin);
        if room == 0 {
            return Err(CallError::TooLong);
        }
        stream.set_timeout(deadline.left()?)?;
        let count = match stream.read(&mut chunk[..room]) {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(&error, begin == 0)),
        };
        bytes.extend_from_slice(&chunk[..count]);
        if bytes.is_empty() {
            return Err(CallError::Closed);
        }
        match parse(&bytes, count == 0)? {
            Parsed::Whole { answer, is_reusable } => return Ok((answer, is_reusable)),
            Parsed::Partial if count == 0 => {
                return Err(CallError::Invalid("it is cut off"));
            }
            Parsed::Partial => {}
        }
    }
}

/// An error of a connection; `unanswered` where no byte of an answer has come.
fn failed(error: &std::io::Error, unanswered: bool) -> CallError {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => CallError::Silent,
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted
            if unanswered =>
        {
            CallError::Closed
        }
        _ => CallError::Unreachable(error.to_string()),
    }
}
