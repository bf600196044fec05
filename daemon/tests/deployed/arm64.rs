//! The static binaries of arm64 on an emulator: start, add, verify, log in, stop.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::built::{ARM64, binaries_for};
use super::shell::{run, works};
use super::skipped;

const EMULATOR: &str = "qemu-aarch64";

/// A daemon of another machine, with a directory of its own.
struct Emulated<'a> {
    binaries: &'a Path,
    home: tempfile::TempDir,
}

impl Emulated<'_> {
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(EMULATOR);
        command.arg(self.binaries.join(name)).stdin(Stdio::null());
        command.arg("--socket").arg(self.home.path().join("admin.sock"));
        command
    }

    /// Starts it, and waits until it is ready.
    fn start(&self) -> Child {
        let mut command = self.program("photoprismd");
        command.arg("--database").arg(self.home.path().join("admin.db"));
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let (mut line, mut said) = (String::new(), String::new());
        while !line.starts_with("ready: ") {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "it did not start:\n{said}");
            said.push_str(&line);
        }
        child.stderr = Some(log.into_inner());
        child
    }

    /// What the client prints, both streams; it must succeed.
    fn call(&self, args: &[&str]) -> String {
        let done = run(self.program("photoprism").args(args));
        assert_eq!(done.code, Some(0), "{args:?}: {}", done.text);
        done.text
    }

    /// The reply to one line.
    fn ask(&self, line: &str) -> Value {
        let mut socket = UnixStream::connect(self.home.path().join("admin.sock")).unwrap();
        socket.write_all(line.as_bytes()).unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        let mut reply = String::new();
        socket.read_to_string(&mut reply).unwrap();
        serde_json::from_str(&reply).unwrap()
    }
}

#[test]
fn the_binaries_of_arm64_work_on_an_emulator() {
    let binaries = match binaries_for(ARM64) {
        Ok(directory) => directory,
        Err(why) => return skipped(&why),
    };
    if !works("qemu-aarch64 --version") {
        return skipped("no qemu-aarch64 here");
    }
    let machine = Emulated { binaries: &binaries, home: tempfile::tempdir().unwrap() };
    let mut daemon = machine.start();

    let secret = machine.home.path().join("secret");
    fs::write(&secret, "correct horse").unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    let secret = secret.to_str().unwrap();
    machine.call(&["users", "add", "--password-file", secret, "bob"]);
    assert!(machine.call(&["users", "ls"]).contains("| bob "));
    let token = machine.call(&["auth", "add", "-q", "-n", "Sync", "-s", "webdav", "bob"]);
    let line = format!(r#"{{"cmd":"auth.verify","args":{{"token":"{}"}}}}"#, token.trim());
    assert_eq!(machine.ask(&line)["result"]["active"], true);
    for (password, ok) in [("correct horse", true), ("battery staple", false)] {
        let line = format!(
            r#"{{"cmd":"auth.login","args":{{"name":"bob","password":"{password}","client_ip":"192.0.2.1"}}}}"#
        );
        assert_eq!(machine.ask(&line)["ok"], ok, "{password}");
    }

    kill(Pid::from_raw(daemon.id().cast_signed()), Signal::SIGTERM).unwrap();
    assert_eq!(daemon.wait().unwrap().code(), Some(0));
    // What the one machine wrote the other reads.
    let mut again = machine.start();
    assert!(machine.call(&["users", "ls"]).contains("| bob "));
    kill(Pid::from_raw(again.id().cast_signed()), Signal::SIGTERM).unwrap();
    assert_eq!(again.wait().unwrap().code(), Some(0));
}
