//! What is refused, with what to do.

use std::io;

use crate::error::CliError;

/// A message in pieces: a `format!` of each would take more of the binary.
pub(super) fn refused(parts: &[&str]) -> CliError {
    CliError::Internal(parts.concat())
}

/// A file that cannot be read.
pub(super) fn unreadable(name: &str, error: &io::Error) -> CliError {
    refused(&["cannot read ", name, ": ", &error.to_string()])
}
