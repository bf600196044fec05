//! One connection of a client: requests in, responses out, each within its bounds.

use std::io;
use std::time::Duration;

use zeroize::{Zeroize, Zeroizing};

use super::head::{BadHead, Body, Head, MOST_BYTES, end_of};
use super::response::Response;
use super::route::{Gate, route};
use super::stop::Stop;
use super::stream::{Stream, Waited};
use crate::clock::Deadline;
use crate::gate::address::Peer;

/// From the first byte of a request, or from the start of a connection, to the end of its head; and
/// as long again for a body that is read.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// Between two requests.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// What is read and dropped at the end of a connection, so that the last response arrives.
const DRAINED_BYTES: usize = 256 * 1024;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// Most bytes of a body that is read: a form with a token.
const MOST_BODY: u64 = 16 * 1024;

/// Why there is no further request.
enum End {
    /// The client is gone, or the connection was idle for too long, or the gate stops.
    Closed,
    /// It is refused with this response.
    Refused(Response),
}

/// What was received and not yet used.
struct Received {
    stream: Stream,
    bytes: Zeroizing<Vec<u8>>,
    filled: usize,
}

/// Answers requests until either side ends it.
pub(super) fn serve(gate: &Gate, stop: &Stop, stream: Stream, peer: Peer) {
    if stream.prepare().is_err() {
        return;
    }
    let bytes = Zeroizing::new(vec![0; MOST_BYTES]);
    let mut received = Received { stream, bytes, filled: 0 };
    let mut first = true;
    loop {
        let end = match received.head(stop, first) {
            Ok(end) => end,
            Err(End::Closed) => return,
            Err(End::Refused(response)) => {
                gate.log_refused(peer, &response);
                return received.refuse(&response);
            }
        };
        first = false;
        match received.answer(gate, peer, end) {
            Ok(true) => {}
            Ok(false) => return received.stream.finish(DRAINED_BYTES, DRAIN_TIMEOUT),
            Err(_) => return,
        }
    }
}

impl Received {
    /// Waits for a whole head and returns its length.
    fn head(&mut self, stop: &Stop, first: bool) -> Result<usize, End> {
        if self.filled == 0 && !first {
            match self.stream.wait(Some(stop), Deadline::after(IDLE_TIMEOUT)) {
                Ok(Waited::Ready) => {}
                Ok(Waited::TimedOut | Waited::Stopped) | Err(_) => return Err(End::Closed),
            }
        }
        let deadline = Deadline::after(SEND_TIMEOUT);
        loop {
            self.skip_empty_lines();
            let end = end_of(&self.bytes[..self.filled]);
            if let Some(end) = end.map_err(|bad| End::Refused(bad.into()))? {
                return Ok(end);
            }
            if self.filled == self.bytes.len() {
                return Err(End::Refused(BadHead::TooLarge.into()));
            }
            match self.stream.wait(Some(stop), deadline) {
                Ok(Waited::Ready) => {}
                Ok(Waited::TimedOut) => return Err(End::Refused(timed_out())),
                Ok(Waited::Stopped) | Err(_) => return Err(End::Closed),
            }
            self.receive().map_err(|_| End::Closed)?;
        }
    }

    /// Those that an old client puts after a body (RFC 9112, 2.2).
    fn skip_empty_lines(&mut self) {
        let lines = self.bytes[..self.filled].chunks_exact(2).take_while(|it| it == b"\r\n");
        let skipped = 2 * lines.count();
        self.used(skipped);
    }

    /// Reads what has arrived.
    fn receive(&mut self) -> io::Result<()> {
        let read = self.stream.read(&mut self.bytes[self.filled..])?;
        self.filled += read;
        if read == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    /// The first bytes are not needed any more; they may contain a password.
    fn used(&mut self, length: usize) {
        self.bytes.copy_within(length..self.filled, 0);
        let left = self.filled - length;
        self.bytes[left..self.filled].zeroize();
        self.filled = left;
    }

    /// Answers the request whose head has that length; false: it was the last.
    fn answer(&mut self, gate: &Gate, peer: Peer, end: usize) -> io::Result<bool> {
        // A copy of its own, so that the rest can be received meanwhile.
        let head = Zeroizing::new(self.bytes[..end].to_vec());
        self.used(end);
        let head = match Head::parse(&head) {
            Ok(head) => head,
            Err(bad) => {
                let response = Response::from(bad);
                gate.log_refused(peer, &response);
                self.stream.write(&response.bytes(false, false))?;
                return Ok(false);
            }
        };
        let mut response = match self.body(gate, &head) {
            Ok(body) => route(gate, peer, &head, body.as_deref().map(Vec::as_slice)),
            Err(End::Refused(response)) => response,
            Err(End::Closed) => return Err(io::ErrorKind::UnexpectedEof.into()),
        };
        // A body that is not read ends the connection: what follows it would be taken for a request.
        let is_unread = head.body != Body::None && !gate.wants_body(&head);
        response.closes |= is_unread || !head.keeps_alive;
        self.stream.write(&response.bytes(head.method == "HEAD", head.is_old))?;
        Ok(!response.closes)
    }

    /// The body of a request, where it is wanted.
    fn body(&mut self, gate: &Gate, head: &Head<'_>) -> Result<Option<Zeroizing<Vec<u8>>>, End> {
        if !gate.wants_body(head) {
            return Ok(None);
        }
        let refuse = |status, text| Err(End::Refused(Response::text(status, text).closing()));
        let length = match head.body {
            Body::None => return Ok(Some(Zeroizing::default())),
            Body::Length(length) if length <= MOST_BODY => length,
            Body::Length(_) => return refuse(413, "a form has at most 16 KiB"),
            Body::Chunked => return refuse(411, "a form needs a Content-Length"),
        };
        if head.one("expect").is_ok_and(|it| it.is_some()) {
            let go_on = b"HTTP/1.1 100 Continue\r\n\r\n";
            self.stream.write(go_on).map_err(|_| End::Closed)?;
        }
        let length = usize::try_from(length).unwrap_or_default();
        let deadline = Deadline::after(SEND_TIMEOUT);
        while self.filled < length {
            match self.stream.wait(None, deadline) {
                Ok(Waited::Ready) => self.receive().map_err(|_| End::Closed)?,
                Ok(Waited::TimedOut) => return Err(End::Refused(timed_out())),
                Ok(Waited::Stopped) | Err(_) => return Err(End::Closed),
            }
        }
        let body = Zeroizing::new(self.bytes[..length].to_vec());
        self.used(length);
        Ok(Some(body))
    }

    fn refuse(mut self, response: &Response) {
        if self.stream.write(&response.bytes(false, false)).is_ok() {
            self.stream.finish(DRAINED_BYTES, DRAIN_TIMEOUT);
        }
    }
}

fn timed_out() -> Response {
    Response::text(408, "the request took longer than 5 s to arrive").closing()
}
