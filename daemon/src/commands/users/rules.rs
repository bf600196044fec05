//! The rules between the properties of an account, and those of the database that keeps it.

use jiff::Timestamp;
use photoprism_protocol::auth_id::AuthId;
use photoprism_protocol::provider::Provider;
use photoprism_protocol::role::Role;

use crate::commands::properties::Properties;
use crate::error::CommandError;
use crate::model::{self, Account, Edition, is_own_name, to_rfc3339};
use crate::store::{Db, Kind, check_account_kept};

/// Most bytes of a name that PhotoPrism's login form takes.
pub(in crate::commands) const MAX_NAME_BYTES: usize = 64;

/// Refuses texts that this database would return changed, and names that nobody could log in with
/// there. What does not change stays as it was stored.
pub(in crate::commands) fn check_stored_form(
    db: &Db,
    before: &Account,
    after: &Account,
) -> Result<(), CommandError> {
    if *db.kind() != Kind::Own && before.name != after.name && after.name.len() > MAX_NAME_BYTES {
        return Err(CommandError::broken(
            "name",
            "PhotoPrism's login takes names of at most 64 bytes; choose a shorter one",
        ));
    }
    Ok(check_account_kept(db, before, after)?)
}

/// [`check_stored_form`] of what an account that is `before` becomes with the given properties.
pub(super) fn check_given_form(
    db: &Db,
    before: &Account,
    given: &Properties,
) -> Result<(), CommandError> {
    let mut after = before.clone();
    given.apply(&mut after)?;
    check_stored_form(db, before, &after)
}

/// A warning for a given role that the edition that reads this database does not know.
pub(in crate::commands) fn unknown_role(edition: Edition, given: Option<Role>) -> Option<String> {
    let role = given.filter(|role| !edition.knows(&model::Role::Known(*role)))?;
    Some(format!(
        "PhotoPrism's community edition knows the roles admin and guest only: with the role {} \
         the account can do nothing there",
        role.as_str()
    ))
}

/// A warning for an account that expires in the past.
pub(super) fn expired_already(end: Option<Timestamp>, now: Timestamp) -> Option<String> {
    let end = end.filter(|end| *end <= now)?;
    Some(format!(
        "the account has expired already ({}) and cannot log in; give a later time, or never",
        to_rfc3339(end)
    ))
}

/// The rules between the fields of one account. A rule is checked only where one of its fields
/// changes: what PhotoPrism stored under another rule stays as it is.
///
/// # Errors
/// `invalid_argument` at a given field.
pub(in crate::commands) fn check_fields(
    kind: &Kind,
    before: &Account,
    after: &Account,
    given: &Properties,
) -> Result<(), CommandError> {
    check_super_admin(before, after, given.role)?;
    if before.provider != after.provider || before.auth_id != after.auth_id {
        check_auth_id(kind, after, given.auth_id.is_some())?;
    }
    check_issuer(before, after)?;
    check_password(after, given)
}

fn check_super_admin(
    before: &Account,
    after: &Account,
    given: Option<Role>,
) -> Result<(), CommandError> {
    if !after.super_admin {
        return Ok(());
    }
    if given.is_some_and(|role| role != Role::Admin) {
        return Err(CommandError::broken(
            "role",
            "a super admin must be an admin; take super admin away first, or leave the role",
        ));
    }
    if !before.super_admin && after.role != model::Role::Known(Role::Admin) {
        return Err(CommandError::broken(
            "super_admin",
            "a super admin must be an admin; give the role admin with it",
        ));
    }
    Ok(())
}

/// The rules of the provider oidc for a subject.
fn check_auth_id(kind: &Kind, after: &Account, given: bool) -> Result<(), CommandError> {
    if after.provider != model::Provider::Known(Provider::Oidc) {
        return Ok(());
    }
    let field = if given { "auth_id" } else { "provider" };
    if !AuthId::parse(&after.auth_id).is_ok_and(|id| id.is_long_enough_for_oidc()) {
        return Err(CommandError::broken(
            field,
            "the provider oidc needs an auth_id of at least 4 characters: the subject at the \
             issuer",
        ));
    }
    if *kind != Kind::Own && after.auth_id.contains(['<', '>']) {
        return Err(CommandError::broken(
            field,
            "PhotoPrism removes < and > from a subject, so that nobody could log in with this \
             auth_id; with the provider oidc it must not contain them",
        ));
    }
    Ok(())
}

fn check_issuer(before: &Account, after: &Account) -> Result<(), CommandError> {
    let alone = after.auth_id.is_empty() && !after.auth_issuer.is_empty();
    if !alone || before.auth_issuer == after.auth_issuer {
        return Ok(());
    }
    Err(CommandError::broken("auth_issuer", "an issuer is that of an auth_id; give one with it"))
}

fn check_password(after: &Account, given: &Properties) -> Result<(), CommandError> {
    let Some(password) = &given.password else { return Ok(()) };
    check_takes_password(after)?;
    if is_own_name(password, &after.name) {
        return Err(own_name());
    }
    Ok(())
}

/// The refusal of a password that is the account's own name.
pub(in crate::commands) fn own_name() -> CommandError {
    CommandError::broken("password", "the password must not be the user's own name")
}

/// Whether the account's provider checks a password here.
pub(in crate::commands) fn check_takes_password(account: &Account) -> Result<(), CommandError> {
    if account.provider.checks_password() {
        return Ok(());
    }
    Err(CommandError::broken(
        "password",
        "only accounts with the provider default or local have a password here; change the \
         provider, or leave the password out",
    ))
}
