//! `photoprism-gate`: a proxy or another program asks it whether somebody may pass. It has the auth
//! socket of the daemon and nothing else, so it can check who somebody is and change nothing.

mod address;
mod ask;
mod cli;
mod daemon;
mod error;
mod input;
mod log;
mod pipe;
mod rclone;
mod serve;
mod settings;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use nix::sys::prctl::set_dumpable;

use self::cli::{Cli, Mode};
use self::error::GateError;

/// A whole run: arguments, the program's name first, to exit code.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    log::on_panic();
    // Help and version end the process here, as does a bad command line: exit code 2.
    let cli = Cli::parse_from(arguments);
    execute(cli).unwrap_or_else(|error| error.report())
}

fn execute(cli: Cli) -> Result<ExitCode, GateError> {
    // No core dump, and no other process of this user reads the memory: there are passwords in it.
    set_dumpable(false)
        .map_err(|why| GateError::Failed(format!("cannot forbid core dumps: {why}")))?;
    match cli.mode {
        Mode::Serve(flags) => serve::run(flags),
        Mode::Pipe(flags) => pipe::run(flags),
        Mode::Rclone(flags) => rclone::run(flags),
    }
}
