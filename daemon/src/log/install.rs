//! Sets up the log and installs it.

use std::ffi::OsString;
use std::io::{self, stderr};
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tracing::span::{Attributes, Id, Record as Values};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

use super::line::{LogFormat, Style};
use super::queue::{Now, Queue};
use super::record::{PLAIN, REPEATED, Record};

/// How long the end of the process waits for the reader of the log.
const ENDING: Duration = Duration::from_secs(2);

/// The least severe level that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl From<LogLevel> for Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub format: LogFormat,
    /// The least severe level that is written.
    pub level: LogLevel,
    /// Begin a line of text with the priority for journald; see [`started_by_systemd`].
    pub priorities: bool,
}

/// Changes the level while the daemon runs.
#[derive(Clone, Debug)]
pub(crate) struct Handle(Arc<AtomicU8>);

impl Handle {
    /// Applies from the next record on.
    pub(crate) fn set_level(&self, level: LogLevel) {
        self.0.store(rank(level.into()), Ordering::Relaxed);
    }

    fn is_enabled(&self, meta: &Metadata<'_>) -> bool {
        meta.target() == PLAIN || rank(*meta.level()) <= self.0.load(Ordering::Relaxed)
    }
}

/// The log that is installed.
static LOG: OnceLock<(Queue, LogFormat)> = OnceLock::new();

/// Writes why the daemon ends: as a record where the log is in JSON, as a plain line in text and
/// before there is a log.
pub(crate) fn report_fatal(message: &str, exit_code: u8) {
    settle();
    match LOG.get() {
        Some((_, LogFormat::Json)) => tracing::error!(exit_code, "{message}"),
        Some((_, LogFormat::Text)) => tracing::error!(target: PLAIN, "photoprismd: {message}"),
        None => {
            let line = format!("photoprismd: {}\n", super::escape(message));
            // If standard error is gone, there is no other place to report to.
            let _ = nix::unistd::write(stderr(), line.as_bytes());
        }
    }
}

/// Logs what was counted, so that the records that end the log come after it.
pub(crate) fn settle() {
    if let Some((queue, _)) = LOG.get() {
        queue.settle();
    }
}

/// Waits for a short while until everything is written, because the process ends.
pub(crate) fn flush() {
    if let Some((queue, _)) = LOG.get() {
        queue.flush(ENDING);
    }
}

/// Ends the process at once, except that the log is written first.
pub(crate) fn exit(code: i32) -> ! {
    flush();
    std::process::exit(code)
}

/// Installs the log for the whole process, panics included: for those it logs the location and not
/// the message, which may contain what was being processed. A second call changes nothing.
///
/// # Errors
/// The thread that writes could not be started.
pub(crate) fn init(options: Options, now: Now) -> io::Result<Handle> {
    let (lines, handle) = lines(options, now);
    let queue = lines.queue.clone();
    if tracing::subscriber::set_global_default(lines).is_ok() {
        queue.start(stderr())?;
        let _ = LOG.set((queue, options.format));
        std::panic::set_hook(Box::new(|info| {
            let at = info.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(target: REPEATED, at, "panic: a fault of the daemon");
        }));
    }
    Ok(handle)
}

fn lines(options: Options, now: Now) -> (Lines, Handle) {
    let handle = Handle(Arc::new(AtomicU8::new(rank(options.level.into()))));
    let Options { format, priorities, .. } = options;
    let queue = Queue::new(Style { format, priorities }, now);
    (Lines { gate: handle.clone(), queue, now }, handle)
}

/// Turns each record into a line. The daemon uses no spans.
struct Lines {
    gate: Handle,
    queue: Queue,
    now: Now,
}

