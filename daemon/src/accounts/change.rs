//! What differs between an account before and after, and the rules between its fields.

use photoprism_protocol::auth_id::AuthId;
use photoprism_protocol::provider::Provider;
use photoprism_protocol::role::Role;

use super::account::effective_role;
use super::properties::Properties;
use super::times;
use crate::error::CommandError;
use crate::store::{Kind, UserChange, UserRow};

/// The columns that differ.
pub fn columns(before: &UserRow, after: &UserRow) -> UserChange {
    let text = |a: &str, b: &str| (a != b).then(|| b.to_owned());
    let flag = |a: bool, b: bool| (a != b).then_some(b);
    let end = (times::parse_stored(&before.expires_at) != times::parse_stored(&after.expires_at))
        .then(|| Some(after.expires_at.clone()).filter(|end| !end.is_empty()));
    UserChange {
        role: text(&before.role, &after.role),
        display_name: text(&before.display_name, &after.display_name),
        email: text(&before.email, &after.email),
        provider: text(&before.provider, &after.provider),
        method: text(&before.method, &after.method),
        auth_id: text(&before.auth_id, &after.auth_id),
        auth_issuer: text(&before.auth_issuer, &after.auth_issuer),
        super_admin: flag(before.super_admin, after.super_admin),
        can_login: flag(before.can_login, after.can_login),
        webdav: flag(before.webdav, after.webdav),
        base_path: text(&before.base_path, &after.base_path),
        upload_path: text(&before.upload_path, &after.upload_path),
        attr: text(&before.attr, &after.attr),
        expires_at: end,
    }
}

/// The effective difference that a change makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// The arguments whose value differs from what was shown, in the order of the documentation.
    pub changed: Vec<&'static str>,
    /// Whether one of them touches what the account may do: its sessions end.
    pub touches_rights: bool,
}

/// Compares what was shown before with what is shown after. `password` always counts as different
/// where it is given, `disable_2fa` where there was something to disable.
pub fn difference(
    before: &UserRow,
    after: &UserRow,
    password: bool,
    disabled_2fa: bool,
) -> Difference {
    let columns = columns(before, after);
    let role = effective_role(before) != effective_role(after);
    let rows: [(&'static str, bool, bool); 15] = [
        ("role", role, true),
        ("password", password, true),
        ("display_name", columns.display_name.is_some(), false),
        ("email", columns.email.is_some(), false),
        ("provider", columns.provider.is_some(), true),
        ("auth_id", columns.auth_id.is_some(), true),
        ("auth_issuer", columns.auth_issuer.is_some(), true),
        ("super_admin", columns.super_admin.is_some(), true),
        ("can_login", columns.can_login.is_some(), true),
        ("webdav", columns.webdav.is_some(), true),
        ("base_path", columns.base_path.is_some(), true),
        ("upload_path", columns.upload_path.is_some(), true),
        ("attr", columns.attr.is_some(), true),
        ("expires_at", columns.expires_at.is_some(), true),
        ("disable_2fa", disabled_2fa, true),
    ];
    let different = || rows.iter().filter(|(_, differs, _)| *differs);
    Difference {
        changed: different().map(|(name, ..)| *name).collect(),
        touches_rights: different().any(|(_, _, rights)| *rights),
    }
}

/// The rules between the fields of one account. A rule is checked only where one of its fields
/// changes: what PhotoPrism stored under another rule stays as it is.
///
/// # Errors
/// `invalid_argument` at a given field.
pub fn check_fields(
    kind: &Kind,
    before: &UserRow,
    after: &UserRow,
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
    before: &UserRow,
    after: &UserRow,
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
    if !before.super_admin && after.role != Role::Admin.as_str() {
        return Err(CommandError::broken(
            "super_admin",
            "a super admin must be an admin; give the role admin with it",
        ));
    }
    Ok(())
}

/// The rules of the provider oidc for a subject.
fn check_auth_id(kind: &Kind, after: &UserRow, given: bool) -> Result<(), CommandError> {
    if after.provider != Provider::Oidc.as_str() {
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
             auth_id; with the provider oidc it must not hold them",
        ));
    }
    Ok(())
}

fn check_issuer(before: &UserRow, after: &UserRow) -> Result<(), CommandError> {
    let alone = after.auth_id.is_empty() && !after.auth_issuer.is_empty();
    if !alone || before.auth_issuer == after.auth_issuer {
        return Ok(());
    }
    Err(CommandError::broken("auth_issuer", "an issuer is that of an auth_id; give one with it"))
}

fn check_password(after: &UserRow, given: &Properties) -> Result<(), CommandError> {
    let Some(password) = &given.password else { return Ok(()) };
    check_takes_password(after)?;
    if super::password::is_own_name(password, &after.name) {
        return Err(own_name());
    }
    Ok(())
}

/// The refusal of a password that is the account's own name.
pub fn own_name() -> CommandError {
    CommandError::broken("password", "the password must not be the user's own name")
}

/// Whether the account's provider checks a password here.
pub fn check_takes_password(row: &UserRow) -> Result<(), CommandError> {
    if takes_password(row) {
        return Ok(());
    }
    Err(CommandError::broken(
        "password",
        "only accounts with the provider default or local have a password here; change the \
         provider, or leave the password out",
    ))
}

/// Whether the account's provider is one that checks a password here.
pub fn takes_password(row: &UserRow) -> bool {
    Provider::parse(&row.provider).is_ok_and(Provider::has_password)
}
