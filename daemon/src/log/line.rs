//! Writes a record as one line, in text or JSON, of at most 4 KiB.

use std::fmt::Write;

use tracing::Level;

use super::escape::{CUT, push_escaped, push_json, push_quoted};
use super::record::{Record, Value};

/// Most bytes of a line, its newline included. A pipe accepts this much atomically (`PIPE_BUF`,
/// `pipe(7)`), and journald splits only lines of more than 48 KiB.
pub(super) const LINE_BYTES: usize = 4096;

/// Bytes reserved for the end of a line: the mark of a cut, a quote, a brace, the newline.
const END_BYTES: usize = CUT.len() + 3;

/// The format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Plain text lines.
    Text,
    /// One JSON object per line.
    Json,
}

/// How records become lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) format: LogFormat,
    /// Put the priority that journald understands before a line of text (`sd-daemon(3)`).
    pub(super) priorities: bool,
}

impl Style {
    /// The line with its newline.
    pub(super) fn line(self, record: &Record) -> Vec<u8> {
        let mut line = Line(String::with_capacity(160));
        match self.format {
            LogFormat::Text => self.text(record, &mut line),
            LogFormat::Json => json(record, &mut line),
        }
        line.0.push('\n');
        line.0.into_bytes()
    }

    /// `TIME LEVEL message name=value …`; strings among the values are quoted.
    fn text(self, record: &Record, line: &mut Line) {
        if self.priorities {
            line.0.push_str(priority(record.level));
        }
        if record.plain {
            return line.add(&record.message, push_escaped);
        }
        // Writing to a string cannot fail.
        let _ = write!(line.0, "{:.3} {} ", record.at, record.level);
        line.add(&record.message, push_escaped);
        for (name, value) in &record.fields {
            if !line.has_room(name.len() + 3) {
                return;
            }
            line.0.extend([" ", name, "="]);
            match value {
                Value::Shown(text) if is_several(text) => line.quote(text, push_quoted),
                Value::Bare(text) | Value::Shown(text) => line.add(text, push_escaped),
                Value::Quoted(text) => line.quote(text, push_quoted),
            }
        }
    }
}

/// An object with `timestamp`, `level`, `message` and the values.
fn json(record: &Record, line: &mut Line) {
    let (at, level) = (record.at, record.level);
    let _ = write!(line.0, "{{\"timestamp\":\"{at:.3}\",\"level\":\"{level}\",\"message\":");
    line.quote(&record.message, push_json);
    for (name, value) in &record.fields {
        // A number is never cut: it has 20 digits at most.
        if !line.has_room(name.len() + 25) {
            break;
        }
        line.0.extend([",\"", name, "\":"]);
        match value {
            Value::Bare(text) => line.0.push_str(text),
            Value::Shown(text) | Value::Quoted(text) => line.quote(text, push_json),
        }
    }
    line.0.push('}');
}

/// A line that grows up to its bound.
struct Line(String);

impl Line {
    const fn has_room(&self, bytes: usize) -> bool {
        self.0.len() + bytes + END_BYTES <= LINE_BYTES
    }

    /// Adds a text, each character as `push` writes it, while there is room: never part of a
    /// character.
    fn add(&mut self, text: &str, push: fn(&mut String, char)) {
        for character in text.chars() {
            let before = self.0.len();
            push(&mut self.0, character);
            if !self.has_room(0) {
                self.0.truncate(before);
                return self.0.push_str(CUT);
            }
        }
    }

    fn quote(&mut self, text: &str, push: fn(&mut String, char)) {
        self.0.push('"');
        self.add(text, push);
        self.0.push('"');
    }
}

/// Whether a text could be mistaken for more than one value of a line.
fn is_several(text: &str) -> bool {
    text.contains(|one: char| one.is_whitespace() || one == '"')
}

/// The priorities of `syslog(3)`.
const fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "<3>",
        Level::WARN => "<4>",
        Level::INFO => "<6>",
        Level::DEBUG | Level::TRACE => "<7>",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::escape::is_escaped;
    use super::*;

    const STYLES: [Style; 4] = [
        Style { format: LogFormat::Text, priorities: false },
        Style { format: LogFormat::Text, priorities: true },
        Style { format: LogFormat::Json, priorities: false },
        Style { format: LogFormat::Json, priorities: true },
    ];

    fn record(message: &str, values: &[Value]) -> Record {
        let at = jiff::Timestamp::from_millisecond(1_795_507_200_007).unwrap();
        let mut record = Record::new(at, Level::WARN, message.to_owned());
        record.fields = ["path", "user", "count", "a_very_long_name"]
            .into_iter()
            .zip(values.to_vec())
            .collect();
        record
    }

    fn check(record: &Record) {
        for style in STYLES {
            let line = String::from_utf8(style.line(record)).unwrap();
            assert!(line.len() <= LINE_BYTES, "{} bytes: {line}", line.len());
            let text = line.strip_suffix('\n').unwrap();
            assert!(!text.contains(is_escaped), "{text}");
            if style.format == LogFormat::Json {
                let object: serde_json::Value = serde_json::from_str(text).unwrap();
                assert_eq!(object["level"], "WARN");
            }
        }
    }

    /// Cuts at every position of an escape, for every length of what precedes it.
    #[test]
    fn no_line_is_longer_and_none_is_cut_within_a_character() {
        for unit in ["x", "\u{1}", "\u{202e}", "🙂", "\"", "\\", "\u{10ffff}"] {
            for pad in 0..16 {
                let long = format!("{}{}", "x".repeat(pad), unit.repeat(5000));
                let quoted = Value::Quoted(long.clone());
                check(&record("short", std::slice::from_ref(&quoted)));
                check(&record(&long, &[quoted, Value::Bare(u64::MAX.to_string())]));
                let text = STYLES[0].line(&record("short", &[Value::Quoted(long)]));
                let text = String::from_utf8(text).unwrap();
                assert!(text.ends_with("…\"\n"), "{text}");
                let inside = text.split_once("path=\"").unwrap().1.strip_suffix("…\"\n").unwrap();
                let mut once = String::new();
                unit.chars().for_each(|one| push_quoted(&mut once, one));
                assert_eq!(inside.trim_start_matches('x').replace(&once, ""), "", "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_is_logged_keeps_the_bound(
            message in "\\PC{0,50}|(?s).{0,3000}",
            values in proptest::collection::vec("(?s).{0,2500}", 0..4),
        ) {
            let values: Vec<_> = values.into_iter().map(Value::Quoted).collect();
            check(&record(&message, &values));
        }
    }
}
