//! The log on standard error: one record a line, in text or JSON.
//!
//! Text from strangers cannot end a line, move the cursor or turn the text. A standard error that
//! is closed, full or read by nobody loses records and never stops the daemon.

mod escape;
mod format;
mod install;
mod sink;

pub use escape::escape;
pub use install::{Handle, Options, Ready, init, last_words, plain, ready, started_by_systemd};
