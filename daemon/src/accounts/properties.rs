//! The arguments of `users.add` and `users.mod`, each checked by its own rule.

use jiff::Timestamp;
use photoprism_protocol::attr::Attr;
use photoprism_protocol::auth_id::AuthId;
use photoprism_protocol::display_name::DisplayName;
use photoprism_protocol::email::Email;
use photoprism_protocol::path::DirectoryPath;
use photoprism_protocol::provider::Provider;
use photoprism_protocol::role::Role;
use photoprism_protocol::rule::RuleError;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::users::Fields;

use super::expiry::parse_expires_at;
use super::password::PasswordRules;
use super::stored_form::check_stored_form;
use super::times;
use crate::error::CommandError;
use crate::store::{Db, UserRow};

/// The given properties of an account; `None`: not given.
#[derive(Clone, Debug, Default)]
pub struct Properties {
    /// Role.
    pub role: Option<Role>,
    /// The new password.
    pub password: Option<Secret>,
    /// Full name.
    pub display_name: Option<DisplayName>,
    /// Email address.
    pub email: Option<Email>,
    /// Provider.
    pub provider: Option<Provider>,
    /// Subject or distinguished name.
    pub auth_id: Option<AuthId>,
    /// Issuer of it.
    pub auth_issuer: Option<AuthId>,
    /// Full access.
    pub super_admin: Option<bool>,
    /// May log in with the password.
    pub can_login: Option<bool>,
    /// May use WebDAV.
    pub webdav: Option<bool>,
    /// Base directory.
    pub base_path: Option<DirectoryPath>,
    /// Sub-directory for uploads.
    pub upload_path: Option<DirectoryPath>,
    /// Attributes.
    pub attr: Option<Attr>,
    /// End of the account; `Some(None)`: never.
    pub expires_at: Option<Option<Timestamp>>,
}

impl Properties {
    /// Checks each argument by the rule of its own field, in the order of the documentation.
    ///
    /// # Errors
    /// `invalid_argument` at the first that breaks one.
    pub fn parse(given: Fields, rules: &PasswordRules) -> Result<Self, CommandError> {
        if let Some(password) = &given.password {
            rules.check(password).map_err(|rule| CommandError::invalid("password", &rule))?;
        }
        Ok(Self {
            role: field("role", given.role, Role::parse)?,
            password: given.password,
            display_name: field("display_name", given.display_name, DisplayName::parse)?,
            email: field("email", given.email, Email::parse)?,
            provider: field("provider", given.provider, Provider::parse)?,
            auth_id: field("auth_id", given.auth_id, AuthId::parse)?,
            auth_issuer: field("auth_issuer", given.auth_issuer, AuthId::parse_issuer)?,
            super_admin: given.super_admin,
            can_login: given.can_login,
            webdav: given.webdav,
            base_path: field("base_path", given.base_path, DirectoryPath::parse)?,
            upload_path: field("upload_path", given.upload_path, DirectoryPath::parse)?,
            attr: field("attr", given.attr, Attr::parse)?,
            expires_at: field("expires_at", given.expires_at, parse_expires_at)?,
        })
    }

    /// Refuses what this database could not keep in an account that is `before`.
    pub fn check_stored_form(&self, db: &Db, before: &UserRow) -> Result<(), CommandError> {
        let mut after = before.clone();
        self.apply(&mut after)?;
        check_stored_form(db, before, &after)
    }

    /// Puts what was given into `row`; the password is not part of it.
    ///
    /// # Errors
    /// `invalid_argument` where a path grows too long with the account's name in it.
    pub fn apply(&self, row: &mut UserRow) -> Result<(), CommandError> {
        let demoted = self.super_admin == Some(false) && row.super_admin;
        put(&mut row.role, self.role.map(Role::as_str));
        if demoted && self.role.is_none() {
            Role::Admin.as_str().clone_into(&mut row.role);
        }
        put(&mut row.display_name, self.display_name.as_ref().map(DisplayName::as_str));
        put(&mut row.email, self.email.as_ref().map(Email::as_str));
        put(&mut row.provider, self.provider.map(Provider::as_str));
        put(&mut row.auth_id, self.auth_id.as_ref().map(AuthId::as_str));
        put(&mut row.auth_issuer, self.auth_issuer.as_ref().map(AuthId::as_str));
        // The issuer is that of the subject: without one it means nothing.
        if self.auth_id.is_some() && row.auth_id.is_empty() {
            row.auth_issuer.clear();
        }
        put(&mut row.attr, self.attr.as_ref().map(Attr::as_str));
        row.super_admin = self.super_admin.unwrap_or(row.super_admin);
        row.can_login = self.can_login.unwrap_or(row.can_login);
        row.webdav = self.webdav.unwrap_or(row.webdav);
        let base_path = resolve("base_path", self.base_path.as_ref(), &row.name)?;
        let upload_path = resolve("upload_path", self.upload_path.as_ref(), &row.name)?;
        put(&mut row.base_path, base_path.as_deref());
        put(&mut row.upload_path, upload_path.as_deref());
        if let Some(end) = self.expires_at {
            row.expires_at = end.map(times::format_stored).unwrap_or_default();
        }
        Ok(())
    }
}

fn field<T>(
    name: &'static str,
    given: Option<String>,
    parse: impl FnOnce(&str) -> Result<T, RuleError>,
) -> Result<Option<T>, CommandError> {
    given.map(|text| parse(&text)).transpose().map_err(|rule| CommandError::invalid(name, &rule))
}

fn put(place: &mut String, value: Option<&str>) {
    if let Some(value) = value {
        value.clone_into(place);
    }
}

fn resolve(
    field: &'static str,
    path: Option<&DirectoryPath>,
    name: &str,
) -> Result<Option<String>, CommandError> {
    path.map(|path| path.resolve(name))
        .transpose()
        .map_err(|rule| CommandError::invalid(field, &rule))
}
