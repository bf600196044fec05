//! `users.why`: why can this person not log in?

use serde::{Deserialize, Serialize};

use crate::command::{Command, CommandName};
use crate::logins::Entry;
use crate::users::{Target, User};

/// A reason why a login is refused, or needs more than the password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reason {
    /// `deleted`, `expired`, `provider`, `no_name`, `login_off`, `role_unknown`, `no_password`,
    /// `two_factor`, `account_limited` or `address_limited`.
    pub code: String,
    /// One message for people.
    pub message: String,
    /// The command that fixes it; `None` where only time does.
    pub command: Option<String>,
    /// It ends by itself then, RFC 3339.
    pub until: Option<String>,
    /// Whether it blocks the login. `two_factor` does not: the password works, and a code is
    /// asked for as well.
    pub blocks: bool,
}

/// Result of `users.why`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WhyResult {
    /// The account.
    pub user: User,
    /// The account can log in with the right password.
    pub can_log_in: bool,
    /// All reasons that hold now.
    pub reasons: Vec<Reason>,
    /// The latest attempts under that name, newest first, at most 10.
    pub attempts: Vec<Entry>,
}

pub struct UsersWhy;

impl Command for UsersWhy {
    const NAME: CommandName = CommandName::UsersWhy;
    type Args = Target;
    type Reply = WhyResult;
}
