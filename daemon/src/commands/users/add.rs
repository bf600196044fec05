//! `users.add`: a new account, or a deleted one that is restored.

use photoprism_protocol::display_name::DisplayName;
use photoprism_protocol::name::UserName;
use photoprism_protocol::provider;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::users::{self, AddTarget, OneUser};

use super::modify::apply_change;
use super::properties::Properties;
use super::reload;
use super::rules::{check_fields, check_stored_form, check_takes_password, unknown_role};
use super::taken::{refuse_taken, refuse_taken_auth_id};
use crate::commands::context::{Context, Hashed, Outcome};
use crate::commands::find::restore_hint;
use crate::commands::write::{Key, WriteResult, run_write};
use crate::error::CommandError;
use crate::model::{Account, NewAccount, PasswordRules, Provider, Role};
use crate::store::{Tx, account_by_name, account_insert, account_undelete, password_set};

/// A checked request.
#[derive(Debug)]
pub(crate) struct Add {
    name: UserName,
    restore: bool,
    given: Properties,
}

impl Add {
    /// Checks each argument by its own rule.
    pub(crate) fn parse(
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
    pub(crate) const fn password(&self) -> Option<&Secret> {
        self.given.password.as_ref()
    }
}

fn role_missing() -> CommandError {
    CommandError::broken("role", "a new account needs a role: admin, user, viewer or guest")
}

/// Creates the account.
pub(crate) fn add(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    (request, hashed): (&Add, Option<&Hashed>),
) -> Result<Outcome, CommandError> {
    run_write(tx, context, key, || {
        let known = account_by_name(tx, request.name.as_str())?;
        let returning = known.as_ref().filter(|row| row.is_deleted() && request.restore);
        check_values(tx, request, returning)?;
        let uid = match (returning, &known) {
            (Some(row), _) => restore_deleted(tx, context, row, (request, hashed))?,
            (None, Some(row)) => return Err(taken(row)),
            (None, None) => {
                create_account(tx, context, (&request.name, &request.given), (hashed, true))?.uid
            }
        };
        let (user, effect) = reload(tx, context, &uid)?;
        let mut written = WriteResult::new(uid.clone(), &OneUser { user })?.with_effects([effect]);
        written.password_of = hashed.map(|_| uid);
        written.warnings.extend(unknown_role(tx.kind().edition(), request.given.role));
        Ok(written)
    })
}

/// Values that break a rule of this database come before a name that is taken.
fn check_values(
    tx: &Tx<'_>,
    request: &Add,
    returning: Option<&Account>,
) -> Result<(), CommandError> {
    let before = returning.cloned().unwrap_or_default();
    let mut after = Account { name: request.name.as_str().into(), ..before.clone() };
    request.given.apply(&mut after)?;
    check_stored_form(tx, &before, &after)
}

pub(super) fn taken(row: &Account) -> CommandError {
    CommandError::Exists {
        field: "name",
        message: format!("the name \"{}\" is taken", row.name).into(),
        hint: row.is_deleted().then(|| restore_hint(row).into()),
    }
}

/// Creates an account. An import may bring one without a password.
pub(super) fn create_account(
    tx: &Tx<'_>,
    context: &Context,
    (name, given): (&UserName, &Properties),
    (hashed, needed): (Option<&Hashed>, bool),
) -> Result<Account, CommandError> {
    let before = Account::default();
    let mut after = Account {
        name: name.as_str().into(),
        display_name: DisplayName::default_for(name).as_str().into(),
        provider: Provider::Known(provider::Provider::Default),
        can_login: true,
        ..Account::default()
    };
    given.apply(&mut after)?;
    check_stored_form(tx, &before, &after)?;
    refuse_taken(tx, &before, &after)?;
    if after.role == Role::default() {
        return Err(role_missing());
    }
    check_fields(tx.kind(), &before, &after, given)?;
    match hashed {
        None if needed && after.provider.checks_password() => return Err(password_missing()),
        None => {}
        Some(_) => check_takes_password(&after)?,
    }
    let mut random = context.random;
    let new = NewAccount::generate(after, context.now, &mut random);
    account_insert(tx, &new)?;
    if let Some(hashed) = hashed {
        password_set(tx, &new.account.uid, &hashed.hash, context.now)?;
    }
    Ok(new.account)
}

fn password_missing() -> CommandError {
    CommandError::broken(
        "password",
        "an account with this provider needs a password; give one, or another provider",
    )
}

fn restore_deleted(
    tx: &Tx<'_>,
    context: &Context,
    before: &Account,
    (request, hashed): (&Add, Option<&Hashed>),
) -> Result<String, CommandError> {
    let mut after = before.clone();
    request.given.apply(&mut after)?;
    check_stored_form(tx, before, &after)?;
    refuse_taken(tx, before, &after)?;
    refuse_taken_auth_id(tx, &after)?;
    check_fields(tx.kind(), before, &after, &request.given)?;
    if after.provider.checks_password() && hashed.is_none() && !before.has_password {
        return Err(password_missing());
    }
    account_undelete(tx, &before.uid, context.now)?;
    apply_change(tx, context, (before, &after), hashed)?;
    Ok(before.uid.clone())
}
