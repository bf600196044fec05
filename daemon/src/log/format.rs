//! A record as a line: text, or JSON, made safe as a whole before it is written.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::fmt::format::{DefaultFields, Writer};
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::config::LogFormat;

use super::escape::is_harmful;

/// Records of this target are a line by themselves in text: no time, no level, no fields.
pub(super) const PLAIN: &str = "plain";

/// Reads the clock.
pub(super) type Now = fn() -> jiff::Timestamp;

/// The time of a record: RFC 3339, UTC, milliseconds.
pub(super) struct Clock(pub(super) Now);

impl FormatTime for Clock {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "{:.3}", (self.0)())
    }
}

/// `TIME LEVEL message name=value …`; strings among the values are quoted.
pub(super) struct Text(pub(super) Clock);

impl<S> FormatEvent<S, DefaultFields> for Text
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, DefaultFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if event.metadata().target() == PLAIN {
            let mut message = Message(String::new());
            event.record(&mut message);
            return writeln!(writer, "{}", message.0);
        }
        self.0.format_time(&mut writer)?;
        write!(writer, " {} ", event.metadata().level())?;
        ctx.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

/// The message of a record and none of its fields.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

/// Where finished lines go, each with its newline. It cannot fail: nobody could be told.
pub(super) type Lines = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// Makes each record safe on its way out.
pub(super) struct Output {
    pub(super) lines: Lines,
    pub(super) format: LogFormat,
    /// Put the priority that journald understands before a line of text (`sd-daemon(3)`).
    pub(super) priorities: bool,
}

impl<'a> MakeWriter<'a> for Output {
    type Writer = Record<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Record { output: self, level: Level::INFO }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Self::Writer {
        Record { output: self, level: *meta.level() }
    }
}

/// The writer of one record; the formatter hands it over in one piece.
pub(super) struct Record<'a> {
    output: &'a Output,
    level: Level,
}

impl Write for Record<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let mut line = String::with_capacity(text.len() + 8);
        if self.output.priorities && self.output.format == LogFormat::Text {
            line.push_str(priority(self.level));
        }
        for character in text.chars() {
            match self.output.format {
                LogFormat::Text if is_harmful(character) => line.extend(character.escape_default()),
                // In JSON these stand inside strings only, and all of them have four digits.
                LogFormat::Json if is_harmful(character) => {
                    let _ = fmt::Write::write_fmt(
                        &mut line,
                        format_args!("\\u{:04x}", u32::from(character)),
                    );
                }
                LogFormat::Text | LogFormat::Json => line.push(character),
            }
        }
        line.push('\n');
        (self.output.lines)(line.as_bytes());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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
