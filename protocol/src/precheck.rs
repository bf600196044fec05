//! The first check of a line: encoding, syntax and depth of all of it.

use serde::de::IgnoredAny;

/// Deepest nesting of a request, its outermost object being 1.
pub(crate) const MAX_DEPTH: usize = 16;

/// Why a line is not a JSON text that the daemon reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineError {
    /// Nothing on the line.
    Empty,
    /// Not UTF-8, or a `\u` escape that is half of a surrogate pair.
    Encoding,
    /// Nested deeper than [`MAX_DEPTH`].
    Depth,
    /// Not one JSON value and nothing else.
    Syntax,
    /// The same, as the beginning of an HTTP request.
    Http,
}

impl LineError {
    /// The message for people; nothing of the line is in it.
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::Empty => "the line is empty; a request is one JSON object on one line",
            Self::Encoding => "the line is not valid UTF-8 text",
            Self::Depth => "the line is nested deeper than 16",
            Self::Syntax => "the line is not one JSON value",
            Self::Http => {
                "this is HTTP; a request is one JSON object on one line. The connection is closed"
            }
        }
    }
}

/// Takes a line without its newline, gives its text.
///
/// # Errors
/// A [`LineError`]; nothing is known about the request then, its `id` included.
pub(crate) fn check(line: &[u8]) -> Result<&str, LineError> {
    if line.is_empty() {
        return Err(LineError::Empty);
    }
    if is_http(line) {
        return Err(LineError::Http);
    }
    let text = std::str::from_utf8(line).map_err(|_| LineError::Encoding)?;
    precheck(line)?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|_| LineError::Syntax)?;
    Ok(text)
}

/// Whether a line looks like one of an HTTP request, which is never JSON. The line of a body may be:
/// a browser, or a server that is made to send a request somewhere, must not give commands by it.
pub fn is_http(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let is_host = line.get(..5).is_some_and(|name| name.eq_ignore_ascii_case(b"host:"));
    is_host || [" HTTP/1.0", " HTTP/1.1", " HTTP/2.0"].iter().any(|v| line.ends_with(v.as_bytes()))
}

/// Depth and surrogates in one pass that allocates nothing; the parser checks neither.
fn precheck(line: &[u8]) -> Result<(), LineError> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        match byte {
            b'"' => at = skip_string(line, at + 1)?,
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(LineError::Depth);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// Gives the position of the closing quote, or of the end where there is none.
fn skip_string(line: &[u8], start: usize) -> Result<usize, LineError> {
    let mut at = start;
    while let Some(&byte) = line.get(at) {
        match (byte, line.get(at + 1)) {
            (b'"', _) => return Ok(at),
            (b'\\', Some(b'u')) => at += escape_length(&line[at..])?,
            (b'\\', _) => at += 2,
            _ => at += 1,
        }
    }
    Ok(at)
}

/// Length of the `\u` escape at the start of `rest`: 6, or 12 for a surrogate pair.
fn escape_length(rest: &[u8]) -> Result<usize, LineError> {
    match code_unit(rest) {
        Some(0xD800..=0xDBFF) => match rest.get(6..).and_then(code_unit) {
            Some(0xDC00..=0xDFFF) => Ok(12),
            _ => Err(LineError::Encoding),
        },
        Some(0xDC00..=0xDFFF) => Err(LineError::Encoding),
        Some(_) => Ok(6),
        None => Err(LineError::Syntax),
    }
}

fn code_unit(rest: &[u8]) -> Option<u16> {
    let digits = rest.strip_prefix(b"\\u")?.get(..4)?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn depth_is_counted_from_the_outermost_value() {
        assert!(check(nested(16).as_bytes()).is_ok());
        assert_eq!(check(nested(17).as_bytes()), Err(LineError::Depth));
        assert!(check(br#"{"a":"[[[[[[[[[[[[[[[[[[[[[[[\"[[[[["}"#).is_ok());
        assert_eq!(check("[".repeat(100_000).as_bytes()), Err(LineError::Depth));
    }

    #[test]
    fn http_is_recognised_by_its_first_lines() {
        for line in [
            "POST / HTTP/1.1",
            "GET /x y HTTP/1.0\r",
            "{\"cmd\":\"ping\"} HTTP/1.1",
            "PRI * HTTP/2.0",
            "Host: localhost",
            "hOST:x",
        ] {
            assert_eq!(check(line.as_bytes()), Err(LineError::Http), "{line}");
        }
        assert_eq!(check(b"GET /\xff HTTP/1.1"), Err(LineError::Http));
        for line in ["\" HTTP/1.1\"", "{\"a\":\"POST / HTTP/1.1\"}", "\"Host:\""] {
            assert!(!is_http(line.as_bytes()) && check(line.as_bytes()).is_ok(), "{line}");
        }
        assert!(!is_http(b"HTTP/1.1") && !is_http(b"Hos") && !is_http(b"Accept: */*"));
    }

    #[test]
    fn anything_but_one_json_value_is_refused() {
        let cases: [(&[u8], LineError); 12] = [
            (b"", LineError::Empty),
            (b" ", LineError::Syntax),
            (b"\xff{}", LineError::Encoding),
            (b"\xef\xbb\xbf{}", LineError::Syntax),
            (b"{} {}", LineError::Syntax),
            (b"{\"a\":1,}", LineError::Syntax),
            (b"{\"a\":\"\\ud800\"}", LineError::Encoding),
            (b"{\"a\":\"\\udc00\"}", LineError::Encoding),
            (b"{\"a\":\"\\ud800\\u0041\"}", LineError::Encoding),
            (b"{\"a\":\"\\u00\"}", LineError::Syntax),
            (b"{\"a\":\"\x01\"}", LineError::Syntax),
            (b"{\"a\":NaN}", LineError::Syntax),
        ];
        for (line, fault) in cases {
            assert_eq!(check(line), Err(fault), "{line:?}");
        }
        assert!(check(br#"{"a":"\ud83d\ude00\\u"}"#).is_ok());
    }
}
