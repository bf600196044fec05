//! `users.mod`: changes the properties that are given.

use photoprism_protocol::provider::Provider;
use photoprism_protocol::role::Role;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::users::{self, ModResult, ModTarget};

use super::guard::{ensure_not_system, ensure_other_super_admin};
use super::reload;
use super::taken::refuse_taken;
use crate::accounts::account::unknown_role;
use crate::accounts::bootstrap::FIRST_ADMIN_ID;
use crate::accounts::change::{check_fields, columns, difference};
use crate::accounts::password::PasswordRules;
use crate::accounts::properties::Properties;
use crate::accounts::stored_form::check_stored_form;
use crate::accounts::times;
use crate::effect::Effect;
use crate::error::CommandError;
use crate::handlers::context::{Context, Hashed, Outcome};
use crate::handlers::find::{live_user, no_nul};
use crate::handlers::revoked::effective_within;
use crate::handlers::write::{Key, WriteResult, run_write};
use crate::store::{
    FirstPassword, Tx, UserChange, UserRow, end_sessions, passcodes_remove, password_set,
    set_first_password, user_change,
};

/// A checked request.
#[derive(Debug)]
pub struct Mod {
    user: String,
    disable_2fa: bool,
    keep_sessions: bool,
    given: Properties,
}

impl Mod {
    /// Checks each argument by its own rule.
    pub fn parse(
        target: ModTarget,
        fields: users::Fields,
        rules: &PasswordRules,
    ) -> Result<Self, CommandError> {
        no_nul("user", Some(&target.user))?;
        Ok(Self {
            user: target.user,
            disable_2fa: target.disable_2fa.unwrap_or(false),
            keep_sessions: target.keep_sessions.unwrap_or(false),
            given: Properties::parse(fields, rules)?,
        })
    }

    /// The password to hash before the transaction.
    pub const fn password(&self) -> Option<&Secret> {
        self.given.password.as_ref()
    }
}

/// Changes the account.
pub fn modify(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    (request, hashed): (&Mod, Option<&Hashed>),
) -> Result<Outcome, CommandError> {
    run_write(tx, context, key, || {
        let found = live_user(tx, &request.user);
        // A value that breaks a rule comes before a user that is not there.
        let nobody = UserRow::default();
        request.given.check_stored_form(tx, found.as_ref().unwrap_or(&nobody))?;
        let before = found?;
        let after = check_change(tx, context, &before, &request.given)?;
        let mut written = carry_out(tx, context, request, (&before, after, hashed))?;
        written.password_of = hashed.map(|_| before.uid);
        Ok(written)
    })
}

/// The account with what is given, if every rule allows it.
pub(super) fn check_change(
    tx: &Tx<'_>,
    context: &Context,
    before: &UserRow,
    given: &Properties,
) -> Result<UserRow, CommandError> {
    let mut after = before.clone();
    given.apply(&mut after)?;
    check_stored_form(tx, before, &after)?;
    refuse_taken(tx, before, &after)?;
    ensure_not_system(before)?;
    if endangers_super_admin(before, &after, given) {
        ensure_other_super_admin(tx, context, before)?;
    }
    check_fields(tx.kind(), before, &after, given)?;
    Ok(after)
}

fn carry_out(
    tx: &Tx<'_>,
    context: &Context,
    request: &Mod,
    (before, mut after, hashed): (&UserRow, UserRow, Option<&Hashed>),
) -> Result<WriteResult, CommandError> {
    let disabled_2fa = request.disable_2fa && disable_2fa(tx, &mut after)?;
    let difference = difference(before, &after, hashed.is_some(), disabled_2fa);
    if !difference.changed.is_empty() {
        apply_change(tx, context, (before, &after), hashed)?;
    }
    let ends = difference.touches_rights && !request.keep_sessions;
    let sessions_revoked =
        if ends { end_sessions(tx, &before.uid, context.now.as_second())? } else { 0 };
    let (user, changed) = reload(tx, context, &before.uid)?;
    let ended = Effect::SessionsEnded { uid: before.uid.clone(), all: false };
    let effective_within_s = effective_within(tx, sessions_revoked);
    let result = ModResult {
        user,
        changed: difference.changed.into_iter().map(Into::into).collect(),
        sessions_revoked,
        effective_within_s,
    };
    let effects = ends.then_some(ended).into_iter().chain([changed]);
    let mut written = WriteResult::new(before.uid.clone(), &result)?.with_effects(effects);
    written.warnings.extend(unknown_role(tx.kind(), request.given.role));
    Ok(written.with_cache_warning(effective_within_s))
}

/// True where there was a key or the method that asks for one.
fn disable_2fa(tx: &Tx<'_>, row: &mut UserRow) -> Result<bool, CommandError> {
    let removed = passcodes_remove(tx, &row.uid)?;
    let on = row.method == "2fa";
    if on {
        row.method.clear();
    }
    Ok(removed || on)
}

/// Writes the columns that differ, and the password.
pub(super) fn apply_change(
    tx: &Tx<'_>,
    context: &Context,
    (before, after): (&UserRow, &UserRow),
    hashed: Option<&Hashed>,
) -> Result<(), CommandError> {
    let now = times::format_stored(context.now);
    let columns: UserChange = columns(before, after);
    user_change(tx, &before.uid, &columns, &now)?;
    if let Some(hashed) = hashed {
        password_set(tx, &before.uid, &hashed.hash, &now)?;
        note_first_password(tx, before)?;
    }
    Ok(())
}

/// The first admin has had a password now: a configured one is never used again.
pub(in crate::handlers) fn note_first_password(
    tx: &Tx<'_>,
    row: &UserRow,
) -> Result<(), CommandError> {
    if row.id == FIRST_ADMIN_ID {
        set_first_password(tx, FirstPassword::Had)?;
    }
    Ok(())
}

/// Whether the change takes something from a super admin that the last one must keep.
fn endangers_super_admin(before: &UserRow, after: &UserRow, given: &Properties) -> bool {
    let password_provider = Provider::parse(&after.provider).is_ok_and(Provider::has_password);
    let never_ends = |row: &UserRow| times::parse_stored(&row.expires_at).is_none();
    before.super_admin
        && (!after.super_admin
            || given.role.is_some_and(|role| role != Role::Admin)
            || (before.provider != after.provider && !password_provider)
            || (given.expires_at.is_some() && !never_ends(after))
            || (before.can_login && !after.can_login))
}
