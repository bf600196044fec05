//! A client that reads what it is answered.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::{Value, json};

/// A connection.
pub(crate) struct Client {
    stream: UnixStream,
    replies: BufReader<UnixStream>,
}

impl Client {
    /// Connects to a socket.
    pub(crate) fn connect(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).expect("a connection");
        let replies = BufReader::new(stream.try_clone().expect("a descriptor"));
        Self { stream, replies }
    }

    /// The reply to a line without its newline.
    pub(crate) fn line(&mut self, line: &str) -> String {
        self.stream.write_all(format!("{line}\n").as_bytes()).expect("it reads");
        let mut reply = String::new();
        assert!(self.replies.read_line(&mut reply).expect("a reply") > 0, "it closed");
        reply
    }

    /// The code of the error that a line is answered with, if it is.
    pub(crate) fn error_of(&mut self, line: &str) -> Option<String> {
        let reply = self.line(line);
        if reply.contains("\"ok\":true") {
            return None;
        }
        let reply: Value = serde_json::from_str(&reply).expect("an object");
        Some(reply["error"]["code"].as_str().expect("a code").to_owned())
    }

    /// The result of a command, which must succeed.
    pub(crate) fn ok(&mut self, cmd: &str, args: &Value) -> Value {
        let reply = self.line(&json!({"cmd": cmd, "args": args, "confirm": true}).to_string());
        let mut reply: Value = serde_json::from_str(&reply).expect("an object");
        assert_eq!(reply["ok"], true, "{cmd}: {reply}");
        reply["result"].take()
    }
}
