//! `users`: accounts.

mod accounts_file;
mod add;
mod adopt;
mod apply;
mod export;
mod fields;
mod import;
mod legacy;
mod ls;
mod modify;
mod parts;
mod rename;
mod reset;
mod restore;
mod rm;
mod show;
mod transfer;
mod twofa;
mod why;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::error::CliError;

const EXAMPLES: &str = "\
Examples:
  photoprism users ls                 list the accounts
  photoprism users add bob            add one, its password is asked for
  photoprism users mod -r guest bob   change its role
  photoprism users rename bob rob     give it another name
  photoprism users rm bob             delete it
  photoprism users restore bob        bring it back
  photoprism users why bob            why bob cannot log in
  photoprism users export             export all of them, for users import
  photoprism users apply -f FILE      create and change them as a file says
  photoprism users 2fa enroll bob     two-factor authentication";

/// Manage accounts
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Users {
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do with accounts.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// List accounts
    #[command(alias = "list")]
    Ls(ls::Ls),
    /// List accounts of the legacy table
    Legacy(legacy::Legacy),
    /// Create accounts from the legacy table of an old PhotoPrism
    Adopt(adopt::Adopt),
    /// Add an account
    #[command(alias = "create")]
    Add(add::Add),
    /// Show all properties of an account
    #[command(alias = "info")]
    Show(show::Show),
    /// Change properties of an account
    #[command(alias = "edit")]
    Mod(modify::Mod),
    /// Give an account another name
    Rename(rename::Rename),
    /// Delete accounts; they can be restored
    #[command(aliases = ["delete", "remove"])]
    Rm(rm::Rm),
    /// Restore a deleted account
    Restore(restore::Restore),
    /// Remove all accounts and reset the user tables
    Reset(reset::Reset),
    /// Export accounts, one JSON object per line
    Export(export::Export),
    /// Create accounts from a file: CSV, JSON, TOML or htpasswd
    Import(import::Import),
    /// Create and change accounts as a file declares them
    Apply(apply::Apply),
    /// Show why an account cannot log in
    Why(why::Why),
    /// Two-factor authentication of an account
    #[command(name = "2fa")]
    TwoFactor(twofa::TwoFactor),
}

impl Users {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        match self.verb {
            Verb::Ls(command) => command.run(context),
            Verb::Legacy(command) => command.run(context),
            Verb::Adopt(command) => command.run(context),
            Verb::Add(command) => command.run(context),
            Verb::Show(command) => command.run(context),
            Verb::Mod(command) => command.run(context),
            Verb::Rename(command) => command.run(context),
            Verb::Rm(command) => command.run(context),
            Verb::Restore(command) => command.run(context),
            Verb::Reset(command) => command.run(context),
            Verb::Export(command) => command.run(context),
            Verb::Import(command) => command.run(context),
            Verb::Apply(command) => command.run(context),
            Verb::Why(command) => command.run(context),
            Verb::TwoFactor(verb) => verb.run(context),
        }
    }
}
