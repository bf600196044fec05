//! One connection, from the client's side.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::Value;

use super::{TIMEOUT, schemas};

/// A connection on which nothing is read ahead of what was asked.
pub(crate) struct Client {
    stream: UnixStream,
    reader: BufReader<UnixStream>,
}

impl Client {
    /// Connects to a socket.
    pub(crate) fn connect(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        Self { stream, reader }
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// The same where the daemon may have closed.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Whether sending and reading wait.
    pub(crate) fn set_nonblocking(&self, on: bool) {
        self.stream.set_nonblocking(on).unwrap();
    }

    /// The connection itself.
    pub(crate) const fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// Says that nothing more will be sent.
    pub(crate) fn finish(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// The next reply line with its newline; `None` where the daemon closed instead.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.reader.read_line(&mut line).unwrap();
        assert!(count == 0 || line.ends_with('\n'), "a reply without its newline: {line}");
        (count > 0).then_some(line)
    }

    /// The same where the connection may have failed.
    pub(crate) fn try_line(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.reader.read_line(&mut line).ok()?;
        (count > 0).then_some(line)
    }

    /// The next reply.
    pub(crate) fn reply(&mut self) -> Value {
        let line = self.line().expect("a reply, not the end");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// The reply to one line, which is sent with a newline. Both are held against their schemas.
    pub(crate) fn ask(&mut self, line: impl AsRef<[u8]>) -> Value {
        self.send([line.as_ref(), b"\n"].concat());
        let reply = self.reply();
        schemas::check(line.as_ref(), &reply);
        reply
    }

    /// Everything until the daemon closes.
    pub(crate) fn rest(&mut self) -> String {
        let mut text = String::new();
        self.reader.read_to_string(&mut text).unwrap();
        text
    }

    /// The daemon has closed, and said nothing more.
    pub(crate) fn assert_closed(&mut self) {
        assert_eq!(self.rest(), "");
    }
}
