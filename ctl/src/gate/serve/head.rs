//! The head of a request: what is refused because somebody else may have read it otherwise.

use httparse::{EMPTY_HEADER, Error, Header, Status};

/// Most bytes of a head, from the first of the request line to the empty line at its end.
pub(super) const MOST_BYTES: usize = 16 * 1024;

/// Most header lines.
pub(super) const MOST_HEADERS: usize = 64;

/// Why a head is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadHead {
    /// 400, and why.
    Malformed(&'static str),
    /// 431.
    TooLarge,
}

/// What follows a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    None,
    /// So many bytes.
    Length(u64),
    Chunked,
}

#[derive(Debug)]
pub(super) struct Head<'b> {
    pub method: &'b str,
    pub path: &'b str,
    pub query: Option<&'b str>,
    pub body: Body,
    /// The client wants to send another request on this connection.
    pub keeps_alive: bool,
    /// It speaks HTTP/1.0.
    pub is_old: bool,
    headers: Vec<Header<'b>>,
}

/// The length of the head at the start of these bytes, its empty line included; `None`: more has to
/// come.
///
/// # Errors
/// A line that ends otherwise than in CR LF.
pub(super) fn end_of(bytes: &[u8]) -> Result<Option<usize>, BadHead> {
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' if at == 0 || bytes[at - 1] != b'\r' => {
                return Err(BadHead::Malformed("a line ends in LF alone"));
            }
            b'\n' if bytes[..=at].ends_with(b"\r\n\r\n") => return Ok(Some(at + 1)),
            b'\r' if bytes.get(at + 1).is_some_and(|next| *next != b'\n') => {
                return Err(BadHead::Malformed("a CR is not followed by LF"));
            }
            0 => return Err(BadHead::Malformed("it contains a NUL")),
            _ => {}
        }
    }
    Ok(None)
}

impl<'b> Head<'b> {
    /// Reads a whole head.
    pub(super) fn parse(bytes: &'b [u8]) -> Result<Self, BadHead> {
        let mut room = vec![EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut room);
        let (method, target, version) = match request.parse(bytes) {
            Ok(Status::Complete(_)) => (request.method, request.path, request.version),
            Ok(Status::Partial) => return Err(BadHead::Malformed("it is not complete")),
            Err(Error::TooManyHeaders) => return Err(BadHead::TooLarge),
            Err(_) => return Err(BadHead::Malformed("it is not an HTTP request")),
        };
        let count = request.headers.len();
        room.truncate(count);
        let (Some(method), Some(target), Some(version)) = (method, target, version) else {
            return Err(BadHead::Malformed("it is not an HTTP request"));
        };
        let (path, query) = split(target)?;
        let mut head = Self {
            method,
            path,
            query,
            body: Body::None,
            keeps_alive: false,
            is_old: version == 0,
            headers: room,
        };
        head.one("host")?;
        head.body = head.find_body()?;
        head.keeps_alive = if head.is_old {
            head.connection_says("keep-alive") && !head.connection_says("close")
        } else {
            !head.connection_says("close")
        };
        Ok(head)
    }

    /// The values of every header of that name, in their order.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &'b [u8]> {
        let named = self.headers.iter().filter(move |it| it.name.eq_ignore_ascii_case(name));
        named.map(|header| header.value)
    }

    /// The value of the only header of that name. Two of them: one of two programs would read the
    /// first, and the other the second.
    pub(super) fn one(&self, name: &str) -> Result<Option<&'b [u8]>, BadHead> {
        let mut all = self.all(name);
        match (all.next(), all.next()) {
            (_, Some(_)) => Err(BadHead::Malformed("a header comes twice that may come once")),
            (found, None) => Ok(found),
        }
    }

    fn connection_says(&self, word: &str) -> bool {
        self.all("connection").any(|value| {
            let words = value.split(|byte| *byte == b',');
            words.into_iter().any(|it| it.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
        })
    }

    fn find_body(&self) -> Result<Body, BadHead> {
        let (length, coding) = (self.one("content-length")?, self.one("transfer-encoding")?);
        match (length, coding) {
            (None, None) => Ok(Body::None),
            (Some(length), None) => {
                let text = str::from_utf8(length).unwrap_or_default();
                let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
                match text.parse().ok().filter(|_| is_plain) {
                    Some(0) => Ok(Body::None),
                    Some(length) => Ok(Body::Length(length)),
                    None => Err(BadHead::Malformed("Content-Length is not a number")),
                }
            }
            (None, Some(coding)) if !self.is_old && coding.eq_ignore_ascii_case(b"chunked") => {
                Ok(Body::Chunked)
            }
            (None, Some(_)) => Err(BadHead::Malformed("its Transfer-Encoding is not chunked")),
            (Some(_), Some(_)) => {
                Err(BadHead::Malformed("it has Content-Length and Transfer-Encoding"))
            }
        }
    }
}

