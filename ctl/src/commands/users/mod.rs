//! `users`: accounts.

mod add;
mod fields;
mod legacy;
mod ls;
mod modify;
mod reset;
mod restore;
mod rm;
mod show;
mod twofa;
mod why;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// Examples of the noun's long help.
pub const EXAMPLES: &str = "\
Examples:
  photoprism users ls                 list the accounts
  photoprism users add bob            add one, its password is asked for
  photoprism users mod -r guest bob   change its role
  photoprism users rm bob             delete it
  photoprism users restore bob        bring it back
  photoprism users why bob            why bob cannot log in
  photoprism users 2fa enroll bob     two-factor authentication";

/// What to do with accounts.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Users {
    /// List accounts
    Ls(ls::Ls),
    /// List accounts of the legacy table
    Legacy(legacy::Legacy),
    /// Add an account
    Add(add::Add),
    /// Show all properties of an account
    Show(show::Show),
    /// Change properties of an account
    Mod(modify::Mod),
    /// Delete accounts; they can be restored
    Rm(rm::Rm),
    /// Restore a deleted account
    Restore(restore::Restore),
    /// Remove all accounts and reset the user tables
    Reset(reset::Reset),
    /// Tell why somebody cannot log in
    Why(why::Why),
    /// Two-factor authentication of an account
    #[command(name = "2fa", subcommand, after_long_help = twofa::EXAMPLES)]
    TwoFactor(twofa::TwoFactor),
}

impl Users {
    /// Carries it out.
    ///
    /// # Errors
    /// Why it was not done.
    pub fn run(self, context: &mut Context) -> Result<(), Failure> {
        match self {
            Self::Ls(command) => command.run(context),
            Self::Legacy(command) => command.run(context),
            Self::Add(command) => command.run(context),
            Self::Show(command) => command.run(context),
            Self::Mod(command) => command.run(context),
            Self::Rm(command) => command.run(context),
            Self::Restore(command) => command.run(context),
            Self::Reset(command) => command.run(context),
            Self::Why(command) => command.run(context),
            Self::TwoFactor(verb) => verb.run(context),
        }
    }
}
