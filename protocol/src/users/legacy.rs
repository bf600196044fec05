//! `users.legacy` and `users.adopt`: the accounts of the table that PhotoPrism had before.

use serde::{Deserialize, Serialize};

use super::User;
use crate::command::{Command, CommandName};
use crate::list::{Page, Search};

/// An account of the legacy table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Legacy {
    pub id: i64,
    pub uid: String,
    pub name: String,
    pub user_name: String,
    pub email: String,
    pub admin: bool,
    pub created_at: Option<String>,
}

/// Arguments of `users.adopt`: names, or all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Adopt {
    /// Names or UIDs of legacy accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// Only report what would be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

/// What became of one legacy account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Adopted {
    /// Its name as it was given, or as it is stored.
    pub name: String,
    /// `adopted`, `exists`, `refused` or `not_found`.
    pub outcome: String,
    /// Why not, or what is still to do.
    pub message: Option<String>,
    /// The account that it became, or would become.
    pub user: Option<User>,
}

/// Result of `users.adopt`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdoptResult {
    pub dry_run: bool,
    /// How many were adopted, or would be.
    pub adopted: u64,
    /// One by one, in the order of the names or of the legacy ids.
    pub accounts: Vec<Adopted>,
}

pub struct UsersLegacy;

impl Command for UsersLegacy {
    const NAME: CommandName = CommandName::UsersLegacy;
    type Args = Search;
    type Reply = Page<Legacy>;
}

pub struct UsersAdopt;

impl Command for UsersAdopt {
    const NAME: CommandName = CommandName::UsersAdopt;
    type Args = Adopt;
    type Reply = AdoptResult;
}
