//! The real daemon in a private folder, and clients of its socket.
//!
//! Each test binary says `mod common;` at its root: a process that plays another user is the
//! same binary, asked for the test `common::peer::helper`. Where it uses only a part of this, it
//! adds `#[expect(dead_code, reason = "…")]` there.

pub(crate) mod client;
pub(crate) mod home;
pub(crate) mod json;
pub(crate) mod peer;
pub(crate) mod running;

use std::time::Duration;

/// How long anything may take before a test gives it up; never waited for in full.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Says that a test did not run.
#[expect(clippy::print_stderr, reason = "a test that did not run must say so")]
pub(crate) fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// Whether other users can be played.
pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}
