//! `users.add`: a new account, or a deleted one that is restored.

use photoprism_protocol::display_name::DisplayName;
use photoprism_protocol::name::UserName;
use photoprism_protocol::provider;
use photoprism_protocol::users::{self, OneUser, UsersAdd};

use super::guard::ensure_changeable;
use super::modify::apply_change;
use super::reload;
use super::rules::{
    check_fields, check_stored_form, check_takes_password, expired_already, unknown_role,
};
use super::taken::refuse_taken;
use crate::commands::find::restore_hint;
use crate::commands::properties::Properties;
use crate::commands::reply::Written;
use crate::commands::request::{Context, Hashed, Request};
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::model::{Account, NewAccount, PasswordRules, Provider, Role};
use crate::store::{
    StoreError, Tx, account_by_name, account_insert, account_undelete, password_set,
};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.write::<UsersAdd, _>(|args| Add::parse(args, &runner.app.rules), add).await
}

/// The checked arguments.
struct Add {
    name: UserName,
    restore: bool,
    given: Properties,
}

impl Add {
    fn parse(args: users::Add, rules: &PasswordRules) -> Result<Self, CommandError> {
        let users::Add { target, fields } = args;
        let name =
            UserName::parse(&target.name).map_err(|rule| CommandError::invalid("name", &rule))?;
        let restore = target.restore.unwrap_or(false);
        let given = Properties::parse(fields, rules)?;
        if given.role.is_none() && !restore {
            return Err(role_missing(""));
        }
        Ok(Self { name, restore, given })
    }
}

/// `how` says in addition where to give it.
pub(in crate::commands) fn role_missing(how: &str) -> CommandError {
    let message = format!("a new account needs a role: admin, user, viewer or guest{how}");
    CommandError::broken("role", message)
}

/// Creates the account.
fn add(tx: &Tx<'_>, request: &Request<Add>) -> Result<Written<OneUser>, CommandError> {
    let (Add { name, restore, given }, context) = (&request.args, &request.context);
    let hashed = request.password.as_ref();
    let known = account_by_name(tx, name.as_str())?;
    let returning = known.as_ref().filter(|row| row.is_deleted() && *restore);
    check_values(tx, &request.args, returning)?;
    let uid = match (returning, &known) {
        (Some(row), _) => restore_deleted(tx, request, row)?,
        (None, Some(row)) => return Err(taken(row)),
        (None, None) => {
            let account = new_account(tx, name, given)?;
            if hashed.is_none() && account.provider.checks_password() {
                return Err(password_missing());
            }
            if hashed.is_some() {
                check_takes_password(&account)?;
            }
            insert_account(tx, context, account, hashed, account_insert)?.uid
        }
    };
    let (user, effect) = reload(tx, context, &uid)?;
    let written = Written::new(uid.clone(), &OneUser { user })?.with_effects([effect]);
    Ok(written
        .with_warnings(unknown_role(tx.kind().edition(), given.role))
        .with_warnings(expired_already(given.expires_at.flatten(), context.now)))
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

/// The account of that name with what is given, if every rule allows it.
pub(in crate::commands) fn new_account(
    tx: &Tx<'_>,
    name: &UserName,
    given: &Properties,
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
        return Err(role_missing(""));
    }
    check_fields(tx.kind(), &before, &after, given)?;
    Ok(after)
}

/// Stores a new account by `insert`, with its password where there is one.
pub(in crate::commands) fn insert_account(
    tx: &Tx<'_>,
    context: &Context,
    account: Account,
    hashed: Option<&Hashed>,
    insert: fn(&Tx<'_>, &NewAccount) -> Result<(), StoreError>,
) -> Result<Account, CommandError> {
    let mut random = context.random;
    let new = NewAccount::generate(account, context.now, &mut random);
    insert(tx, &new)?;
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
    request: &Request<Add>,
    before: &Account,
) -> Result<String, CommandError> {
    let (given, context) = (&request.args.given, &request.context);
    let hashed = request.password.as_ref();
    let mut after = before.clone();
    given.apply(&mut after)?;
    check_stored_form(tx, before, &after)?;
    refuse_taken(tx, before, &after)?;
    ensure_changeable(before)?;
    check_fields(tx.kind(), before, &after, given)?;
    if after.provider.checks_password() && hashed.is_none() && !before.has_password {
        return Err(password_missing());
    }
    account_undelete(tx, before, context.now)?;
    apply_change(tx, context, before, &after, hashed)?;
    Ok(before.uid.clone())
}
