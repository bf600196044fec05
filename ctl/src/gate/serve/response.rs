//! Responses, and the bytes of one.

use std::fmt::Write;

use super::head::BadHead;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Response {
    pub status: u16,
    /// In addition to those that every response has.
    pub headers: Vec<(&'static str, String)>,
    pub content_type: &'static str,
    pub body: String,
    /// The connection ends after it.
    pub closes: bool,
}

impl Response {
    /// One without a body.
    pub(super) fn empty(status: u16) -> Self {
        let (headers, body) = (Vec::new(), String::new());
        Self { status, headers, content_type: "text/plain; charset=utf-8", body, closes: false }
    }

    /// One with a message for people.
    pub(super) fn text(status: u16, text: &str) -> Self {
        Self { body: format!("{text}\n"), ..Self::empty(status) }
    }

    pub(super) fn json(status: u16, text: &str) -> Self {
        Self { content_type: "application/json", body: format!("{text}\n"), ..Self::empty(status) }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    /// Its bytes. The response to a HEAD request has no body, but its length.
    pub(super) fn bytes(&self, is_head: bool, is_old: bool) -> Vec<u8> {
        let mut text = String::with_capacity(512);
        // Writing to a String cannot fail.
        let _ = write!(text, "HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        text.push_str("Cache-Control: no-store\r\n");
        if !self.body.is_empty() {
            let _ = write!(text, "Content-Type: {}\r\n", self.content_type);
        }
        if self.status != 204 {
            let _ = write!(text, "Content-Length: {}\r\n", self.body.len());
        }
        if self.closes {
            text.push_str("Connection: close\r\n");
        } else if is_old {
            text.push_str("Connection: keep-alive\r\n");
        }
        text.push_str("\r\n");
        if !is_head {
            text.push_str(&self.body);
        }
        text.into_bytes()
    }
}

impl From<BadHead> for Response {
    fn from(bad: BadHead) -> Self {
        match bad {
            BadHead::Malformed(why) => Self::text(400, &format!("bad request: {why}")).closing(),
            BadHead::TooLarge => {
                let text = "the head of the request is too large: at most 16 KiB and 64 headers";
                Self::text(431, text).closing()
            }
        }
    }
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        411 => "Length Required",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_has_the_length_of_its_body_and_204_has_none() {
        let bytes = |response: &Response, is_head, is_old| {
            String::from_utf8(response.bytes(is_head, is_old)).unwrap()
        };
        assert_eq!(
            bytes(&Response::empty(204).with("X", "y"), false, false),
            "HTTP/1.1 204 No Content\r\nX: y\r\nCache-Control: no-store\r\n\r\n"
        );
        assert_eq!(
            bytes(&Response::empty(200), false, true),
            "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 0\r\n\
             Connection: keep-alive\r\n\r\n"
        );
        let head = "HTTP/1.1 404 Not Found\r\nCache-Control: no-store\r\n\
                    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\
                    Connection: close\r\n\r\n";
        let response = Response::text(404, "none").closing();
        assert_eq!(bytes(&response, true, false), head);
        assert_eq!(bytes(&response, false, true), format!("{head}none\n"));
    }
}
