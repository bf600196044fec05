//! `users.rename`: another name for an account that stays what it is.

use photoprism_protocol::name::UserName;
use photoprism_protocol::users::{self, RenameResult, UsersRename};

use super::add::taken;
use super::guard::ensure_changeable;
use super::reload;
use super::rules::check_stored_form;
use super::taken::refuse_lookalike;
use crate::commands::find::{live_user, refuse_nul};
use crate::commands::reply::Written;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::model::Account;
use crate::store::{Tx, account_by_name, account_rename};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.write::<UsersRename, _>(Rename::parse, rename).await
}

/// The checked arguments.
struct Rename {
    user: String,
    name: UserName,
}

impl Rename {
    fn parse(args: users::Rename) -> Result<Self, CommandError> {
        refuse_nul("user", Some(&args.user))?;
        let name =
            UserName::parse(&args.name).map_err(|rule| CommandError::invalid("name", &rule))?;
        Ok(Self { user: args.user, name })
    }
}

/// Renames the account. Its UID, its display name, its directories and its sessions stay; records
/// of logins keep the name that was typed.
fn rename(tx: &Tx<'_>, request: &Request<Rename>) -> Result<Written<RenameResult>, CommandError> {
    let (Rename { user, name }, now) = (&request.args, request.context.now);
    let found = live_user(tx, user);
    let name = name.as_str();
    let nobody = Account::default();
    let before = found.as_ref().unwrap_or(&nobody);
    check_stored_form(tx, before, &Account { name: name.into(), ..before.clone() })?;
    let row = found?;
    if let Some(other) = account_by_name(tx, name)?
        && other.uid != row.uid
    {
        return Err(taken(&other));
    }
    refuse_lookalike(tx, &row, &Account { name: name.into(), ..row.clone() })?;
    ensure_changeable(&row)?;
    let differs = row.name != name;
    if differs {
        account_rename(tx, &row, name, now)?;
    }
    let (user, changed) = reload(tx, &request.context, &row.uid)?;
    let result =
        RenameResult { user, changed: differs.then(|| "name".into()).into_iter().collect() };
    Ok(Written::new(row.uid, &result)?.with_effects([changed]))
}
