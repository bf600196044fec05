//! A daemon that plays a script, and the real binary run against it.

// Each test binary uses a part of this.
#![expect(dead_code, unreachable_pub, reason = "shared by several test binaries")]

#[path = "../../../daemon/tests/common/outside.rs"]
pub mod outside;
pub mod terminal;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

/// Answers each line with the next reply of its script, whatever connection it comes on. When the
/// script is over it hangs up.
pub struct Daemon {
    pub directory: TempDir,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Daemon {
    /// `replies` are whole lines without the newline.
    pub fn playing<S: Into<String>>(replies: impl IntoIterator<Item = S>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("admin.sock")).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut script = replies.into_iter().map(Into::into).collect::<Vec<_>>().into_iter();
        let record = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming() {
                serve(&stream.unwrap(), &mut script, &record);
            }
        });
        Self { directory, seen }
    }

    /// Replies `result` once.
    pub fn done(result: &Value) -> Self {
        Self::playing([ok(result)])
    }

    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("admin.sock")
    }

    /// What it was sent, in order.
    pub fn requests(&self) -> Vec<Value> {
        self.seen.lock().unwrap().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The binary, set to use this daemon; nothing else is in its environment.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = binary(arguments);
        command.env("PHOTOPRISM_ADMIN_SOCKET", self.socket());
        command
    }

    /// Runs the words of `line`, separated by blanks, without a terminal.
    pub fn run(&self, line: &str) -> Output {
        output(&mut self.command(line.split_whitespace()))
    }
}

fn serve(
    stream: &UnixStream,
    script: &mut impl Iterator<Item = String>,
    seen: &Mutex<Vec<String>>,
) {
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        seen.lock().unwrap().push(line);
        let Some(reply) = script.next() else { return };
        if (&*stream).write_all(format!("{reply}\n").as_bytes()).is_err() {
            return;
        }
    }
}

/// What a run left behind.
#[derive(Debug)]
pub struct Output {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Output {
    /// The `error` object on standard error, which must be all that is there.
    pub fn error(&self) -> Value {
        let line: Value = serde_json::from_str(&self.err).expect(&self.err);
        line["error"].clone()
    }
}

/// The binary with an empty environment and nothing on standard input.
pub fn binary<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_photoprism"));
    outside::clear_env(&mut command).args(arguments).stdin(Stdio::null());
    command
}

pub fn output(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    Output {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs with that text on standard input, a pipe.
pub fn output_with_input(command: &mut Command, input: &str) -> Output {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, input).unwrap();
    output(command.stdin(std::fs::File::open(file).unwrap()))
}

pub fn ok(result: &Value) -> String {
    json!({"id": null, "ok": true, "result": result}).to_string()
}

pub fn refused(code: &str, message: &str) -> String {
    json!({"id": null, "ok": false, "error": {"code": code, "message": message}}).to_string()
}

/// A page of a list.
pub fn page(items: &[Value], next: Option<&str>) -> String {
    ok(&json!({"items": items, "next": next}))
}

pub fn golden(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    std::fs::read_to_string(&path).expect(name)
}

/// The accounts of the fixture as the daemon writes them: the system rows first.
pub fn accounts() -> Vec<Value> {
    serde_json::from_str(&golden("users.json")).unwrap()
}

/// One of them.
pub fn account(name: &str) -> Value {
    accounts().into_iter().find(|user| user["name"] == name).expect(name)
}

/// The sessions of the fixture as the daemon writes them.
pub fn sessions() -> Vec<Value> {
    serde_json::from_str(&golden("sessions.json")).unwrap()
}

/// One of them, by its reference id.
pub fn session(id: &str) -> Value {
    sessions().into_iter().find(|session| session["id"] == id).expect(id)
}
