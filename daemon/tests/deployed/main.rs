//! The ways in which it is deployed, each for real: containers, and
//! beside PhotoPrism's container. The commands are those of the README, as they stand there.
//!
//! Needs root, static release binaries (`.ci/run` builds them), and a small Debian that
//! `.ci/rootfs` makes from a mirror; Docker with Compose. What lacks is said.

mod beside;
#[path = "../readme/blocks.rs"]
#[expect(dead_code, reason = "the sections of others")]
mod blocks;
mod built;
mod checkout;
mod docker;
mod gate;
mod own;
#[path = "../readme/settled.rs"]
mod settled;
mod shell;
mod tour;

use std::io::{Write, stderr};

/// Says that a test did not run, past the test runner, which keeps what a good test prints.
fn skipped(why: &str) {
    stderr().write_all(format!("skipped: {why}\n").as_bytes()).unwrap();
}
