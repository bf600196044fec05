//! The static binaries of ARM machines on an emulator: start, add, verify, log in, stop; those of 32
//! bits also after 2038, when the seconds since 1970 need more bits.

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::built::{ARM64, ARMV7, binaries_for};
use super::outside::libfaketime;
use super::shell::{run, works};
use super::skipped;

const PASSWORD: &str = "correct horse";

/// A daemon of another machine, with a directory of its own.
pub(super) struct Emulated {
    /// `None` where the kernel runs its programs.
    emulator: Option<&'static str>,
    binaries: PathBuf,
    home: TempDir,
    /// What time it is there, and the library that sets it.
    time: Option<(&'static str, &'static str)>,
}

impl Emulated {
    /// One for the machines of `target`; `None` where something is missing here.
    fn of(target: &str) -> Option<Self> {
        let found = match target {
            ARM64 if !works("qemu-aarch64 --version") => Err("no qemu-aarch64 here".to_owned()),
            ARMV7 if !works("qemu-arm --version") => Err("no qemu-arm here".to_owned()),
            _ => binaries_for(target),
        };
        let emulator = if target == ARM64 { "qemu-aarch64" } else { "qemu-arm" };
        let binaries = found.map_err(|why| skipped(&why)).ok()?;
        Some(Self { emulator: Some(emulator), ..Self::as_they_are(binaries) })
    }

    /// One whose programs are started as they are.
    pub(super) fn as_they_are(binaries: PathBuf) -> Self {
        Self { emulator: None, binaries, home: tempfile::tempdir().unwrap(), time: None }
    }

    fn program(&self, name: &str) -> Command {
        let path = self.binaries.join(name);
        let mut command = match self.emulator {
            Some(emulator) => Command::new(emulator),
            None => Command::new(&path),
        };
        if let Some((time, library)) = self.time {
            // For the emulator: the static binaries load no library.
            command.env("LD_PRELOAD", library).env("FAKETIME", time);
        }
        if self.emulator.is_some() {
            command.arg(path);
        }
        command.stdin(Stdio::null()).arg("--socket").arg(self.home.path().join("admin.sock"));
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

    /// Adds an account with a password and these flags.
    fn add(&self, name: &str, flags: &[&str]) {
        let secret = self.home.path().join("secret");
        fs::write(&secret, PASSWORD).unwrap();
        fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
        let given = ["users", "add", "--password-file", secret.to_str().unwrap()];
        self.call(&[&given, flags, &[name]].concat());
    }

    /// Whether it lets that account in.
    fn lets_in(&self, name: &str, password: &str) -> bool {
        let args = json!({"name": name, "password": password, "client_ip": "192.0.2.1"});
        let line = json!({"cmd": "auth.login", "args": args}).to_string();
        self.ask(&line)["ok"] == true
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

/// Ends it as systemd and Docker do.
fn stop(mut daemon: Child) {
    kill(Pid::from_raw(daemon.id().cast_signed()), Signal::SIGTERM).unwrap();
    assert_eq!(daemon.wait().unwrap().code(), Some(0));
}

/// Starts, serves, stops, and finds what it wrote.
pub(super) fn starts_serves_and_stops(machine: &Emulated) {
    let daemon = machine.start();
    machine.add("bob", &[]);
    assert!(machine.call(&["users", "ls"]).contains("| bob "));
    let token = machine.call(&["auth", "add", "-q", "-n", "Sync", "-s", "webdav", "bob"]);
    let line = format!(r#"{{"cmd":"auth.verify","args":{{"token":"{}"}}}}"#, token.trim());
    assert_eq!(machine.ask(&line)["result"]["active"], true);
    assert!(machine.lets_in("bob", PASSWORD));
    assert!(!machine.lets_in("bob", "battery staple"));
    stop(daemon);
    // What the one run wrote the other reads.
    let daemon = machine.start();
    assert!(machine.call(&["users", "ls"]).contains("| bob "));
    stop(daemon);
}

#[test]
fn the_binaries_of_arm64_work_on_an_emulator() {
    if let Some(machine) = Emulated::of(ARM64) {
        starts_serves_and_stops(&machine);
    }
}

#[test]
fn the_binaries_of_armv7_work_on_an_emulator() {
    if let Some(machine) = Emulated::of(ARMV7) {
        starts_serves_and_stops(&machine);
    }
}

#[test]
fn accounts_of_32_bits_expire_in_2040() {
    let Some(mut machine) = Emulated::of(ARMV7) else { return };
    let Some(library) = libfaketime() else { return };
    for (time, is_let_in) in
        [(None, true), (Some("@2039-06-01 00:00:00"), true), (Some("@2040-06-01 00:00:00"), false)]
    {
        machine.time = time.map(|time| (time, library));
        let daemon = machine.start();
        if time.is_none() {
            machine.add("bob", &["--expires-at", "2040-03-01"]);
        }
        assert_eq!(machine.lets_in("bob", PASSWORD), is_let_in, "{time:?}");
        let shown = machine.call(&["users", "show", "--json", "bob"]);
        assert!(shown.contains("\"2040-03-01T00:00:00Z\""), "{shown}");
        stop(daemon);
    }
}

#[test]
fn files_of_2040_are_read_with_32_bits() {
    let Some(machine) = Emulated::of(ARMV7) else { return };
    let daemon = machine.start();
    machine.call(&["admin", "backup", "create"]);
    let made = fs::read_dir(machine.home.path().join("backups")).unwrap().next().unwrap().unwrap();
    let file = File::options().write(true).open(made.path()).unwrap();
    // 2040-02-02.
    let time = UNIX_EPOCH + Duration::from_hours(614_376);
    file.set_modified(time).unwrap();
    let listed = machine.call(&["admin", "backup", "ls", "--csv"]);
    assert!(listed.contains("2040-02-02"), "{listed}");
    let verified = machine.call(&["admin", "backup", "verify", "--json"]);
    assert!(verified.contains("\"ok\":true"), "{verified}");
    stop(daemon);
    let database = File::options().write(true).open(machine.home.path().join("admin.db")).unwrap();
    database.set_modified(time).unwrap();
    let daemon = machine.start();
    machine.call(&["users", "ls"]);
    stop(daemon);
}
