//! Defences that can be switched off, so that a harness can be seen to find what they prevent.
//!
//! `photoprismd` never switches one off: only `examples/faulty.rs` does, which the tests start in
//! its place.

use std::sync::atomic::{AtomicU8, Ordering};

/// A defence that is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fault {
    /// Writes are acknowledged before their commit.
    AcknowledgeEarly = 1,
    /// `synchronous=NORMAL`: commits are not synced.
    SyncSeldom = 2,
    /// Every `users.restore` panics in its handler.
    PanicInRestore = 3,
    /// Each write waits for a byte on standard input inside its transaction.
    Stall = 4,
}

impl Fault {
    /// Every fault with the word that `examples/faulty.rs` knows it by.
    pub const ALL: [(&'static str, Self); 4] = [
        ("acknowledge-early", Self::AcknowledgeEarly),
        ("sync-seldom", Self::SyncSeldom),
        ("panic-in-restore", Self::PanicInRestore),
        ("stall", Self::Stall),
    ];
}

static OFF: AtomicU8 = AtomicU8::new(0);

/// Switches one defence off for the rest of the process.
pub fn switch_off(fault: Fault) {
    OFF.store(fault as u8, Ordering::Relaxed);
}

/// Whether that defence is off.
pub(crate) fn is_off(fault: Fault) -> bool {
    OFF.load(Ordering::Relaxed) == fault as u8
}
