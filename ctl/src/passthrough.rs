//! In PhotoPrism's own container: other commands go to PhotoPrism's own program.

use std::convert::Infallible;
use std::ffi::{CString, OsString};
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{io, iter};

use clap::error::{ContextKind, ContextValue};
use nix::unistd::execvp;
use signal_hook::consts::SIGPIPE;

use crate::cli;
use crate::error::CliError;
use crate::paths;

/// Names another program than the default one.
const VARIABLE: &str = "PHOTOPRISM_FALLBACK";

/// Where PhotoPrism's image has its program.
const DEFAULT_PROGRAM: &str = "/opt/photoprism/bin/photoprism";

/// Replaces this process where the first argument is not this program's and there is such a one;
/// arguments and environment stay as they are. Comes back where there is nothing to do.
///
/// # Errors
/// [`CliError::System`] where the program is there and cannot be started, [`CliError::Usage`] for a
/// path that cannot be meant as it is written.
pub(crate) fn replace(arguments: &[OsString]) -> Result<(), CliError> {
    let Some(first) = arguments.get(1) else { return Ok(()) };
    if cli::is_own(first) {
        return Ok(());
    }
    start(arguments)
}

/// The same for a word below a noun of this program that is not one of its verbs, `auth jwt`.
///
/// # Errors
/// As [`replace`].
pub(crate) fn replace_below(error: &clap::Error, arguments: &[OsString]) -> Result<(), CliError> {
    let [_, noun, word, ..] = arguments else { return Ok(()) };
    match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(unknown)) if word == &**unknown && noun != "help" => {
            start(arguments)
        }
        _ => Ok(()),
    }
}

/// Starts PhotoPrism's program in the place of this process, where there is one.
fn start(arguments: &[OsString]) -> Result<(), CliError> {
    let configured = std::env::var_os(VARIABLE);
    paths::check(configured.as_deref().unwrap_or_default().as_ref(), VARIABLE)?;
    match usable(program(configured)) {
        None => Ok(()),
        Some(program) => {
            let Err(error) = execute(program, &arguments[1..]);
            Err(CliError::System("cannot start the program of PHOTOPRISM_FALLBACK", error))
        }
    }
}

/// Replaces this process. `std::process::Command`, which can do more, would take 13 kB.
fn execute(program: PathBuf, arguments: &[OsString]) -> io::Result<Infallible> {
    // Rust ignores it, and what is ignored stays so in another program; a handler does not.
    signal_hook::flag::register(SIGPIPE, Arc::default())?;
    let words = iter::once(program.into_os_string()).chain(arguments.iter().cloned());
    let words = words.map(|word| CString::new(word.into_vec())).collect::<Result<Vec<_>, _>>()?;
    Ok(execvp(&words[0], &words)?)
}

/// The configured path. One without a slash is a file here, never a search through `PATH`.
fn program(configured: Option<OsString>) -> PathBuf {
    match configured.filter(|path| !path.is_empty()) {
        Some(path) => Path::new(".").join(path),
        None => DEFAULT_PROGRAM.into(),
    }
}

/// The program, unless it is missing or this very file by another path.
fn usable(program: PathBuf) -> Option<PathBuf> {
    let other = fs::metadata(&program).ok().filter(Metadata::is_file)?;
    // Where this file cannot be known, starting another could loop for ever.
    let own = fs::metadata("/proc/self/exe").ok()?;
    (identity(&other) != identity(&own)).then_some(program)
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_counts_as_none() {
        assert_eq!(program(None), Path::new(DEFAULT_PROGRAM));
        assert_eq!(program(Some("".into())), Path::new(DEFAULT_PROGRAM));
        assert_eq!(program(Some("/bin/other".into())), Path::new("/bin/other"));
        assert_eq!(program(Some("other".into())), Path::new("./other"));
    }

    #[test]
    fn itself_missing_and_directories_are_not_used() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("/proc/self/exe", &link).unwrap();
        assert_eq!(usable(link), None);
        assert_eq!(usable(directory.path().join("missing")), None);
        assert_eq!(usable(directory.path().into()), None);
        let other = directory.path().join("other");
        std::fs::write(&other, "").unwrap();
        assert_eq!(usable(other.clone()), Some(other));
    }
}