/// Path and query of a request target, with or without scheme and host.
fn split(target: &str) -> Result<(&str, Option<&str>), BadHead> {
    let bad = BadHead::Malformed("its target is not a path");
    let path = if target.starts_with('/') {
        target
    } else {
        let is_http = |scheme: &str| {
            target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        let scheme =
            ["http://", "https://"].into_iter().find(|scheme| is_http(scheme)).ok_or(bad)?;
        let rest = &target[scheme.len()..];
        rest.find(['/', '?']).map_or("/", |at| &rest[at..])
    };
    if target.contains('#') || !target.is_ascii() {
        return Err(bad);
    }
    Ok(match path.split_once('?') {
        Some(("", query)) => ("/", Some(query)),
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Head<'_>, BadHead> {
        let bytes = text.as_bytes();
        let end = end_of(bytes)?.ok_or(BadHead::Malformed("no end"))?;
        assert_eq!(end, bytes.len());
        Head::parse(bytes)
    }

    #[test]
    fn a_head_is_read() {
        let head =
            parse("POST /a?b=c HTTP/1.1\r\nHost: x\r\ncontent-LENGTH: 7\r\nX: 1\r\nx:  2 \r\n\r\n")
                .unwrap();
        assert_eq!((head.method, head.path, head.query), ("POST", "/a", Some("b=c")));
        assert_eq!((head.body, head.keeps_alive), (Body::Length(7), true));
        assert_eq!(head.all("X").collect::<Vec<_>>(), [b"1", b"2"]);
        assert!(head.one("x").is_err() && head.one("y").unwrap().is_none());
        for (target, path, query) in [
            ("/", "/", None),
            ("/?", "/", Some("")),
            ("http://gate:80/x?y", "/x", Some("y")),
            ("HTTPS://gate", "/", None),
            ("http://gate?y", "/", Some("y")),
        ] {
            let text = format!("GET {target} HTTP/1.1\r\n\r\n");
            let head = parse(&text).unwrap();
            assert_eq!((head.path, head.query), (path, query), "{target}");
        }
    }

    #[test]
    fn a_connection_stays_open_where_both_sides_know_it() {
        for (version, header, expected) in [
            ("1.1", "", true),
            ("1.1", "Connection: close\r\n", false),
            ("1.1", "Connection: x, CLOSE\r\n", false),
            ("1.1", "Connection: keep-alive\r\nConnection: close\r\n", false),
            ("1.0", "", false),
            ("1.0", "Connection: Keep-Alive\r\n", true),
            ("1.0", "Connection: keep-alive, close\r\n", false),
        ] {
            let text = format!("GET / HTTP/{version}\r\n{header}\r\n");
            assert_eq!(parse(&text).unwrap().keeps_alive, expected, "{text}");
        }
    }

    #[test]
    fn what_two_programs_may_read_differently_is_malformed() {
        let chunked = "Transfer-Encoding: chunked\r\n";
        for lines in [
            "Content-Length: 1\r\nContent-Length: 1\r\n",
            "Content-Length: 1\r\nContent-Length: 2\r\n",
            "Content-Length: 1, 1\r\n",
            "Content-Length: +1\r\n",
            "Content-Length: -1\r\n",
            "Content-Length: 0x1\r\n",
            "Content-Length:\r\n",
            "Content-Length: 18446744073709551616\r\n",
            "Content-Length : 1\r\n",
            &format!("Content-Length: 1\r\n{chunked}"),
            &format!("{chunked}Content-Length: 0\r\n"),
            &format!("{chunked}{chunked}"),
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: identity\r\n",
            "Transfer-Encoding: \u{b}chunked\r\n",
            "X: a\r\n b\r\n",
            "X: a\r\n\tb\r\n",
            "X: a\nY: b\r\n",
            "X: a\rY: b\r\n",
            "X: a\0b\r\n",
            "X y: a\r\n",
            " X: a\r\n",
            "X\r\n",
            ": a\r\n",
            "Host: a\r\nHost: b\r\n",
        ] {
            let text = format!("GET / HTTP/1.1\r\n{lines}\r\n");
            let found = parse(&text);
            assert!(matches!(found, Err(BadHead::Malformed(_))), "{lines:?}: {found:?}");
        }
        let text = format!("GET / HTTP/1.0\r\n{chunked}\r\n");
        let old = parse(&text);
        assert!(matches!(old, Err(BadHead::Malformed(_))), "{old:?}");
        for line in [
            "GET / HTTP/2.0",
            "GET / HTTP/0.9",
            "GET /",
            "GET  / HTTP/1.1",
            "GET / HTTP/1.1 ",
            "GET /\u{7f} HTTP/1.1",
            "GET /# HTTP/1.1",
            "GET /ä HTTP/1.1",
            "GET gate:80 HTTP/1.1",
            "OPTIONS * HTTP/1.1",
            "ftp://gate/ HTTP/1.1",
            "",
        ] {
            let text = format!("{line}\r\n\r\n");
            let found = parse(&text);
            assert!(matches!(found, Err(BadHead::Malformed(_))), "{line:?}: {found:?}");
        }
    }

    #[test]
    fn there_are_at_most_64_headers() {
        let with = |count| format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(count));
        assert_eq!(parse(&with(64)).unwrap().all("x").count(), 64);
        assert_eq!(parse(&with(65)).unwrap_err(), BadHead::TooLarge);
    }

    #[test]
    fn more_has_to_come_until_the_empty_line() {
        let whole = b"GET / HTTP/1.1\r\nX: y\r\n\r\n";
        for end in 0..whole.len() {
            assert_eq!(end_of(&whole[..end]), Ok(None), "{end}");
        }
        assert_eq!(end_of(whole), Ok(Some(whole.len())));
        assert!(end_of(b"\n").is_err() && end_of(b"\rx").is_err() && end_of(b"a\n").is_err());
    }
}
