//! Why the daemon ends with another exit code than 0.

use std::process::ExitCode;

use crate::config::ConfigError;
use crate::socket::SocketError;
use crate::store::OpenError;

/// Exit code where something failed while running.
const FAILED: u8 = 1;

/// A message for people and the exit code of `spec/daemon.md`.
#[derive(Debug)]
pub(super) struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// Something that the system refused.
    pub(super) fn running(error: impl std::fmt::Display) -> Self {
        Self { message: error.to_string(), code: FAILED }
    }

    /// A message of our own with its code.
    pub(super) fn new(message: impl Into<String>, code: u8) -> Self {
        Self { message: message.into(), code }
    }

    /// Says it on standard error, where somebody reads that.
    pub(super) fn report(&self) -> ExitCode {
        crate::log::report_fatal(&self.message, self.code);
        ExitCode::from(self.code)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self { message: error.to_string(), code: error.exit_code() }
    }
}

impl From<SocketError> for Failure {
    fn from(error: SocketError) -> Self {
        Self { message: error.to_string(), code: error.exit_code() }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self { message: error.to_string(), code: error.exit_code() }
    }
}
