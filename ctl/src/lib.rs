//! The control binary `photoprism`, in the order in which a command line meets its modules, and
//! `photoprism-gate`.
//!
//! A library so that the writers can be fuzzed and the command tree be printed; it is not an API.

mod cli;
mod client;
pub mod clock;
mod commands;
mod connection;
mod context;
mod decode;
mod error;
mod escape;
mod exit;
mod flags;
pub mod gate;
mod interrupt;
mod new_file;
mod output;
pub mod panic;
mod passthrough;
mod password;
mod paths;
mod prompt;
pub mod report;
mod socket;
mod tree;

use std::ffi::OsString;
use std::mem::ManuallyDrop;

use clap::{CommandFactory, FromArgMatches};
use nix::sys::prctl::set_dumpable;

use crate::cli::Cli;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::interrupt::Interrupt;

/// A whole run: arguments, the program's name first, to exit code.
pub fn run(arguments: Vec<OsString>) -> Exit {
    let json = cli::wants_json(&arguments);
    panic::on_panic(json, || {});
    match passthrough::replace(&arguments).and_then(|()| execute(arguments, json)) {
        Ok(()) => Exit::Done,
        Err(error) => {
            error.report(json);
            error.exit()
        }
    }
}

fn execute(arguments: Vec<OsString>, json: bool) -> Result<(), CliError> {
    // No core dump, and no other process of this user reads the memory: there are passwords in it.
    // PhotoPrism's own program, where one is started, does not inherit that.
    set_dumpable(false).map_err(|why| CliError::System("cannot forbid core dumps", why.into()))?;
    let interrupt = Interrupt::install()?;
    let arguments =
        if arguments.len() > 1 { arguments } else { vec!["photoprism".into(), "-h".into()] };
    match parse(&arguments) {
        Ok(cli) => {
            let mut context = Context::new(&cli.global, interrupt, json, cli::command);
            cli.noun.run(&mut context)?;
            context.finish();
            Ok(())
        }
        Err(error) => {
            passthrough::replace_below(&error, &arguments)?;
            cli::help_or_failure(error, &arguments)
        }
    }
}

/// As [`Cli::try_parse_from`], but the tree of commands stays: taking it apart before the process
/// ends anyway costs a fifteenth of a run.
fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let tree = Cli::command();
    // Help wraps on a terminal; elsewhere a line is a line.
    let terminal = report::terminal_width().is_some();
    let mut tree = ManuallyDrop::new(if terminal { tree } else { tree.term_width(0) });
    let mut found = tree.try_get_matches_from_mut(arguments)?;
    Cli::from_arg_matches_mut(&mut found).map_err(|error| error.format(&mut tree))
}
