//! A proxy between a client and a server that shows what it was sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::common::http::{Response, exchange};
use crate::common::outside::{PATH, clear_env};
use crate::common::{Gate, Home, PASSWORD, TIMEOUT, basic};

/// A program that serves until it is dropped.
pub(crate) struct Program(Child);

impl Program {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = kill(Pid::from_raw(self.0.id().cast_signed()), Signal::SIGTERM);
        let _ = self.0.wait();
    }
}

/// A command with nothing but a search path, where programs for administrators are too.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    clear_env(&mut command).env("PATH", format!("{PATH}:/usr/sbin"));
    command
}

/// A free port. Nothing else listens there until somebody is as unlucky as to get the same.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Connects to a program that may still be starting.
pub(crate) fn connect(port: u16) -> TcpStream {
    let deadline = photoprism_ctl::clock::Deadline::after(TIMEOUT);
    loop {
        if let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            stream.set_read_timeout(Some(TIMEOUT)).unwrap();
            return stream;
        }
        assert!(deadline.remaining().is_some(), "nothing listens on {port}");
        thread::yield_now();
    }
}

/// A server that answers each request with its header lines and its body. Gives its port.
fn echo() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || answer(stream));
        }
    });
    port
}

fn answer(mut stream: TcpStream) {
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    let (mut seen, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        seen += &line;
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).unwrap();
    seen += &String::from_utf8(body).unwrap();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close";
    let _ = write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{seen}", seen.len());
}

/// A daemon, a gate and a server, for a proxy between them.
pub(crate) struct Proxied {
    pub home: Home,
    pub gate: Gate,
    pub port: u16,
    server: u16,
}

impl Proxied {
    /// The gate has these flags.
    pub(crate) fn new(flags: &[&str]) -> Self {
        let home = Home::with_bob();
        let gate = home.gate(flags);
        Self { home, gate, port: free_port(), server: echo() }
    }

    /// A configuration with the ports of this test.
    pub(crate) fn moved(&self, text: &str) -> String {
        for part in ["127.0.0.1:8080", "127.0.0.1:2342"] {
            assert!(text.contains(part), "{part}");
        }
        self.with_gate(text)
            .replace("127.0.0.1:8080", &format!("127.0.0.1:{}", self.port))
            .replace("127.0.0.1:2342", &format!("127.0.0.1:{}", self.server))
    }

    /// The same of a text that names the gate alone.
    pub(crate) fn with_gate(&self, text: &str) -> String {
        text.replace("127.0.0.1:8081", &self.gate.address.to_string())
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> std::path::PathBuf {
        let path = self.home.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The response to a GET with these header lines.
    pub(crate) fn get(&self, headers: &[&str]) -> Response {
        // Caddy answers for the host of its site alone.
        let host = format!("Host: 127.0.0.1:{}", self.port);
        let lines = [&[host.as_str(), "Connection: close"], headers].concat().join("\r\n");
        let text = format!("GET /photos HTTP/1.1\r\n{lines}\r\n\r\n");
        exchange(&mut connect(self.port), text.as_bytes())
    }

    /// What every proxy has to do: let those in who may pass, name them, and nobody else.
    pub(crate) fn lets_in_who_may_pass(&mut self, is_named: bool) {
        self.home.add("zoë", json!({}));
        let app = self.home.token(Some("bob"), "webdav");
        let forged = [
            "Remote-User: admin",
            "Remote-Role: admin",
            "Remote-Email: root@example.com",
            "Remote-Scope: everything",
            "X-Forwarded-For: 198.51.100.9",
        ];
        for (name, password, shown) in [
            ("bob", PASSWORD, "bob"),
            ("bob", &app, "bob"),
            ("zoë", PASSWORD, if is_named { "zo%C3%AB" } else { "zoë" }),
        ] {
            let credentials = basic(name, password);
            let lines = [&[credentials.as_str()], &forged[..]].concat();
            let passed = self.get(&lines);
            assert_eq!(passed.status, 200, "{name}: {passed:?}");
            let seen = passed.body.to_lowercase();
            assert!(seen.contains(&format!("remote-user: {}\r\n", shown.to_lowercase())), "{seen}");
            for part in ["admin", "root@example.com", "everything"] {
                assert!(!seen.contains(part), "{part}: {seen}");
            }
            assert!(!seen.contains("authorization"), "{seen}");
            if is_named {
                assert!(seen.contains("remote-role: user\r\n"), "{seen}");
                // nginx sends no header without a value.
                let count = seen.matches("remote-").count();
                assert!(matches!(count, 3 | 4), "{seen}");
            }
        }
        assert!(self.home.logins("bob").iter().all(|login| login.0 == "127.0.0.1"));
        for line in [basic("bob", "wrong"), basic("nobody", PASSWORD), "X: y".into()] {
            let refused = self.get(&[&[line.as_str()], &forged[..]].concat());
            assert_eq!(refused.status, 401, "{line}: {refused:?}");
            let challenge = refused.header("WWW-Authenticate").unwrap();
            assert!(challenge.to_lowercase().starts_with("basic realm="), "{challenge}");
        }
    }

    /// The same for tokens, which not every program hands on.
    pub(crate) fn lets_in_tokens(&self) {
        let header = |token: &str| format!("Authorization: Bearer {token}");
        let [good, other] = ["webdav", "photos"].map(|scope| self.home.token(Some("bob"), scope));
        assert_eq!(self.get(&[&header(&good)]).status, 200);
        assert_eq!(self.get(&[&header(&other)]).status, 403);
        assert_eq!(self.get(&[&header("HY8fxO-8hvNqB-43UV4q-1AZ0vu")]).status, 401);
        let nobody = self.home.token(None, "webdav");
        let passed = self.get(&[&header(&nobody), "Remote-User: admin", "Remote-Email: a@b.c"]);
        assert_eq!(passed.status, 200);
        let seen = passed.body.to_lowercase();
        assert!(!seen.contains("admin") && !seen.contains("a@b.c"), "{seen}");
    }

    /// A body goes to the server and not to the gate.
    pub(crate) fn hands_bodies_on(&self) {
        let line = basic("bob", PASSWORD);
        let host = format!("Host: 127.0.0.1:{}\r\nConnection: close", self.port);
        let start = format!("PUT /photos HTTP/1.1\r\n{host}\r\n{line}\r\n");
        let text = format!("{start}Content-Length: 5\r\n\r\nhello");
        let passed = exchange(&mut connect(self.port), text.as_bytes());
        assert_eq!(passed.status, 200, "{passed:?}");
        assert!(passed.body.ends_with("hello"), "{passed:?}");
    }

    /// Without a daemon nobody is let in.
    pub(crate) fn is_closed_without_a_daemon(&mut self, status: u16) {
        self.home.stop();
        let refused = self.get(&[&basic("bob", PASSWORD)]);
        assert_eq!(refused.status, status, "{refused:?}");
        self.home.start();
        assert_eq!(self.get(&[&basic("bob", PASSWORD)]).status, 200);
    }

    /// After too many failures the status is this.
    pub(crate) fn is_limited(&self, status: u16) {
        for _ in 0..10 {
            self.get(&[&basic("bob", "wrong")]);
        }
        assert_eq!(self.get(&[&basic("bob", PASSWORD)]).status, status);
    }
}

/// A copy of the gate that any user may run.
pub(crate) fn public_gate(directory: &Path) -> std::path::PathBuf {
    let path = directory.join("photoprism-gate");
    std::fs::copy(env!("CARGO_BIN_EXE_photoprism-gate"), &path).unwrap();
    path
}
