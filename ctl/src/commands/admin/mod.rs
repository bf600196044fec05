//! `admin`: what concerns the daemon itself.

mod audit;
mod status;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// What to do with the daemon.
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Is the daemon well
    Status(status::Status),
    /// The record of every change
    #[command(subcommand)]
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
