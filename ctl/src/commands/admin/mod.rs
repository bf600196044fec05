//! `admin`: what concerns the daemon itself.

mod audit;
mod status;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// Examples of the noun's long help.
pub const EXAMPLES: &str = "\
Examples:
  photoprism admin status         is the daemon well
  photoprism admin audit ls       who changed what
  photoprism admin audit verify   is that record whole";

/// What to do with the daemon.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Admin {
    /// Is the daemon well
    Status(status::Status),
    /// The record of every change
    #[command(subcommand, after_long_help = audit::EXAMPLES)]
    Audit(audit::Audit),
}

impl Admin {
    /// Carries it out.
    ///
    /// # Errors
    /// Why it was not done.
    pub fn run(self, context: &mut Context) -> Result<(), Failure> {
        match self {
            Self::Status(command) => command.run(context),
            Self::Audit(verb) => verb.run(context),
        }
    }
}
