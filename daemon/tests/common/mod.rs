//! The real daemon in a private directory, and clients of its socket.
//!
//! Each test binary says `mod common;` at its root: a process that plays another user is the
//! same binary, asked for the test `common::peer::helper`. Where it uses only a part of this, it
//! adds `#[expect(dead_code, reason = "…")]` there.

pub(crate) mod client;
#[path = "../mariadb/copies.rs"]
pub(crate) mod copies;
pub(crate) mod database;
pub(crate) mod json;
pub(crate) mod outside;
pub(crate) mod peer;
pub(crate) mod running;
mod schemas;
#[path = "../mariadb/server.rs"]
pub(crate) mod server;
pub(crate) mod test_daemon;

use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long anything may take before a test gives it up; never waited for in full.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(1);

/// What a program printed that must end by itself. One that does not is killed, and a test that
/// checks its exit code fails: a suite must not wait for it forever.
pub(crate) fn run_to_end(command: &mut Command) -> Output {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let pid = Pid::from_raw(child.id().cast_signed());
    let (ended, end) = mpsc::channel::<()>();
    let guard = std::thread::spawn(move || {
        if end.recv_timeout(TIMEOUT) == Err(mpsc::RecvTimeoutError::Timeout) {
            kill(pid, Signal::SIGKILL).unwrap();
        }
    });
    let output = child.wait_with_output().unwrap();
    drop(ended);
    guard.join().unwrap();
    output
}

/// Says that a test did not run.
pub(crate) fn skipped(why: &str) {
    outside::skipped(why);
}

/// Whether other users can be played.
pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}
