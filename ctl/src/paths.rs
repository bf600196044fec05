//! Paths that a flag, an argument or a variable names.

use std::path::Path;

use photoprism_protocol::setting_path::check_path;

use crate::error::CliError;

/// Refuses a path that cannot be meant as it is written: with the carriage return of a file with
/// Windows line ends behind it, say. `source` is the flag or the variable that gave it.
pub(crate) fn check(path: &Path, source: &str) -> Result<(), CliError> {
    check_path(path.as_os_str())
        .map_err(|rule| CliError::Usage(format!("the path of {source} {rule}")))
}
