//! `users.rename`: another name for an account that stays what it is.

use photoprism_protocol::name::UserName;
use photoprism_protocol::users::{self, RenameResult};

use super::add::taken;
use super::guard::refuse_system;
use super::now_shown;
use crate::accounts::stored_form::check_stored_form;
use crate::accounts::times;
use crate::error::CommandError;
use crate::handlers::context::{Context, Outcome};
use crate::handlers::find::{live_user, no_nul};
use crate::handlers::write::{Key, Written, surrounded};
use crate::store::{Tx, UserRow, user_by_name, user_rename};

/// A checked request.
#[derive(Debug)]
pub struct Rename {
    user: String,
    name: UserName,
}

impl Rename {
    /// Checks each argument by its own rule.
    ///
    /// # Errors
    /// `invalid_argument`.
    pub fn parse(args: users::Rename) -> Result<Self, CommandError> {
        no_nul("user", Some(&args.user))?;
        let name =
            UserName::parse(&args.name).map_err(|rule| CommandError::invalid("name", &rule))?;
        Ok(Self { user: args.user, name })
    }
}

/// Renames the account. Its UID, its display name, its folders and its sessions stay; records of
/// logins keep the name that was typed.
///
/// # Errors
/// `not_found`, `exists`, `conflict`, or the store's.
pub fn rename(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    request: &Rename,
) -> Result<Outcome, CommandError> {
    surrounded(tx, context, key, || {
        let found = live_user(tx, &request.user);
        let name = request.name.as_str();
        let nobody = UserRow::default();
        let before = found.as_ref().unwrap_or(&nobody);
        check_stored_form(tx, before, &UserRow { name: name.into(), ..before.clone() })?;
        let row = found?;
        if let Some(other) = user_by_name(tx, name)?
            && other.uid != row.uid
        {
            return Err(taken(&other));
        }
        refuse_system(&row)?;
        let differs = row.name != name;
        if differs {
            user_rename(tx, &row.uid, name, &times::to_stored(context.now))?;
        }
        let (user, changed) = now_shown(tx, context, &row.uid)?;
        let result =
            RenameResult { user, changed: differs.then(|| "name".into()).into_iter().collect() };
        Ok(Written::about(row.uid, &result)?.meaning([changed]))
    })
}
