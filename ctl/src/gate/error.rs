//! What ends a run before it has an answer.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::escape;

#[derive(Debug)]
pub(crate) enum GateError {
    /// Bad settings: which, and what to give.
    Settings(String),
    /// Something on this machine failed.
    Failed(String),
    /// Another program listens there.
    Occupied(String),
}

impl GateError {
    /// Prints it on standard error and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let (message, code) = match self {
            Self::Settings(message) => (message, 2),
            Self::Failed(message) => (message, 1),
            Self::Occupied(message) => (message, 73),
        };
        // Where standard error is gone nobody is left to read it.
        let _ = io::stderr().write_all(format!("error: {}\n", escape::line(message)).as_bytes());
        ExitCode::from(code)
    }
}
