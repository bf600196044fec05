//! `users.add`: a new account, or a deleted one that is restored.

use jiff::Timestamp;
use photoprism_protocol::display_name::DisplayName;
use photoprism_protocol::name::UserName;
use photoprism_protocol::provider::Provider;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::users::{self, AddTarget, OneUser};

use super::modify::apply_change;
use super::reload;
use super::taken::{refuse_taken, refuse_taken_auth_id};
use crate::accounts::account::{is_deleted, unknown_role};
use crate::accounts::bootstrap::new_user_defaults;
use crate::accounts::change::{check_fields, check_takes_password, takes_password};
use crate::accounts::password::PasswordRules;
use crate::accounts::properties::Properties;
use crate::accounts::stored_form::check_stored_form;
use crate::accounts::times;
use crate::error::CommandError;
use crate::handlers::context::{Context, Hashed, Outcome};
use crate::handlers::find::restore_hint;
use crate::handlers::write::{Key, WriteResult, run_write};
use crate::store::{NewUser, Tx, UserRow, password_set, user_by_name, user_insert, user_undelete};

/// A checked request.
#[derive(Debug)]
pub struct Add {
    name: UserName,
    restore: bool,
    given: Properties,
}

impl Add {
    /// Checks each argument by its own rule.
    pub fn parse(
        target: &AddTarget,
        fields: users::Fields,
        rules: &PasswordRules,
    ) -> Result<Self, CommandError> {
        let name =
            UserName::parse(&target.name).map_err(|rule| CommandError::invalid("name", &rule))?;
        let restore = target.restore.unwrap_or(false);
        let given = Properties::parse(fields, rules)?;
        if given.role.is_none() && !restore {
            return Err(role_missing());
        }
        Ok(Self { name, restore, given })
    }

    /// The password to hash before the transaction.
    pub const fn password(&self) -> Option<&Secret> {
        self.given.password.as_ref()
    }
}

fn role_missing() -> CommandError {
    CommandError::broken("role", "a new account needs a role: admin, user, viewer or guest")
}

/// Creates the account.
pub fn add(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    (request, hashed): (&Add, Option<&Hashed>),
) -> Result<Outcome, CommandError> {
    run_write(tx, context, key, || {
        let known = user_by_name(tx, request.name.as_str())?;
        let returning = known.as_ref().filter(|row| is_deleted(row) && request.restore);
        check_values(tx, request, returning)?;
        let uid = match (returning, &known) {
            (Some(row), _) => restore_deleted(tx, context, row, (request, hashed))?,
            (None, Some(row)) => return Err(taken(row)),
            (None, None) => {
                create_account(tx, context, (&request.name, &request.given), (hashed, true))?
            }
        };
        let (user, effect) = reload(tx, context, &uid)?;
        let mut written = WriteResult::new(uid.clone(), &OneUser { user })?.with_effects([effect]);
        written.password_of = hashed.map(|_| uid);
        written.warnings.extend(unknown_role(tx.kind(), request.given.role));
        Ok(written)
    })
}

/// Values that break a rule of this database come before a name that is taken.
fn check_values(
    tx: &Tx<'_>,
    request: &Add,
    returning: Option<&UserRow>,
) -> Result<(), CommandError> {
    let before = returning.cloned().unwrap_or_default();
    let mut after = UserRow { name: request.name.as_str().into(), ..before.clone() };
    request.given.apply(&mut after)?;
    check_stored_form(tx, &before, &after)
}

pub(super) fn taken(row: &UserRow) -> CommandError {
    CommandError::Exists {
        field: "name",
        message: format!("the name \"{}\" is taken", row.name).into(),
        hint: is_deleted(row).then(|| restore_hint(row).into()),
    }
}

/// Creates an account and returns its UID. An import may bring one without a password.
pub(super) fn create_account(
    tx: &Tx<'_>,
    context: &Context,
    (name, given): (&UserName, &Properties),
    (hashed, needed): (Option<&Hashed>, bool),
) -> Result<String, CommandError> {
    let before = UserRow::default();
    let mut after = UserRow {
        name: name.as_str().into(),
        display_name: DisplayName::default_for(name).as_str().into(),
        provider: Provider::Default.as_str().into(),
        can_login: true,
        ..UserRow::default()
    };
    given.apply(&mut after)?;
    check_stored_form(tx, &before, &after)?;
    refuse_taken(tx, &before, &after)?;
    if after.role.is_empty() {
        return Err(role_missing());
    }
    check_fields(tx.kind(), &before, &after, given)?;
    match hashed {
        None if needed && takes_password(&after) => return Err(password_missing()),
        None => {}
        Some(_) => check_takes_password(&after)?,
    }
    let new = new_user(after, context.now);
    user_insert(tx, &new)?;
    if let Some(hashed) = hashed {
        password_set(tx, &new.uid, &hashed.hash, &new.created_at)?;
    }
    Ok(new.uid)
}

fn password_missing() -> CommandError {
    CommandError::broken(
        "password",
        "an account with this provider needs a password; give one, or another provider",
    )
}

fn new_user(row: UserRow, now: Timestamp) -> NewUser {
    NewUser {
        name: row.name,
        display_name: row.display_name,
        email: row.email,
        role: row.role,
        provider: row.provider,
        auth_id: row.auth_id,
        auth_issuer: row.auth_issuer,
        super_admin: row.super_admin,
        can_login: row.can_login,
        webdav: row.webdav,
        base_path: row.base_path,
        upload_path: row.upload_path,
        attr: row.attr,
        expires_at: Some(row.expires_at).filter(|end| !end.is_empty()),
        ..new_user_defaults(now)
    }
}

fn restore_deleted(
    tx: &Tx<'_>,
    context: &Context,
    before: &UserRow,
    (request, hashed): (&Add, Option<&Hashed>),
) -> Result<String, CommandError> {
    let mut after = before.clone();
    request.given.apply(&mut after)?;
    check_stored_form(tx, before, &after)?;
    refuse_taken(tx, before, &after)?;
    refuse_taken_auth_id(tx, &after)?;
    check_fields(tx.kind(), before, &after, &request.given)?;
    if takes_password(&after) && hashed.is_none() && !before.has_password {
        return Err(password_missing());
    }
    user_undelete(tx, &before.uid, &times::format_stored(context.now))?;
    apply_change(tx, context, (before, &after), hashed)?;
    Ok(before.uid.clone())
}
