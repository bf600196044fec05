//! A client that is another user: this test binary again, as a process that gives its rights up.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};
use serde_json::Value;

use super::json::Ask;

/// Who the process is, `uid:gid:group,group`; without it `helper` does nothing.
const WHO: &str = "WIRE_TEST_WHO";
/// The socket's path.
const SOCKET: &str = "WIRE_TEST_SOCKET";

/// A user of the system, who needs no entry anywhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who {
    /// Its uid.
    pub(crate) uid: u32,
    /// Its first group.
    pub(crate) gid: u32,
    /// Its other groups.
    pub(crate) groups: &'static [u32],
}

/// A connection of another user.
pub(crate) struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// Lets every user connect: the file mode guards nothing any more.
pub(crate) fn open_to_all(socket: &Path) {
    fs::set_permissions(socket, PermissionsExt::from_mode(0o666)).unwrap();
}

impl Peer {
    /// Connects as somebody else; needs root.
    pub(crate) fn connect(socket: &Path, who: Who) -> Self {
        let groups: Vec<String> = who.groups.iter().map(ToString::to_string).collect();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "common::peer::helper", "--nocapture"])
            .env(WHO, format!("{}:{}:{}", who.uid, who.gid, groups.join(",")))
            .env(SOCKET, socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        // The test harness prints lines of its own before.
        while !line.ends_with("is-connected\n") {
            line.clear();
            assert!(output.read_line(&mut line).unwrap() > 0, "the helper could not connect");
        }
        Self { child, input, output }
    }

    /// The process that connected.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line; `None` where the daemon closed instead.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.strip_prefix("> ").map(str::to_owned)
    }
}

impl Ask for Peer {
    fn reply_to(&mut self, line: &str) -> Value {
        let input = self.input.as_mut().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
        let line = self.line().expect("a reply, not the end");
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn helper() {
    let Ok(who) = std::env::var(WHO) else { return };
    let socket = PathBuf::from(std::env::var_os(SOCKET).unwrap());
    become_user(&who);
    let stream = UnixStream::connect(socket).unwrap();
    say("is-connected");
    let mut to_daemon = stream.try_clone().unwrap();
    let sender = std::thread::spawn(move || {
        // The daemon may have closed; what it said is read all the same.
        let _ = std::io::copy(&mut std::io::stdin(), &mut to_daemon);
        let _ = to_daemon.shutdown(std::net::Shutdown::Write);
    });
    deliver(stream);
    drop(sender);
    std::process::exit(0);
}

fn become_user(who: &str) {
    let mut parts = who.split(':');
    let mut number = || parts.next().unwrap().parse().unwrap();
    let (uid, gid): (u32, u32) = (number(), number());
    let groups = parts.next().unwrap().split(',').filter(|text| !text.is_empty());
    let groups: Vec<Gid> = groups.map(|text| Gid::from_raw(text.parse().unwrap())).collect();
    setgroups(&groups).unwrap();
    setgid(Gid::from_raw(gid)).unwrap();
    setuid(Uid::from_raw(uid)).unwrap();
}

/// Everything that the daemon says, each line marked.
fn deliver(stream: UnixStream) {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    while lines.read_line(&mut line).is_ok_and(|count| count > 0) {
        say(&format!("> {}", line.trim_end_matches('\n')));
        line.clear();
    }
    say("is-closed");
}

fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}").unwrap();
    stdout.flush().unwrap();
}
