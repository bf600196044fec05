//! `users.mod`: changes the properties that are given.

use photoprism_protocol::role::Role;
use photoprism_protocol::users::{self, ModResult, UsersMod};

use super::guard::{ensure_changeable, ensure_other_super_admin};
use super::reload;
use super::rules::{
    check_fields, check_given_form, check_stored_form, expired_already, unknown_role,
};
use super::taken::refuse_taken;
use crate::commands::find::{any_user, live_user, refuse_nul};
use crate::commands::properties::Properties;
use crate::commands::reply::Written;
use crate::commands::request::{Context, Hashed, Request};
use crate::commands::revoked::{note_living_on, revoke};
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::model::{
    Account, Change, Deleted, FIRST_ADMIN_ID, METHOD_2FA, PasswordRules, Property, changes,
};
use crate::store::{
    AdminPasswordState, LivingOn, Tx, account_undelete, account_update, passcodes_remove,
    password_set, set_admin_password_state,
};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.write::<UsersMod, _>(|args| Mod::parse(args, &runner.app.rules), modify).await
}

/// The checked arguments.
struct Mod {
    user: String,
    restore: bool,
    disable_2fa: bool,
    keep_sessions: bool,
    given: Properties,
}

impl Mod {
    fn parse(args: users::Mod, rules: &PasswordRules) -> Result<Self, CommandError> {
        let users::Mod { target, fields } = args;
        refuse_nul("user", Some(&target.user))?;
        Ok(Self {
            user: target.user,
            restore: target.restore.unwrap_or(false),
            disable_2fa: target.disable_2fa.unwrap_or(false),
            keep_sessions: target.keep_sessions.unwrap_or(false),
            given: Properties::parse(fields, rules)?,
        })
    }
}

/// Changes the account.
fn modify(tx: &Tx<'_>, request: &Request<Mod>) -> Result<Written<ModResult>, CommandError> {
    let Mod { user, restore, given, .. } = &request.args;
    let found = if *restore { any_user(tx, user) } else { live_user(tx, user) };
    // A value that breaks a rule comes before a user that is not there.
    let nobody = Account::default();
    check_given_form(tx, found.as_ref().unwrap_or(&nobody), given)?;
    let before = found?;
    let mut after = check_change(tx, &request.context, &before, given)?;
    if before.is_deleted() {
        account_undelete(tx, &before, request.context.now)?;
        after.deleted = Deleted::No;
    }
    write_changes(tx, request, &before, after)
}

/// The account with what is given, if every rule allows it.
pub(in crate::commands) fn check_change(
    tx: &Tx<'_>,
    context: &Context,
    before: &Account,
    given: &Properties,
) -> Result<Account, CommandError> {
    let mut after = before.clone();
    given.apply(&mut after)?;
    check_stored_form(tx, before, &after)?;
    refuse_taken(tx, before, &after)?;
    ensure_changeable(before)?;
    if endangers_super_admin(before, &after, given) {
        ensure_other_super_admin(tx, context, before)?;
    }
    check_fields(tx.kind(), before, &after, given)?;
    Ok(after)
}

fn write_changes(
    tx: &Tx<'_>,
    request: &Request<Mod>,
    before: &Account,
    mut after: Account,
) -> Result<Written<ModResult>, CommandError> {
    let (args, context, hashed) = (&request.args, &request.context, request.password.as_ref());
    let disabled_2fa = args.disable_2fa && disable_2fa(tx, &mut after)?;
    let mut changed = changes(before, &after);
    changed.extend(hashed.map(|_| Property::Password));
    changed.extend(disabled_2fa.then_some(Property::TwoFactor));
    if !changed.is_empty() {
        apply_change(tx, context, before, &after, hashed)?;
    }
    let (sessions_revoked, ended) = if args.keep_sessions {
        note_living_on(tx, before, &changed, LivingOn::All, context.now)?;
        (0, None)
    } else {
        revoke(tx, before, Change::Properties(&changed), context.now)?
    };
    let (user, effect) = reload(tx, context, &before.uid)?;
    let result = ModResult {
        user,
        changed: changed.iter().map(|property| property.argument().into()).collect(),
        sessions_revoked,
        effective_within_s: None,
        pending: None,
    };
    let written = Written::new(before.uid.clone(), &result)?
        .with_effects(ended.into_iter().chain([effect]))
        .with_warnings(unknown_role(tx.kind().edition(), args.given.role))
        .with_warnings(expired_already(args.given.expires_at.flatten(), context.now));
    Ok(written)
}

/// Deletes the key, and takes the method from `account`; true where there was one of the two.
pub(in crate::commands) fn disable_2fa(
    tx: &Tx<'_>,
    account: &mut Account,
) -> Result<bool, CommandError> {
    let removed = passcodes_remove(tx, &account.uid)?;
    let on = account.method == METHOD_2FA;
    if on {
        account.method.clear();
    }
    Ok(removed || on)
}

/// Writes the columns that differ, and the password.
pub(in crate::commands) fn apply_change(
    tx: &Tx<'_>,
    context: &Context,
    before: &Account,
    after: &Account,
    hashed: Option<&Hashed>,
) -> Result<(), CommandError> {
    account_update(tx, before, after, context.now)?;
    if let Some(hashed) = hashed {
        password_set(tx, &before.uid, &hashed.hash, context.now)?;
        note_first_password(tx, before)?;
    }
    Ok(())
}

/// The first admin has had a password now: a configured one is never used again.
pub(in crate::commands) fn note_first_password(
    tx: &Tx<'_>,
    row: &Account,
) -> Result<(), CommandError> {
    if row.id == FIRST_ADMIN_ID {
        set_admin_password_state(tx, AdminPasswordState::WasSet)?;
    }
    Ok(())
}

/// Whether the change takes something from a super admin that the last one must keep.
fn endangers_super_admin(before: &Account, after: &Account, given: &Properties) -> bool {
    before.super_admin
        && (!after.super_admin
            || given.role.is_some_and(|role| role != Role::Admin)
            || (before.provider != after.provider && !after.provider.checks_password())
            || (given.expires_at.is_some() && after.expires_at.is_some())
            || (before.can_login && !after.can_login))
}
