//! Just enough of HTTP to see every byte of a response.

use std::io::{ErrorKind, Read, Write};

/// A response, read to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Response {
    /// 0: there was none.
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Response {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn closes(&self) -> bool {
        self.header("connection") == Some("close")
    }
}

/// Sends bytes and reads one response.
pub(crate) fn exchange(stream: &mut (impl Read + Write), bytes: &[u8]) -> Response {
    // The other side may refuse before it has read everything.
    let _ = stream.write_all(bytes);
    read_after(stream, bytes.starts_with(b"HEAD "))
}

/// Reads one response; without one its status is 0.
pub(crate) fn read(stream: &mut impl Read) -> Response {
    read_after(stream, false)
}

/// Reads the response to a HEAD request, or to another one.
fn read_after(stream: &mut impl Read, is_head: bool) -> Response {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(0) => break,
            Ok(_) => head.extend(byte),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("no response: {error}"),
        }
    }
    let head = String::from_utf8(head).unwrap();
    if head.is_empty() {
        return Response::default();
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut response = Response { status, head, body: String::new() };
    let length = response.header("content-length").filter(|_| !is_head);
    let length = length.map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    response.body = String::from_utf8(body).unwrap();
    response
}

/// Whether the other side has ended the connection: nothing more comes.
pub(crate) fn is_over(stream: &mut impl Read) -> bool {
    match stream.read(&mut [0]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}