impl Subscriber for Lines {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        // The level may change.
        Interest::sometimes()
    }

    fn enabled(&self, meta: &Metadata<'_>) -> bool {
        meta.is_event() && self.gate.is_enabled(meta)
    }

    fn event(&self, event: &Event<'_>) {
        self.queue.add(&Record::of(event, (self.now)()));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Values<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The contents of the ready line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ready {
    pub socket: String,
    /// Where there is one.
    pub auth_socket: Option<String>,
    pub database: String,
    /// `own` or `photoprism`, or `photoprism, not there yet`.
    pub kind: &'static str,
    /// Accounts in it.
    pub accounts: u64,
}

/// Logs that the daemon is ready, whatever the level: one line in text, the same with its parts as
/// fields in JSON.
pub(crate) fn ready(ready: &Ready) {
    let Ready { socket, auth_socket, database, kind, accounts } = ready;
    let auth_socket = auth_socket.as_deref();
    let auth = auth_socket.map_or_else(String::new, |path| format!(" auth-socket={path}"));
    tracing::info!(
        target: PLAIN, socket, auth_socket, database, kind, accounts,
        "ready: socket={socket} database={database} ({kind}) accounts={accounts}{auth}"
    );
}

/// Whether standard error goes to journald (`JOURNAL_STREAM`) or, without that variable, systemd
/// started this very process: a child of a service inherits the variables, but its lines may go
/// elsewhere.
pub(crate) fn started_by_systemd(env: &dyn Fn(&str) -> Option<OsString>, pid: u32) -> bool {
    let text = |name: &str| env(name).and_then(|text| text.into_string().ok());
    if let Some(stream) = text("JOURNAL_STREAM") {
        let found = std::fs::metadata("/proc/self/fd/2");
        return found.is_ok_and(|found| stream == format!("{}:{}", found.dev(), found.ino()));
    }
    let is_own = text("SYSTEMD_EXEC_PID").is_none_or(|started| started == pid.to_string());
    text("INVOCATION_ID").is_some_and(|id| !id.is_empty()) && is_own
}

const fn rank(level: Level) -> u8 {
    match level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG => 4,
        Level::TRACE => 5,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::super::escape::is_escaped;
    use super::*;

    /// A line as the ready line is: in text with nothing before it, whatever the level.
    fn plain(line: &str) {
        tracing::info!(target: PLAIN, "{line}");
    }

    /// What `work` logs, at level info and 08:00 on a day.
    fn logged(format: LogFormat, priorities: bool, work: impl FnOnce(&Handle)) -> String {
        let now = || jiff::Timestamp::from_millisecond(1_795_507_200_007).unwrap();
        let options = Options { format, level: LogLevel::Info, priorities };
        let (lines, handle) = lines(options, now);
        let queue = lines.queue.clone();
        tracing::subscriber::with_default(lines, || work(&handle));
        let (mut reader, writer) = std::io::pipe().unwrap();
        queue.start(writer).unwrap();
        queue.flush(Duration::from_mins(1));
        let mut text = vec![0; 65536];
        let count = reader.read(&mut text).unwrap();
        text.truncate(count);
        String::from_utf8(text).unwrap()
    }

    const HARM: &str =
        "x\n2026-01-01T00:00:00.000Z INFO login ok\r\u{1b}[2J\u{202e}\u{2028}\u{85}\0";

    #[test]
    fn a_line_of_text_has_time_level_message_and_fields() {
        let text = logged(LogFormat::Text, false, |_| {
            let (ip, user) = ("192.0.2.1", "o'neil \"x\"");
            tracing::info!(ip = %ip, user, reason = "wrong password", "login refused");
        });
        assert_eq!(
            text,
            "2026-11-24T08:00:00.007Z INFO login refused ip=192.0.2.1 user=\"o'neil \\\"x\\\"\" \
             reason=\"wrong password\"\n"
        );
    }

    #[test]
    fn strangers_cannot_forge_a_line_or_move_the_cursor() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let text = logged(format, true, |_| {
                tracing::info!(user = HARM, "login ok");
                tracing::info!(user = %HARM, "login ok");
                tracing::info!(user = ?HARM, "login ok");
                tracing::warn!("message {HARM}");
                plain(HARM);
                let (socket, database) = (HARM.to_owned(), HARM.to_owned());
                let auth_socket = Some(HARM.to_owned());
                ready(&Ready { socket, auth_socket, database, kind: "own", accounts: 1 });
            });
            assert_eq!(text.lines().count(), 6, "{text}");
            let bad = text.chars().find(|one| *one != '\n' && is_escaped(*one));
            assert_eq!(bad, None, "{text}");
            assert!(text.lines().all(|line| line.starts_with(['<', '{'])), "{text}");
        }
    }

    #[test]
    fn json_keeps_the_text_itself() {
        let text = logged(LogFormat::Json, true, |_| tracing::warn!(user = HARM, n = 7, "hello"));
        let record: serde_json::Value = serde_json::from_str(&text).unwrap();
        let wanted = serde_json::json!({
            "timestamp": "2026-11-24T08:00:00.007Z", "level": "WARN", "message": "hello",
            "user": HARM, "n": 7,
        });
        assert_eq!(record, wanted);
    }

    fn log_ready(_: &Handle) {
        let (socket, database) = ("/run/a.sock".into(), "/var/a.db".into());
        let (auth_socket, kind) = (None, "photoprism, not there yet");
        ready(&Ready { socket, auth_socket, database, kind, accounts: 0 });
    }

    #[test]
    fn the_ready_line_has_nothing_before_it() {
        let line = "ready: socket=/run/a.sock database=/var/a.db (photoprism, not there yet) \
                    accounts=0";
        assert_eq!(logged(LogFormat::Text, false, log_ready), format!("{line}\n"));
        assert_eq!(logged(LogFormat::Text, true, log_ready), format!("<6>{line}\n"));
        let text = logged(LogFormat::Json, true, log_ready);
        let record: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(record["message"], line);
        assert_eq!(record["socket"], "/run/a.sock");
        assert_eq!(record["kind"], "photoprism, not there yet");
        assert_eq!(record["accounts"], 0);
    }

    #[test]
    fn the_level_changes_at_run_time_and_never_hides_a_plain_line() {
        let text = logged(LogFormat::Text, false, |handle| {
            let log = |when: &str| {
                tracing::error!("{when} error");
                tracing::info!("{when} info");
                tracing::debug!("{when} debug");
                plain(&format!("{when} plain"));
            };
            log("first");
            handle.set_level(LogLevel::Error);
            log("second");
            handle.set_level(LogLevel::Trace);
            log("third");
        });
        let seen: Vec<_> = text.lines().map(|line| line.rsplit("Z ").next().unwrap()).collect();
        assert_eq!(
            seen,
            [
                "ERROR first error",
                "INFO first info",
                "first plain",
                "ERROR second error",
                "second plain",
                "ERROR third error",
                "INFO third info",
                "DEBUG third debug",
                "third plain",
            ]
        );
    }

    #[test]
    fn priorities_are_those_of_syslog_and_of_text_only() {
        let log = |_: &Handle| {
            tracing::error!("a");
            tracing::warn!("b");
            tracing::info!("c");
        };
        let text = logged(LogFormat::Text, true, log);
        let starts: Vec<_> = text.lines().map(|line| &line[..8]).collect();
        assert_eq!(starts, ["<3>2026-", "<4>2026-", "<6>2026-"]);
        assert!(logged(LogFormat::Json, true, log).lines().all(|line| line.starts_with('{')));
    }

    #[test]
    fn systemd_is_known_by_its_variables() {
        let found = std::fs::metadata("/proc/self/fd/2").unwrap();
        let stream = format!("{}:{}", found.dev(), found.ino());
        let cases: [(&[(&str, &str)], bool); 7] = [
            (&[], false),
            (&[("JOURNAL_STREAM", &stream)], true),
            (&[("JOURNAL_STREAM", "1:1"), ("INVOCATION_ID", "a")], false),
            (&[("INVOCATION_ID", "a")], true),
            (&[("INVOCATION_ID", "")], false),
            (&[("INVOCATION_ID", "a"), ("SYSTEMD_EXEC_PID", "77")], true),
            (&[("INVOCATION_ID", "a"), ("SYSTEMD_EXEC_PID", "76")], false),
        ];
        for (variables, expected) in cases {
            let env = |name: &str| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).into())
            };
            assert_eq!(started_by_systemd(&env, 77), expected, "{variables:?}");
        }
    }
}
