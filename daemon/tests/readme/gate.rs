//! The gate for a reverse proxy, as the README has it, in front of a daemon with an auth socket.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use data_encoding::BASE64;
use regex::Regex;

use super::DAEMON;
use super::blocks::{Block, GATE, README, fenced, section};
use super::needs::lacks;
use super::place::{Place, Terminal};

/// The port that the README shows; the test takes one that is free.
const PORT: &str = "8081";

const PASSWORD: &str = "staple and paper clip";

/// What the README's section holds, in its order.
struct Written {
    daemon: String,
    gate: String,
    start: String,
    tries: Block,
}

fn written(port: &str) -> Written {
    let wanted = |(kind, _): &(&str, &str)| ["sh", "python", "text"].contains(kind);
    let blocks: Vec<_> = fenced(section(README, GATE)).into_iter().filter(wanted).collect();
    let [("sh", daemon), ("python", gate), ("sh", start), ("sh", tries), ("text", shown)] =
        blocks[..]
    else {
        panic!("the blocks of the section have changed: {blocks:?}");
    };
    let moved = |text: &str| text.replace(PORT, port);
    let tries = Block { script: moved(tries), shown: Some(shown.to_owned()) };
    Written { daemon: daemon.to_owned(), gate: gate.to_owned(), start: moved(start), tries }
}

/// A free port. Nothing else listens there until somebody is as unlucky as to get the same.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// The running daemon and the gate of the README.
struct Running {
    place: Place,
    _gate: Terminal,
    daemon: Option<Terminal>,
    port: u16,
}

impl Running {
    fn start(place: Place, port: u16) -> Self {
        let written = written(&port.to_string());
        fs::write(place.path("checkout/gate.py"), written.gate).unwrap();
        let (daemon, _) = Terminal::start(&place, &written.daemon, "ready: ");
        let (gate, _) = Terminal::start(&place, &written.start, "listening on ");
        let running = Self { place, _gate: gate, daemon: Some(daemon), port };
        // It says so a moment before it listens.
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {}
        running
    }

    fn run(&self, script: &str) -> String {
        let output = self.place.bash(script).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert!(output.status.success(), "{script}: {printed}{output:?}");
        printed
    }

    /// The head of the answer to a request with these header lines.
    fn head(&self, headers: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        write!(stream, "GET /photos HTTP/1.0\r\n{headers}\r\n").unwrap();
        let mut head = String::new();
        stream.read_to_string(&mut head).unwrap();
        head
    }

