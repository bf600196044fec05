//! Faults inside: panics, a stalled database thread, queues that are full.

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "other binaries use the rest of the harness")]
mod common;

mod panics;
mod queues;
mod stalled_daemon;
mod stalls;
