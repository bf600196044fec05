//! One noun a file: its flags, its request, its words. A new noun is a file and a line in each of
//! the two lists below.

pub mod admin;
pub mod listing;
pub mod passwd;
pub mod pending;
pub mod users;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// The first word of a command line.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Noun {
    /// Change or remove the password of an account
    Passwd(passwd::Passwd),
    /// Manage accounts
    #[command(subcommand, visible_alias = "user", after_long_help = users::EXAMPLES)]
    Users(Box<users::Users>),
    /// Login attempts (not built yet)
    #[command(alias = "audit")]
    Logins(pending::Pending),
    /// Sessions, app passwords and access tokens (not built yet)
    #[command(visible_alias = "sess")]
    Auth(pending::Pending),
    /// Look after the daemon itself
    #[command(subcommand, after_long_help = admin::EXAMPLES)]
    Admin(admin::Admin),
}

impl Noun {
    /// Carries it out.
    ///
    /// # Errors
    /// Why it was not done.
    pub fn run(self, context: &mut Context) -> Result<(), Failure> {
        match self {
            Self::Passwd(command) => command.run(context),
            Self::Users(verb) => verb.run(context),
            Self::Logins(command) => command.run("logins"),
            Self::Auth(command) => command.run("auth"),
            Self::Admin(verb) => verb.run(context),
        }
    }
}
