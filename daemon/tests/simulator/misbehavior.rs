//! What an address may do instead of answering as PhotoPrism.

use std::io::{self, Write};
use std::sync::mpsc::channel;
use std::time::Duration;

use super::api;
use super::http::{Answer, Request};

/// One way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misbehavior {
    /// It reads, does nothing, and does not answer.
    NoAnswer,
    /// It does what it should, and answers after so long.
    Slow(Duration),
    /// It does what it should, and closes in the middle of the answer.
    HalfAnswer,
    /// It closes without having done anything.
    Cut,
    /// Its headers do not end.
    EndlessHeaders,
    /// Its body does not end.
    EndlessBody,
    /// It sends the client to a port where something else answers.
    Redirect(u16),
    /// This status, and nothing done: 404 although the row is there, 401, 403, 429, 5xx.
    Status(u16),
    /// It says that a session was deleted, which was not: its own delete has failed.
    Lies,
    /// The same of another session, as in public mode, where nobody has one.
    PublicMode,
    /// It answers as it should and closes the connection each time, without saying so.
    Closes,
    /// It serves TLS alone on this port.
    Tls,
}

/// What is to happen with a request.
pub(super) enum Plan {
    /// It is carried out, and then this is done with the answer.
    Answered(Option<Misbehavior>),
    /// It is answered so, and not carried out.
    Instead(Answer),
    /// These bytes come back, again and again where it is `endless`, and nothing is carried out.
    Bytes { first: Vec<u8>, endless: Option<&'static [u8]> },
    /// Nothing comes back; the connection stays open, or not.
    Silence { open: bool },
}

impl Misbehavior {
    /// `id`: that of the session which the request is about, where it has a row.
    pub(super) fn plan(self, request: &Request, id: Option<String>) -> Plan {
        let bytes = |first: &str| Plan::Bytes { first: first.into(), endless: None };
        match self {
            Self::Slow(_) | Self::HalfAnswer | Self::Closes => Plan::Answered(Some(self)),
            Self::NoAnswer => Plan::Silence { open: true },
            Self::Cut => Plan::Silence { open: false },
            Self::EndlessHeaders => Plan::Bytes {
                first: b"HTTP/1.1 200 OK\r\n".to_vec(),
                endless: Some(b"X-Header: of a long list\r\n"),
            },
            Self::EndlessBody => Plan::Bytes {
                first: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
                endless: Some(b"10\r\n{\"session_id\":  \r\n"),
            },
            Self::Redirect(port) => bytes(&format!(
                "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:{port}{}\r\n\
                 Content-Length: 0\r\n\r\n",
                request.path
            )),
            Self::Status(401) => Plan::Instead(api::unauthorized()),
            Self::Status(403) => Plan::Instead(api::forbidden()),
            Self::Status(404) => Plan::Instead(api::not_found()),
            Self::Status(429) => Plan::Instead(api::too_many()),
            Self::Status(status) => {
                Plan::Instead(Answer::new(status, format!(r#"{{"code":{status}}}"#)))
            }
            Self::Lies => Plan::Instead(id.map_or_else(api::not_found, |id| api::deleted(&id))),
            Self::PublicMode => Plan::Instead(api::deleted(&"a9".repeat(32))),
            Self::Tls => Plan::Bytes { first: by_tls(request), endless: None },
        }
    }
}

/// What a server that speaks TLS alone sends to one that does not: a few methods it recognises, to
/// the others it sends an alert (an unexpected message).
fn by_tls(request: &Request) -> Vec<u8> {
    match request.method.as_str() {
        "GET" | "HEAD" | "POST" | "PUT" | "OPTIONS" => {
            b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
                .to_vec()
        }
        _ => vec![21, 3, 1, 0, 2, 2, 10],
    }
}

/// Sends an answer; false where the connection ends with it.
pub(super) fn send(
    answer: &Answer,
    how: Option<Misbehavior>,
    to: &mut impl Write,
) -> io::Result<bool> {
    let bytes = answer.bytes_with("");
    match how {
        Some(Misbehavior::HalfAnswer) => {
            to.write_all(&bytes[..bytes.len() / 2])?;
            return Ok(false);
        }
        Some(Misbehavior::Slow(time)) => pause(time),
        _ => {}
    }
    to.write_all(&bytes)?;
    Ok(how != Some(Misbehavior::Closes))
}

/// Another program takes its time.
fn pause(time: Duration) {
    let (_never, pause) = channel::<()>();
    let _ = pause.recv_timeout(time);
}
