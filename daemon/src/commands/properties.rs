//! The properties of an account on the wire: as arguments, each checked by its own rule, and as
//! replies show them.

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
use photoprism_protocol::users::{Fields, User};

use crate::error::CommandError;
use crate::model::{
    self, Account, Edition, PasswordRules, effective_rights, parse_expires_at, to_rfc3339,
};

/// The given properties of an account; `None`: not given.
#[derive(Clone, Debug, Default)]
pub(super) struct Properties {
    pub role: Option<Role>,
    /// The new password.
    pub password: Option<Secret>,
    pub display_name: Option<DisplayName>,
    pub email: Option<Email>,
    pub provider: Option<Provider>,
    pub auth_id: Option<AuthId>,
    pub auth_issuer: Option<AuthId>,
    pub super_admin: Option<bool>,
    pub can_login: Option<bool>,
    pub webdav: Option<bool>,
    pub base_path: Option<DirectoryPath>,
    pub upload_path: Option<DirectoryPath>,
    pub attr: Option<Attr>,
    /// End of the account; `Some(None)`: never.
    #[expect(clippy::option_option, reason = "not given, never, or an instant")]
    pub expires_at: Option<Option<Timestamp>>,
}

impl Properties {
    /// Checks each argument by the rule of its own field, in the order of the documentation.
    ///
    /// # Errors
    /// `invalid_argument` at the first that breaks one.
    pub(super) fn parse(given: Fields, rules: &PasswordRules) -> Result<Self, CommandError> {
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

    /// Puts what was given into `account`; the password is not part of it.
    ///
    /// # Errors
    /// `invalid_argument` where a path grows too long with the account's name in it.
    pub(super) fn apply(&self, account: &mut Account) -> Result<(), CommandError> {
        let demoted = self.super_admin == Some(false) && account.super_admin;
        put(&mut account.role, self.role.map(model::Role::Known));
        if demoted && self.role.is_none() {
            account.role = model::Role::Known(Role::Admin);
        }
        let text = |text: &str| text.to_owned();
        let display_name = self.display_name.as_ref().map(DisplayName::as_str).map(text);
        put(&mut account.display_name, display_name);
        put(&mut account.email, self.email.as_ref().map(Email::as_str).map(text));
        put(&mut account.provider, self.provider.map(model::Provider::Known));
        put(&mut account.auth_id, self.auth_id.as_ref().map(AuthId::as_str).map(text));
        put(&mut account.auth_issuer, self.auth_issuer.as_ref().map(AuthId::as_str).map(text));
        // The issuer is that of the subject: without one it means nothing.
        if self.auth_id.is_some() && account.auth_id.is_empty() {
            account.auth_issuer.clear();
        }
        put(&mut account.super_admin, self.super_admin);
        put(&mut account.can_login, self.can_login);
        put(&mut account.webdav, self.webdav);
        let base_path = resolve("base_path", self.base_path.as_ref(), &account.name)?;
        put(&mut account.base_path, base_path);
        let upload_path = resolve("upload_path", self.upload_path.as_ref(), &account.name)?;
        put(&mut account.upload_path, upload_path);
        put(&mut account.attr, self.attr.as_ref().map(Attr::as_str).map(text));
        put(&mut account.expires_at, self.expires_at);
        Ok(())
    }
}

/// The account as replies show it.
pub(super) fn to_wire(account: Account, edition: Edition, now: Timestamp) -> User {
    let rights = effective_rights(&account, edition, now);
    let time = |instant: Option<Timestamp>| instant.map(to_rfc3339);
    User {
        may_login: rights.may_login,
        may_webdav: rights.may_webdav,
        two_factor: account.has_two_factor(),
        login_at: time(account.login_at),
        expires_at: time(account.expires_at),
        created_at: time(account.created_at),
        updated_at: time(account.updated_at),
        deleted_at: time(account.deleted.at()),
        role: account.effective_role().as_str().into(),
        uid: account.uid,
        name: account.name,
        display_name: account.display_name,
        email: account.email,
        super_admin: account.super_admin,
        can_login: account.can_login,
        webdav: account.webdav,
        provider: account.provider.as_str().into(),
        method: account.method,
        auth_id: account.auth_id,
        auth_issuer: account.auth_issuer,
        base_path: account.base_path,
        upload_path: account.upload_path,
        attr: account.attr,
        scope: account.scope,
        has_password: account.has_password,
    }
}

/// The account's properties as arguments that set them all.
pub(super) fn to_fields(account: Account) -> Fields {
    let mut fields = fields_of(account, Some);
    fields.expires_at =
        fields.expires_at.map(|end| if end.is_empty() { "never".into() } else { end });
    fields
}

/// As [`to_fields`], without the texts that are empty: they leave what another account has.
pub(super) fn to_fields_without_empty(account: Account) -> Fields {
    let display_name = account.display_name.clone();
    let fields = fields_of(account, |text| Some(text).filter(|text| !text.is_empty()));
    // An issuer without a subject means nothing.
    let auth_issuer = fields.auth_issuer.filter(|_| fields.auth_id.is_some());
    Fields { display_name: Some(display_name), auth_issuer, ..fields }
}

/// `text` decides what becomes of a text, which is empty where there is none.
fn fields_of(account: Account, text: impl Fn(String) -> Option<String>) -> Fields {
    Fields {
        role: Some(account.effective_role().as_str().into()),
        password: None,
        display_name: text(account.display_name),
        email: text(account.email),
        provider: text(account.provider.as_str().into()),
        auth_id: text(account.auth_id),
        auth_issuer: text(account.auth_issuer),
        super_admin: Some(account.super_admin),
        can_login: Some(account.can_login),
        webdav: Some(account.webdav),
        base_path: text(account.base_path),
        upload_path: text(account.upload_path),
        attr: text(account.attr),
        expires_at: text(account.expires_at.map(to_rfc3339).unwrap_or_default()),
    }
}

fn field<T>(
    name: &'static str,
    given: Option<String>,
    parse: impl FnOnce(&str) -> Result<T, RuleError>,
) -> Result<Option<T>, CommandError> {
    given.map(|text| parse(&text)).transpose().map_err(|rule| CommandError::invalid(name, &rule))
}

fn put<T>(property: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *property = given;
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
