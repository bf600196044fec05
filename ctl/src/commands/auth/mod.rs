//! `auth`: sessions, app passwords and access tokens.

mod add;
mod ls;
mod reset;
mod rm;
mod show;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::error::CliError;

const EXAMPLES: &str = "\
Examples:
  photoprism auth ls                              list the sessions
  photoprism auth add -n Sync -s webdav admin     an app password for admin
  photoprism auth add -n Metrics -s metrics       an access token not tied to a user
  photoprism auth rm sessabcd0123                 end a session";

/// Manage sessions, app passwords and access tokens
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Auth {
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do with sessions.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// List sessions of users and clients, most recently active first
    #[command(alias = "list")]
    Ls(ls::Ls),
    /// Create an app password, or without a user name an access token
    #[command(alias = "create")]
    Add(add::Add),
    /// Show all properties of a session
    #[command(alias = "info")]
    Show(show::Show),
    /// End sessions, delete app passwords and access tokens
    #[command(aliases = ["delete", "remove", "revoke"])]
    Rm(rm::Rm),
    /// End every session, delete all app passwords and access tokens
    #[command(alias = "clear")]
    Reset(reset::Reset),
}

impl Auth {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        match self.verb {
            Verb::Ls(command) => command.run(context),
            Verb::Add(command) => command.run(context),
            Verb::Show(command) => command.run(context),
            Verb::Rm(command) => command.run(context),
            Verb::Reset(command) => command.run(context),
        }
    }
}
