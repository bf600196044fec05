//! `users 2fa`: two-factor authentication of an account.

mod confirm;
mod disable;
mod enroll;
mod qr;
mod recovery;
mod show;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::error::CliError;

const EXAMPLES: &str = "\
Examples:
  photoprism users 2fa enroll bob           creates a key for the authenticator app
  photoprism users 2fa confirm bob 123456   turns it on, with a first code of the app
  photoprism users 2fa show bob             is it on
  photoprism users 2fa disable bob          turns it off";

/// Two-factor authentication of an account
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct TwoFactor {
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do with the second factor.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Show whether it is on
    #[command(alias = "info")]
    Show(show::Show),
    /// Create a key for an authenticator app
    Enroll(enroll::Enroll),
    /// Turn it on with a first code of the app
    Confirm(confirm::Confirm),
    /// Turn it off and delete the key
    Disable(disable::Disable),
    /// Create a new recovery code; the old one stops working
    Recovery(recovery::Recovery),
}

impl TwoFactor {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        match self.verb {
            Verb::Show(command) => command.run(context),
            Verb::Enroll(command) => command.run(context),
            Verb::Confirm(command) => command.run(context),
            Verb::Disable(command) => command.run(context),
            Verb::Recovery(command) => command.run(context),
        }
    }
}
