//! The log on standard error: one record per line, in text or JSON.
//!
//! Text from strangers is cut and escaped where a record is built from it, and nowhere else: it
//! cannot end a line, move the cursor, change the direction of text or fill the log. Records that a
//! peer causes repeatedly are counted. A thread of its own writes: a standard error that is closed,
//! full, or read slowly or not at all loses records and never stops the daemon.

mod escape;
mod install;
mod line;
mod queue;
mod record;
mod repeats;

pub(crate) use escape::escape;
pub(crate) use install::{
    Handle, LogLevel, Options, Ready, exit, flush, init, ready, report_fatal, settle,
    started_by_systemd,
};
pub(crate) use line::LogFormat;
pub(crate) use record::REPEATED;
