//! `logins`: login attempts.

mod clear;
mod follow;
mod ls;
pub mod rows;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// Examples of the noun's long help.
pub const EXAMPLES: &str = "\
Examples:
  photoprism logins ls                     the newest 100 attempts
  photoprism logins ls --failed --since 2h what failed in the last two hours
  photoprism logins ls --follow            new attempts as they come
  photoprism logins clear --user bob       bob may try again at once";

/// What to do with login attempts.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Logins {
    /// List login attempts, newest first
    #[command(visible_alias = "logins")]
    Ls(Box<ls::Ls>),
    /// Clear records, counters and bans
    #[command(visible_alias = "reset")]
    Clear(clear::Clear),
}

impl Logins {
    /// Carries it out.
    ///
    /// # Errors
    /// Why it was not done.
    pub fn run(self, context: &mut Context) -> Result<(), Failure> {
        match self {
            Self::Ls(command) => command.run(context),
            Self::Clear(command) => command.run(context),
        }
    }
}
