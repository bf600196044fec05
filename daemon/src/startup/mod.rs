//! From arguments to a daemon that serves, and to its end.

mod accounts;
mod build;
mod check;
mod database_lock;
mod ended;
mod error;
mod fill_index;
mod first_start;
mod hash_durations;
mod housekeeping;
mod lock_wait;
mod periodic_backups;
mod running;
mod serve;
mod sockets;

use std::ffi::OsString;
use std::process::ExitCode;

use self::error::StartupError;
use crate::config::{Process, Start, load};
use crate::log;
use crate::process;
use crate::socket::systemd;
use crate::store::server_tables;

/// Starts the daemon, serves until a stop is requested, and returns the exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let _last = LastRecords;
    match try_run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}

/// Dropped at the end of the daemon, even after a panic: writes what was logged before.
struct LastRecords;

impl Drop for LastRecords {
    fn drop(&mut self) {
        log::flush();
    }
}

fn try_run(args: impl IntoIterator<Item = OsString>) -> Result<(), StartupError> {
    process::harden().map_err(StartupError::running)?;
    let passed = systemd::passed()?;
    let env = environment;
    match load(args, &Process::current(&env, passed.admin.is_some()))? {
        Start::Print(text) => check::print(&text),
        Start::PrintSchema => check::print(&server_tables()),
        Start::Check(loaded) => check::check(&loaded),
        Start::Run(loaded) => serve::serve(build::build(loaded, passed)?),
    }
}

/// The only reader of the environment; `config` ignores empty variables.
fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
