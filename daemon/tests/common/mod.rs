//! The real daemon in a private folder, and clients of its socket.
//!
//! Each test binary says `pub mod common;` at its root: a process that plays another user is the
//! same binary, asked for the test `common::peer::helper`. Where it uses only a part of this, it
//! adds `#[expect(dead_code, reason = "…")]` there.

pub mod client;
pub mod home;
pub mod json;
pub mod peer;
pub mod running;

use std::time::Duration;

/// How long anything may take before a test gives it up; never waited for in full.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Says that a test did not run.
#[expect(clippy::print_stderr, reason = "a test that did not run must say so")]
pub fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// Whether other users can be played.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}
