//! The log on standard error: lines of the daemon's form, written by a thread of its own, so that
//! somebody who reads them slowly or not at all stops nobody.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::panic;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::clock::{self, Deadline};
use crate::escape;

/// Lines that wait to be written.
const QUEUED: usize = 256;

/// Most lines within [`PERIOD`]: strangers can cause any number of them.
const MOST_LINES: u32 = 20;
const PERIOD: Duration = Duration::from_secs(1);

/// Most characters of a stranger's text in a line.
const EXCERPT_CHARS: usize = 200;

#[derive(Clone, Copy, Debug)]
enum Level {
    Info,
    Warn,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
        }
    }

    /// What journald understands (`sd-daemon(3)`).
    const fn priority(self) -> &'static str {
        match self {
            Self::Info => "<6>",
            Self::Warn => "<4>",
        }
    }
}

/// Where to log to. Clones share its bounds.
#[derive(Clone, Debug)]
pub(crate) struct Log(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    queue: SyncSender<Entry>,
    budget: Mutex<Budget>,
    /// Lines that were left out since the last that was not.
    left_out: AtomicU64,
    priorities: bool,
}

/// What the thread is sent.
#[derive(Debug)]
enum Entry {
    Line(String),
    /// Everything before it was written.
    Written(SyncSender<()>),
}

#[derive(Debug)]
struct Budget {
    until: Deadline,
    lines: u32,
}

impl Log {
    /// A log that a thread writes to standard error.
    ///
    /// # Errors
    /// Where there can be no thread.
    pub(crate) fn start() -> io::Result<Self> {
        let (log, lines) = Self::new(goes_to_journald());
        thread::Builder::new().name("log".into()).stack_size(64 * 1024).spawn(move || {
            for entry in lines {
                // Where standard error is gone nobody is left to read it.
                let _ = match entry {
                    Entry::Line(line) => io::stderr().write_all(line.as_bytes()),
                    Entry::Written(done) => done.try_send(()).map_err(io::Error::other),
                };
            }
        })?;
        Ok(log)
    }

    fn new(priorities: bool) -> (Self, Receiver<Entry>) {
        let (queue, lines) = sync_channel(QUEUED);
        let budget = Mutex::new(Budget { until: Deadline::after(PERIOD), lines: 0 });
        (Self(Arc::new(Inner { queue, budget, left_out: AtomicU64::new(0), priorities })), lines)
    }

    pub(crate) fn info(&self, message: &str) {
        self.line(Level::Info, message);
    }

    pub(crate) fn warn(&self, message: &str) {
        self.line(Level::Warn, message);
    }

    /// One line without time and level, whatever was logged before: other programs wait for it.
    pub(crate) fn plain(&self, message: &str) {
        let _ = self.0.queue.send(Entry::Line(format!("{}\n", escape::line(message))));
    }

    /// Waits until what was logged is written, but not for somebody who does not read it.
    pub(crate) fn finish(&self) {
        let (done, written) = sync_channel(1);
        if self.0.queue.try_send(Entry::Written(done)).is_ok() {
            let _ = written.recv_timeout(PERIOD);
        }
    }

    fn line(&self, level: Level, message: &str) {
        if !self.has_budget() {
            self.0.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let left_out = self.0.left_out.swap(0, Ordering::Relaxed);
        let priority = if self.0.priorities { level.priority() } else { "" };
        let (time, level) = (time(clock::now()), level.name());
        let mut line = format!("{priority}{time} {level} {}", escape::line(message));
        if left_out > 0 {
            // Writing to a String cannot fail.
            let _ = write!(line, " ({left_out} lines before it were left out)");
        }
        line.push('\n');
        if self.0.queue.try_send(Entry::Line(line)).is_err() {
            self.0.left_out.fetch_add(left_out + 1, Ordering::Relaxed);
        }
    }

    fn has_budget(&self) -> bool {
        let Ok(mut budget) = self.0.budget.lock() else { return false };
        if budget.until.remaining().is_none() {
            *budget = Budget { until: Deadline::after(PERIOD), lines: 0 };
        }
        budget.lines += 1;
        budget.lines <= MOST_LINES
    }
}

/// A stranger's text in quotes, cut.
pub(crate) fn quoted(text: &str) -> String {
    let mut cut: String = text.chars().take(EXCERPT_CHARS).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    format!("{cut:?}")
}

/// A panic ends its thread, and so one connection at most. What is printed is where it happened:
/// its message could contain anything.
pub(crate) fn on_panic() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
        let place = place.unwrap_or_default();
        let text = format!("error: a fault of this program, please report it: {place}\n");
        let _ = io::stderr().write_all(text.as_bytes());
    }));
}

/// Whether standard error is a connection to journald, which reads priorities (`systemd.exec(5)`).
fn goes_to_journald() -> bool {
    let Ok(named) = std::env::var("JOURNAL_STREAM") else { return false };
    let found = std::fs::metadata("/proc/self/fd/2");
    found.is_ok_and(|found| named == format!("{}:{}", found.dev(), found.ino()))
}

/// RFC 3339 in UTC with milliseconds.
fn time(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    // Years that begin in March, so that a leap day is the last one; 719,468 days before 1970 a
    // period of 400 of them began.
    let day = days + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!(
        "{:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        era * 400 + year + next,
        second / 3_600,
        second / 60 % 60,
        second % 60,
        since.subsec_millis()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (951_868_799, "2000-02-29T23:59:59.000Z"),
            (1_795_515_571, "2026-11-24T10:19:31.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(time(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }

    fn text(entry: Entry) -> String {
        match entry {
            Entry::Line(line) => line,
            Entry::Written(_) => panic!("nobody waits"),
        }
    }

    #[test]
    fn strangers_cannot_fill_the_log_nor_forge_a_line() {
        let (log, lines) = Log::new(false);
        for _ in 0..10_000 {
            log.warn("a\nb\u{1b}[31m");
        }
        let written: Vec<_> = lines.try_iter().map(text).collect();
        assert!(written.len() <= 2 * MOST_LINES as usize, "{}", written.len());
        assert!(written.iter().all(|line| line.ends_with(" WARN a\\nb\\u{1b}[31m\n")));
        assert_eq!(quoted("a\"\n"), "\"a\\\"\\n\"");
        assert_eq!(quoted(&"ä".repeat(500)).chars().count(), EXCERPT_CHARS + 3);
    }

    #[test]
    fn a_log_that_nobody_reads_stops_nobody() {
        let (log, lines) = Log::new(true);
        for _ in 0..QUEUED {
            log.0.queue.try_send(Entry::Line(String::new())).unwrap();
        }
        log.info("left out");
        drop(lines.try_iter().collect::<Vec<_>>());
        log.info("written");
        let line = text(lines.try_recv().unwrap());
        assert!(line.starts_with("<6>") && line.contains("(1 lines before"), "{line}");
    }
}
