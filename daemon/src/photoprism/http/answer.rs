//! The grammar of an answer.

use httparse::{EMPTY_HEADER, Header, Response, Status};

use super::{Answer, CallError};

/// Most headers of an answer.
const HEADERS: usize = 64;

/// What is there of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// More has to be read.
    Partial,
    Whole {
        answer: Answer,
        /// The connection may be used for another request.
        is_reusable: bool,
    },
}

/// How long a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Bytes(usize),
    Chunked,
    /// It ends with the connection.
    UntilClose,
}

/// Parses what was read so far; `is_closed` where nothing comes any more.
pub(super) fn parse(bytes: &[u8], is_closed: bool) -> Result<Parsed, CallError> {
    if is_tls(bytes) {
        return Err(CallError::Tls);
    }
    let mut headers = [EMPTY_HEADER; HEADERS];
    let mut response = Response::new(&mut headers);
    let head = match response.parse(bytes) {
        Ok(Status::Complete(head)) => head,
        Ok(Status::Partial) => return Ok(Parsed::Partial),
        Err(_) => return Err(CallError::Invalid("the head of the answer breaks the rules")),
    };
    let status = response.code.unwrap_or(0);
    if !(200..600).contains(&status) {
        return Err(CallError::Invalid("its status is not one of an answer"));
    }
    let body = &bytes[head..];
    let length = match status {
        204 | 304 => Length::Bytes(0),
        _ => length(response.headers)?,
    };
    let (body, used) = match length {
        Length::Bytes(count) if body.len() < count => return Ok(Parsed::Partial),
        Length::Bytes(count) => (body[..count].to_vec(), count),
        Length::Chunked => match chunks(body)? {
            Some(whole) => whole,
            None => return Ok(Parsed::Partial),
        },
        Length::UntilClose if !is_closed => return Ok(Parsed::Partial),
        Length::UntilClose => (body.to_vec(), body.len()),
    };
    let is_reusable = length != Length::UntilClose
        && !is_closed
        && response.version == Some(1)
        && bytes.len() == head + used
        && !says_close(response.headers);
    Ok(Parsed::Whole { answer: Answer { status, body }, is_reusable })
}

/// An alert or a handshake record of TLS.
fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x15 | 0x16, 0x03, ..])
}

fn values<'a>(headers: &'a [Header<'a>], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    let named = headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
    named.map(|header| header.value.trim_ascii())
}

fn says_close(headers: &[Header<'_>]) -> bool {
    values(headers, "connection").any(|value| !value.eq_ignore_ascii_case(b"keep-alive"))
}

/// Answers that say two things about their length are refused: the next one would be read wrongly.
fn length(headers: &[Header<'_>]) -> Result<Length, CallError> {
    let mut encodings = values(headers, "transfer-encoding");
    let (encoding, more) = (encodings.next(), encodings.next().is_some());
    let mut length = None;
    for value in values(headers, "content-length") {
        let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let number = str::from_utf8(value).ok().filter(|_| digits);
        // One that is too long for a number is too long in any case.
        let number = number.ok_or(CallError::Invalid("its length is not a number"))?;
        let number = number.parse().unwrap_or(usize::MAX);
        if length.is_some_and(|known| known != number) {
            return Err(CallError::Invalid("it has two lengths"));
        }
        length = Some(number);
    }
    match (encoding, length) {
        (Some(encoding), None) if !more && encoding.eq_ignore_ascii_case(b"chunked") => {
            Ok(Length::Chunked)
        }
        (Some(_), _) => Err(CallError::Invalid("it has an unknown encoding, or two lengths")),
        (None, Some(length)) if length > super::MOST_BYTES => Err(CallError::TooLong),
        (None, Some(length)) => Ok(Length::Bytes(length)),
        (None, None) => Ok(Length::UntilClose),
    }
}

/// The body that chunks are made of and their bytes; `None` where more has to be read.
fn chunks(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, CallError> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let (begin, size) = match httparse::parse_chunk_size(&bytes[at..]) {
            Ok(Status::Complete(found)) => found,
            Ok(Status::Partial) => return Ok(None),
            Err(_) => return Err(CallError::Invalid("the size of a chunk is not a number")),
        };
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size > super::MOST_BYTES {
            return Err(CallError::TooLong);
        }
        at += begin;
        let Some(rest) = bytes.get(at + size..) else { return Ok(None) };
        body.extend_from_slice(&bytes[at..at + size]);
        match rest {
            [b'\r', b'\n', ..] => at += size + 2,
            [] | [b'\r'] => return Ok(None),
            _ => return Err(CallError::Invalid("a chunk does not end where it says")),
        }
        if size == 0 {
            return Ok(Some((body, at)));
        }
    }
}
