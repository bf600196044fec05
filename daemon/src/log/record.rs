//! One record: its message and its values, each with a bound.

use std::fmt;

use jiff::Timestamp;
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use super::escape::{EXCERPT_CHARS, excerpt};

/// In text a record of this target is written as a bare line: no time, no level, no fields.
pub(super) const PLAIN: &str = "plain";

/// Records of this target are caused by a peer's requests, so that a peer can cause any number of
/// them: repeated ones are counted. The peer is the field `ip` or `uid`.
pub(crate) const REPEATED: &str = "repeated";

/// Most characters of the daemon's own texts.
const OWN_CHARS: usize = 2000;

/// Values that come from the daemon, its settings or the system. Every other value counts as a
/// stranger's.
const OWN: [&str; 7] =
    ["path", "socket", "database", "status", "error", "at", "waiting_for_a_restart"];

/// A value, already cut.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Value {
    /// A text, in quotes.
    Quoted(String),
    /// A value's `Display` text; quoted in JSON, and where it could be mistaken for several values.
    Shown(String),
    /// A number or a truth value.
    Bare(String),
}

/// A record before it is written as a line.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) at: Timestamp,
    pub(super) level: Level,
    pub(super) plain: bool,
    pub(super) repeated: bool,
    pub(super) message: String,
    pub(super) fields: Vec<(&'static str, Value)>,
}

impl Record {
    /// A record with nothing but a message.
    pub(super) const fn new(at: Timestamp, level: Level, message: String) -> Self {
        Self { at, level, plain: false, repeated: false, message, fields: Vec::new() }
    }

    pub(super) fn of(event: &Event<'_>, at: Timestamp) -> Self {
        let meta = event.metadata();
        let mut record = Self::new(at, *meta.level(), String::new());
        record.plain = meta.target() == PLAIN;
        record.repeated = meta.target() == REPEATED;
        event.record(&mut record);
        record
    }
}

fn chars_of(name: &str) -> usize {
    if OWN.contains(&name) { OWN_CHARS } else { EXCERPT_CHARS }
}

impl Visit for Record {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = excerpt(&format!("{value:?}"), OWN_CHARS).into_owned();
            return;
        }
        let text = excerpt(&format!("{value:?}"), chars_of(field.name())).into_owned();
        self.fields.push((field.name(), Value::Shown(text)));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let text = excerpt(value, chars_of(field.name())).into_owned();
        self.fields.push((field.name(), Value::Quoted(text)));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.fields.push((field.name(), Value::Bare(value.to_string())));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.fields.push((field.name(), Value::Bare(value.to_string())));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.push((field.name(), Value::Bare(value.to_string())));
    }
}
