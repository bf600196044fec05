//! `admin backup`: copies of the accounts, and the way back.

mod create;
mod fetch;
mod file;
mod ls;
mod moved;
mod prune;
mod restore;
mod rm;
mod verify;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::error::CliError;

const EXAMPLES: &str = "\
Examples:
  photoprism admin backup create          create one
  photoprism admin backup ls              list those that there are
  photoprism admin backup verify          are they whole
  photoprism admin backup restore FILE    bring its accounts back
  photoprism admin backup rm FILE         delete it
  photoprism admin backup prune --keep 7  delete all but the newest
  photoprism admin backup fetch -o accounts.db FILE

Backups hold password hashes and the keys of two-factor authentication. They are in `backups/`
next to the database of the daemon.";

/// Create and restore backups of the accounts
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Backup {
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do with backups.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Make a backup of the accounts
    #[command(alias = "add")]
    Create(create::Create),
    /// List backups, newest first
    #[command(alias = "list")]
    Ls(ls::Ls),
    /// Check that backups are whole
    Verify(verify::Verify),
    /// Put the accounts of a backup in place of those that there are
    Restore(restore::Restore),
    /// Delete a backup
    #[command(aliases = ["delete", "remove"])]
    Rm(rm::Rm),
    /// Delete all but the newest manual backups
    Prune(prune::Prune),
    /// Write a backup to a file of this machine
    Fetch(fetch::Fetch),
}

impl Backup {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        match self.verb {
            Verb::Create(command) => command.run(context),
            Verb::Ls(command) => command.run(context),
            Verb::Verify(command) => command.run(context),
            Verb::Restore(command) => command.run(context),
            Verb::Rm(command) => command.run(context),
            Verb::Prune(command) => command.run(context),
            Verb::Fetch(command) => command.run(context),
        }
    }
}
