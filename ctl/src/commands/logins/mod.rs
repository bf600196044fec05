//! `logins`: login attempts.

mod clear;
mod follow;
mod ls;
pub(crate) mod rows;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::error::CliError;

const EXAMPLES: &str = "\
Examples:
  photoprism logins ls                     the newest 100 attempts
  photoprism logins ls --failed --since 2h what failed in the last two hours
  photoprism logins ls --follow            new attempts as they come
  photoprism logins clear --user bob       bob may try again at once";

/// Show login attempts, lift bans
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Logins {
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do with login attempts.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// List login attempts, newest first
    #[command(visible_alias = "logins", alias = "list")]
    Ls(Box<ls::Ls>),
    /// Clear records, counters and bans
    #[command(visible_alias = "reset")]
    Clear(clear::Clear),
}

impl Logins {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        match self.verb {
            Verb::Ls(command) => command.run(context),
            Verb::Clear(command) => command.run(context),
        }
    }
}
