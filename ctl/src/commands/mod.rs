//! One file per noun: its flags, its requests, its output. A new noun is a file and a line in each
//! of the two lists below.

pub(crate) mod admin;
pub(crate) mod auth;
pub(crate) mod checked;
pub(crate) mod each;
pub(crate) mod identifier;
pub(crate) mod listing;
pub(crate) mod logins;
pub(crate) mod passwd;
mod stakes;
pub(crate) mod users;

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;

/// The first word of a command line.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Noun {
    /// Change or remove the password of an account
    Passwd(passwd::Passwd),
    /// Manage accounts
    #[command(visible_alias = "user")]
    Users(Box<users::Users>),
    /// Show login attempts, lift bans
    #[command(visible_alias = "audit")]
    Logins(logins::Logins),
    /// Manage sessions, app passwords and access tokens
    #[command(visible_alias = "sess")]
    Auth(auth::Auth),
    /// Manage the daemon itself
    Admin(admin::Admin),
}

impl Noun {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        match self {
            Self::Passwd(command) => command.run(context),
            Self::Users(verb) => verb.run(context),
            Self::Logins(verb) => verb.run(context),
            Self::Auth(verb) => verb.run(context),
            Self::Admin(verb) => verb.run(context),
        }
    }
}
