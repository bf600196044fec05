//! What PhotoPrism's container has in its environment.

use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, posix_spawnp};
use nix::sys::stat::Mode;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::pipe2;
use zeroize::Zeroizing;

use super::refused::refused;
use crate::error::CliError;

/// The variables of PhotoPrism's database, as a file of variables for Compose.
///
/// # Errors
/// Where PhotoPrism does not run, or a value cannot be written there.
pub(super) fn database_variables(
    files: &str,
    separator: char,
) -> Result<Zeroizing<String>, CliError> {
    let mut words = vec!["docker", "compose"];
    for file in files.split(separator) {
        words.extend(["-f", file]);
    }
    words.extend(["exec", "-T", "photoprism", "env"]);
    let printed = printed_by(&words).map_err(|error| CliError::System("docker", error.into()))?;
    let Some(printed) = printed else {
        return Err(refused(&[
            "docker compose exec photoprism env failed; PhotoPrism has to run, since its variables \
             of the database are read there",
        ]));
    };
    let mut text = Zeroizing::new(String::with_capacity(printed.len() * 2));
    for line in printed.lines().filter(|line| line.starts_with("PHOTOPRISM_DATABASE_")) {
        let Some((name, value)) = line.split_once('=') else { continue };
        if value.contains('\'') {
            return Err(refused(&[
                "the value of ",
                name,
                " has a ' in it, which Compose's files of variables cannot have everywhere; write \
                 photoprism-admin.env yourself",
            ]));
        }
        text.extend([name, "='", value, "'\n"]);
    }
    if text.is_empty() {
        return Err(refused(&["PhotoPrism's container has no variables PHOTOPRISM_DATABASE_…"]));
    }
    Ok(text)
}

/// Runs a program and reads what it prints; `None` where it fails, and has said why. The standard
/// library's `Command` would take 13 kB.
fn printed_by(words: &[&str]) -> Result<Option<Zeroizing<String>>, Errno> {
    let (from, to) = pipe2(OFlag::O_CLOEXEC)?;
    let mut actions = PosixSpawnFileActions::init()?;
    actions.add_open(0, "/dev/null", OFlag::O_RDONLY, Mode::empty())?;
    actions.add_dup2(to.as_raw_fd(), 1)?;
    let mut arguments = Vec::new();
    for word in words {
        arguments.push(c_string((*word).into())?);
    }
    let mut variables = Vec::new();
    for (mut name, value) in std::env::vars_os() {
        name.push("=");
        name.push(value);
        variables.push(c_string(name)?);
    }
    let attributes = PosixSpawnAttr::init()?;
    let child = posix_spawnp(c"docker", &actions, &attributes, &arguments, &variables)?;
    drop(to);
    let mut printed = Zeroizing::new(String::with_capacity(1 << 16));
    let read = File::from(from).read_to_string(&mut printed);
    let ended = waitpid(child, None)?;
    Ok((read.is_ok() && matches!(ended, WaitStatus::Exited(_, 0))).then_some(printed))
}

fn c_string(text: OsString) -> Result<CString, Errno> {
    CString::new(text.into_vec()).map_err(|_| Errno::EINVAL)
}
