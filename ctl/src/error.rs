//! Everything that ends a run early: its exit code and its message.

use std::io::{self, Write};

use photoprism_protocol::error::{ErrorCode, ReplyError};
use serde::Serialize;

use crate::escape;
use crate::exit::Exit;

/// Why a run ends early.
#[derive(Debug)]
pub enum CliError {
    /// Bad flags or values, or input needed and no terminal: one message that names the flag.
    Usage(String),
    /// A command line that clap refused: the message, and the page that it wrote.
    CommandLine(String, String),
    /// The person said no, or gave nothing.
    Cancelled(&'static str),
    /// Ctrl-C: what was and what was not done.
    Interrupted(&'static str),
    /// No daemon: every path that was tried and how to start one.
    NoDaemon(String),
    /// No permission on the socket file: whose it is and what to do.
    NoPermission(String),
    /// The deadline of `--timeout` passed.
    Timeout(String),
    /// An invalid reply, or none.
    BadReply(String),
    /// The daemon said no.
    Refused(ReplyError),
    /// This program itself failed.
    Internal(String),
    /// Something on this machine failed: what, and the system's error.
    System(&'static str, io::Error),
    /// Nobody reads the output any more.
    ClosedPipe,
    /// Reported already; only the exit code is left.
    Reported(Exit),
}

impl CliError {
    /// Wraps a failed write to standard output.
    pub fn output(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ClosedPipe,
            _ => Self::System("cannot write to standard output", error),
        }
    }

    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::CommandLine(..) => Exit::Usage,
            Self::Cancelled(_) | Self::Internal(_) | Self::System(..) => Exit::Failed,
            Self::Interrupted(_) => Exit::Interrupted,
            Self::NoDaemon(_) => Exit::NoDaemon,
            Self::NoPermission(_) => Exit::NoPermission,
            Self::Timeout(_) => Exit::TryAgain,
            Self::BadReply(_) => Exit::DaemonFault,
            Self::Refused(error) => ErrorCode::parse(&error.code).map_or(Exit::Failed, Exit::from),
            Self::ClosedPipe => Exit::Done,
            Self::Reported(exit) => *exit,
        }
    }

    /// Whether the daemon refused with that code.
    pub fn is(&self, code: ErrorCode) -> bool {
        matches!(self, Self::Refused(error) if error.code == code.name())
    }

    /// Whether the daemon refused the value of that argument.
    pub fn is_about(&self, field: &str) -> bool {
        self.is(ErrorCode::InvalidArgument)
            && matches!(self, Self::Refused(error) if error.field.as_deref() == Some(field))
    }

    /// What the daemon would refuse.
    pub fn refused(code: ErrorCode, message: String, hint: Option<String>) -> Self {
        let (code, field, retry_after_s) = (code.name().into(), None, None);
        Self::Refused(ReplyError { code, message, field, retry_after_s, hint })
    }

    /// The message alone; empty where it was reported already.
    pub fn message(&self) -> String {
        self.error().map(|error| error.message).unwrap_or_default()
    }

    /// Prints it on standard error: a message, or with `--json` one object on one line.
    pub fn report(&self, json: bool) {
        let Some(error) = self.error() else { return };
        let text = if json { object(&error) } else { self.messages(&error) };
        // Where standard error is gone nobody is left to read it.
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// The `error` object; `None` where there is nothing to report.
    fn error(&self) -> Option<ReplyError> {
        let own = |code: &str, message: &str| {
            let (code, message) = (code.into(), message.into());
            Some(ReplyError { code, message, field: None, retry_after_s: None, hint: None })
        };
        match self {
            Self::Usage(message) | Self::CommandLine(message, _) => own("usage", message),
            Self::Cancelled(message) | Self::Interrupted(message) => own("cancelled", message),
            Self::NoDaemon(message) => own("no_daemon", message),
            Self::NoPermission(message) => own("no_permission", message),
            Self::Timeout(message) => own("timeout", message),
            Self::BadReply(message) => own("bad_reply", message),
            Self::Refused(error) => Some(error.clone()),
            Self::Internal(message) => own("failed", message),
            Self::System(what, error) => own("failed", &format!("{what}: {error}")),
            Self::ClosedPipe | Self::Reported(_) => None,
        }
    }

    fn messages(&self, error: &ReplyError) -> String {
        if let Self::CommandLine(_, text) = self {
            return escape::lines(text).into_owned();
        }
        let wait = error.retry_after_s.map(|seconds| format!("; try again in {seconds} s"));
        let hint = error.hint.as_ref().map(|hint| format!("\nhint: {}", escape::line(hint)));
        format!(
            "error: {}{}{}\n",
            escape::line(&error.message),
            wait.unwrap_or_default(),
            hint.unwrap_or_default()
        )
    }
}

fn object(error: &ReplyError) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        error: &'a ReplyError,
    }
    let text = serde_json::to_string(&Line { error }).unwrap_or_default();
    format!("{}\n", escape::json(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> CliError {
        CliError::Refused(ReplyError {
            code: code.into(),
            message: "no\u{1b}[2J\nerror: forged".into(),
            field: Some("name".into()),
            retry_after_s: Some(7),
            hint: Some("wait\r".into()),
        })
    }

    #[test]
    fn own_failures_have_the_numbers_of_the_documentation() {
        let text = String::new;
        for (error, number) in [
            (CliError::Usage(text()), 2),
            (CliError::CommandLine(text(), text()), 2),
            (CliError::Cancelled(""), 1),
            (CliError::Interrupted(""), 130),
            (CliError::NoDaemon(text()), 69),
            (CliError::NoPermission(text()), 77),
            (CliError::Timeout(text()), 75),
            (CliError::BadReply(text()), 70),
            (CliError::Internal(text()), 1),
            (CliError::output(io::ErrorKind::StorageFull.into()), 1),
            (CliError::output(io::ErrorKind::BrokenPipe.into()), 0),
            (CliError::Reported(Exit::NotFound), 3),
            (refused("conflict"), 5),
            (refused("a_code_of_tomorrow"), 1),
        ] {
            assert_eq!(error.exit().number(), number, "{error:?}");
        }
    }

    #[test]
    fn messages_of_the_daemon_cannot_forge_lines() {
        let error = refused("busy");
        let text = error.messages(&error.error().unwrap());
        assert_eq!(text, "error: no\\u{1b}[2J\\nerror: forged; try again in 7 s\nhint: wait\\r\n");
    }

    #[test]
    fn json_keeps_every_key_of_the_error() {
        let text = object(&refused("busy").error().unwrap());
        assert_eq!(
            text,
            "{\"error\":{\"code\":\"busy\",\"message\":\"no\\u001b[2J\\nerror: forged\",\
             \"field\":\"name\",\"retry_after_s\":7,\"hint\":\"wait\\r\"}}\n"
        );
    }
}
