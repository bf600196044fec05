//! As much of HTTP/1.1 as a server of one origin needs.

use std::io::{self, BufRead, Read};

/// Most bytes of a request's headers.
const MOST: u64 = 65_536;

/// A request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// By their names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self { method: method.into(), path: path.into(), ..Self::default() }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same with an access token, or an app password in its place.
    pub(crate) fn token(self, token: &str) -> Self {
        self.with("x-auth-token", token)
    }

    /// The same through a proxy, from that address.
    pub(crate) fn from(self, ip: &str) -> Self {
        self.with("x-forwarded-for", ip)
    }

    /// The same by that program.
    pub(crate) fn agent(self, agent: &str) -> Self {
        self.with("user-agent", agent)
    }

    /// The same with name and password, as WebDAV has them.
    pub(crate) fn basic(self, name: &str, password: &str) -> Self {
        let text = format!("{name}:{password}");
        let encoded = data_encoding::BASE64.encode(text.as_bytes());
        self.with("authorization", &format!("Basic {encoded}"))
    }

    /// The same with a JSON body.
    pub(crate) fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = body.to_string().into_bytes();
        self
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Name and password of a Basic header.
    pub(crate) fn credentials(&self) -> Option<(String, String)> {
        let encoded = self.header("authorization")?.strip_prefix("Basic ")?;
        let text = data_encoding::BASE64.decode(encoded.as_bytes()).ok()?;
        let text = String::from_utf8(text).ok()?;
        text.split_once(':').map(|(name, password)| (name.into(), password.into()))
    }

    /// Its bytes on the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let (first, length) = (format!("{} {}", self.method, self.path), self.body.len());
        let headers = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let headers = headers.collect::<String>();
        let host = "Host: localhost";
        let head =
            format!("{first} HTTP/1.1\r\n{host}\r\n{headers}Content-Length: {length}\r\n\r\n");
        [head.as_bytes(), &self.body].concat()
    }

    /// Reads the next one; `None` where the other side has closed, or sends what is not HTTP.
    pub(super) fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut head = from.by_ref().take(MOST);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if head.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            match line.trim_end_matches(['\r', '\n']) {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let Some(mut request) = parse(&lines) else { return Ok(None) };
        let length = request.header("content-length").and_then(|it| it.parse().ok());
        request.body = vec![0; length.unwrap_or(0).min(65_536)];
        from.read_exact(&mut request.body)?;
        Ok(Some(request))
    }
}

fn parse(lines: &[String]) -> Option<Request> {
    let (first, headers) = lines.split_first()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?, words.next()?);
    if words.next()? != "HTTP/1.1" {
        return None;
    }
    let header = |line: &String| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers = headers.iter().map(header).collect::<Option<Vec<_>>>()?;
    Some(Request { headers, ..Request::new(method, path) })
}

/// An answer. All of PhotoPrism's that matter here are JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, body: body.into() }
    }

    /// The head as it is recorded: the two headers that describe the body.
    pub(crate) fn head(&self) -> String {
        let length = self.body.len();
        format!("Content-Type: application/json; charset=utf-8\r\nContent-Length: {length}\r\n")
    }

    /// Its bytes on the wire, with more headers.
    pub(super) fn bytes_with(&self, headers: &str) -> Vec<u8> {
        let (status, reason) = (self.status, reason(self.status));
        format!("HTTP/1.1 {status} {reason}\r\n{headers}{}\r\n{}", self.head(), self.body).into()
    }

    /// What a client reads: `None` for what is not such an answer.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        let answer = Self::new(status, body);
        head.contains(answer.head().trim_end()).then_some(answer)
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        307 => "Temporary Redirect",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Other",
    }
}
