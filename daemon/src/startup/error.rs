//! Why the daemon ends with an exit code other than 0.

use std::process::ExitCode;

use crate::config::ConfigError;
use crate::socket::SocketError;
use crate::store::{Db, OpenError, StoreError, faulty_file};

/// Exit code of a failure at run time.
const FAILED: u8 = 1;

/// Exit code where another daemon owns the socket or the database.
const HELD: u8 = 73;

/// A message for people and the exit code.
#[derive(Debug)]
pub(super) struct StartupError {
    message: String,
    code: u8,
}

impl StartupError {
    /// The error of a system call.
    pub(super) fn running(error: impl std::fmt::Display) -> Self {
        Self { message: error.to_string(), code: FAILED }
    }

    /// The error of reading an open database, with its path and what to do.
    pub(super) fn reading(db: &Db) -> impl Fn(StoreError) -> Self {
        |error| OpenError::reading(&faulty_file(db, &error), error).into()
    }

    /// The daemon's own message with its code.
    pub(super) fn new(message: impl Into<String>, code: u8) -> Self {
        Self { message: message.into(), code }
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// Whether another daemon has what is needed.
    pub(super) const fn is_held(&self) -> bool {
        self.code == HELD
    }

    /// Writes it to standard error.
    pub(super) fn report(&self) -> ExitCode {
        crate::log::report_fatal(&self.message, self.code);
        ExitCode::from(self.code)
    }
}

impl From<ConfigError> for StartupError {
    fn from(error: ConfigError) -> Self {
        Self { message: error.to_string(), code: error.exit_code() }
    }
}

impl From<SocketError> for StartupError {
    fn from(error: SocketError) -> Self {
        Self { message: error.to_string(), code: error.exit_code() }
    }
}

impl From<OpenError> for StartupError {
    fn from(error: OpenError) -> Self {
        Self { message: error.to_string(), code: error.exit_code() }
    }
}