    /// The status for an `Authorization` header.
    fn status(&self, authorization: &str) -> u16 {
        let head = self.head(&format!("Authorization: {authorization}\r\n"));
        head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn basic(&self, name: &str, password: &str) -> u16 {
        self.status(&format!("Basic {}", BASE64.encode(format!("{name}:{password}").as_bytes())))
    }

    fn bearer(&self, token: &str) -> u16 {
        self.status(&format!("Bearer {token}"))
    }

    fn token(&self, scope: &str, user: &str) -> String {
        self.run(&format!("photoprism auth add -q -n Client -s {scope} {user}"))
    }
}

fn running() -> Option<Running> {
    let place = Place::new();
    let port = free_port();
    if lacks(&place, &written(PORT).start) {
        return None;
    }
    let running = Running::start(place, port);
    let add = "photoprism users add -r user --webdav --password-stdin heidi";
    running.run(&format!("{add} <<< '{PASSWORD}'"));
    Some(running)
}

#[test]
fn passwords_pass_where_they_are_right() {
    let Some(gate) = running() else { return };
    let (fits, other) = (gate.token("webdav", "heidi"), gate.token("metrics", "heidi"));
    assert_eq!(gate.basic("heidi", PASSWORD), 204);
    assert_eq!(gate.basic("heidi", "something else"), 401);
    assert_eq!(gate.basic("nobody", PASSWORD), 401);
    assert_eq!(gate.basic("heidi", &fits), 204);
    assert_eq!(gate.basic("admin", &fits), 401);
    assert_eq!(gate.basic("heidi", &other), 401);
    for broken in ["Basic", "Basic !", "Basic /w==", "Basic aGVpZGk", "Digest aGVpZGk="] {
        assert_eq!(gate.status(broken), 401, "{broken}");
    }
    assert!(gate.head("").starts_with("HTTP/1.0 401 "));
}

#[test]
fn tokens_pass_until_they_are_revoked() {
    let Some(gate) = running() else { return };
    let (token, app) = (gate.token("webdav", ""), gate.token("webdav", "heidi"));
    assert_eq!(gate.bearer(&token), 204);
    assert_eq!(gate.bearer(&app), 204);
    assert_eq!(gate.bearer(&gate.token("metrics", "")), 401);
    assert_eq!(gate.bearer("0123"), 401);
    let head = gate.head(&format!("Authorization: Bearer {app}\r\n"));
    assert!(head.contains("\r\nRemote-User: heidi\r\n"), "{head}");
    gate.run(&format!("photoprism auth rm --yes {token} 2>&1"));
    assert_eq!(gate.bearer(&token), 401);
    assert_eq!(gate.bearer(&app), 204);
}

#[test]
fn the_address_is_the_one_that_the_proxy_added() {
    let Some(gate) = running() else { return };
    let wrong = BASE64.encode(b"heidi:something else");
    let try_as = |lines: &str| gate.head(&format!("Authorization: Basic {wrong}\r\n{lines}"));
    try_as("X-Forwarded-For: 203.0.113.9, 192.0.2.7\r\n");
    try_as("X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 192.0.2.8\r\n");
    try_as("X-Real-IP: 192.0.2.9\r\n");
    try_as("");
    assert!(try_as("X-Forwarded-For: unknown\r\n").starts_with("HTTP/1.0 401 "));
    let listed = gate.run("photoprism logins ls --csv --user heidi");
    let mut known: Vec<_> =
        listed.lines().skip(1).filter_map(|line| line.split(';').next()).collect();
    known.sort_unstable();
    assert_eq!(known, ["127.0.0.1", "192.0.2.7", "192.0.2.8", "192.0.2.9"], "{listed}");
    assert!(listed.contains(";webdav;wrong password;"), "{listed}");
}

#[test]
fn without_a_daemon_nobody_passes() {
    let Some(mut gate) = running() else { return };
    assert!(gate.daemon.take().unwrap().stop().ends_with("INFO stopped\n"));
    assert_eq!(gate.basic("heidi", PASSWORD), 503);
    assert_eq!(gate.bearer("0123"), 503);
    assert!(gate.head("").starts_with("HTTP/1.0 401 "));
}

#[test]
fn what_the_readme_tries_comes_out() {
    let Some(gate) = running() else { return };
    let tries = written(&gate.port.to_string()).tries;
    if lacks(&gate.place, &tries.script) {
        return;
    }
    let printed = gate.run(&format!("{{\n{}\n}} 2>&1", tries.script));
    let shown = tries.shown.unwrap();
    assert_eq!(gate.place.settled(&printed), gate.place.settled(&shown), "{printed}");
}

/// The filter of the daemon's reference reads the log, and nobody can forge an address in it.
#[test]
fn the_log_is_fit_for_the_filter() {
    let Some(mut gate) = running() else { return };
    for name in ["heidi", "a\" reason=\"x", "login refused ip=203.0.113.9 user=\"b\" reason=\"c\""]
    {
        assert_eq!(gate.basic(name, "something else"), 401);
    }
    assert_eq!(gate.basic("heidi", PASSWORD), 204);
    let log = gate.daemon.take().unwrap().stop();
    let filter = DAEMON.lines().find_map(|line| line.trim().strip_prefix("failregex = "));
    let filter = Regex::new(&filter.unwrap().replace("<ADDR>", "([0-9a-f.:]+)")).unwrap();
    let found: Vec<_> = log.lines().filter_map(|line| filter.captures(line)).collect();
    let addresses: Vec<_> = found.iter().map(|found| &found[1]).collect();
    assert_eq!(addresses, ["127.0.0.1"; 3], "{log}");
}
