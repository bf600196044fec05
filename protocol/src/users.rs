//! The commands of the noun `users`: arguments and objects.

use serde::{Deserialize, Serialize};

use crate::args::Int;
use crate::secret::Secret;

/// Arguments of `users.ls`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ls {
    /// Nothing, `all`, an id, a UID, or a prefix of name, email or display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Deleted accounts too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
    /// Rows of the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Int>,
    /// The `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Arguments of `users.show`, `users.rm` and `users.restore`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Name or UID.
    pub user: String,
}

/// The arguments that `users.add` and `users.mod` share, in the order of the documentation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    /// admin, user, viewer or guest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The new password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// Full name for display.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Unique email address; `""` clears it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// default, local, oidc, ldap or none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Subject or distinguished name at the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_id: Option<String>,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_issuer: Option<String>,
    /// Full access.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub super_admin: Option<bool>,
    /// May log in with the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_login: Option<bool>,
    /// May sync files through WebDAV.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webdav: Option<bool>,
    /// Base directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_path: Option<String>,
    /// Sub-directory for uploads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload_path: Option<String>,
    /// Attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attr: Option<String>,
    /// RFC 3339, or `never`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// What only `users.add` takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddTarget {
    /// The new account's name.
    pub name: String,
    /// Bring a deleted account of that name back instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore: Option<bool>,
}

/// Arguments of `users.add`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Add {
    /// Which account.
    #[serde(flatten)]
    pub target: AddTarget,
    /// With which properties.
    #[serde(flatten)]
    pub fields: Fields,
}

/// What only `users.mod` takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModTarget {
    /// Name or UID.
    pub user: String,
    /// Turn two-factor authentication off and delete its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_2fa: Option<bool>,
    /// Leave the account's sessions alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_sessions: Option<bool>,
}

/// Arguments of `users.mod`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Mod {
    /// Which account, and what to change in addition to its properties.
    #[serde(flatten)]
    pub target: ModTarget,
    /// Which properties change.
    #[serde(flatten)]
    pub fields: Fields,
}

/// Arguments of `users.rename`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    /// Name or UID.
    pub user: String,
    /// Its new name.
    pub name: String,
}

/// Arguments of `users.adopt`: names, or all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adopt {
    /// Names or UIDs of legacy accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// Every legacy account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// Only report what would be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

/// An account. Times are RFC 3339 in UTC with whole seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the object of the protocol has these keys")]
pub struct User {
    /// 16 characters, `u` first.
    pub uid: String,
    /// Login name.
    pub name: String,
    /// Full name.
    pub display_name: String,
    /// Email address or nothing.
    pub email: String,
    /// Role; a super admin's is `admin`.
    pub role: String,
    /// As stored.
    pub super_admin: bool,
    /// As stored.
    pub can_login: bool,
    /// As stored.
    pub webdav: bool,
    /// Effective right to log in, derived from `can_login` and the rest.
    pub may_login: bool,
    /// Effective right to use WebDAV, derived from `webdav` and the rest.
    pub may_webdav: bool,
    /// default, local, oidc, ldap, none or what PhotoPrism stored.
    pub provider: String,
    /// Nothing, or `2fa`.
    pub method: String,
    /// Subject or distinguished name.
    pub auth_id: String,
    /// Issuer of the subject.
    pub auth_issuer: String,
    /// Base directory.
    pub base_path: String,
    /// Sub-directory for uploads.
    pub upload_path: String,
    /// Attributes.
    pub attr: String,
    /// There is a password hash.
    pub has_password: bool,
    /// Two-factor authentication is on.
    pub two_factor: bool,
    /// Last login.
    pub login_at: Option<String>,
    /// The account ends then; `None`: never.
    pub expires_at: Option<String>,
    /// Created at.
    pub created_at: Option<String>,
    /// Last changed at.
    pub updated_at: Option<String>,
    /// Deleted at; `None`: it is not.
    pub deleted_at: Option<String>,
}

/// Result of `users.show`, `users.add` and `users.restore`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneUser {
    /// The account as it is now.
    pub user: User,
}

/// Result of `users.mod`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModResult {
    /// The account as it is now.
    pub user: User,
    /// The arguments whose value differs from before, in the order of the documentation.
    pub changed: Vec<String>,
    /// Sessions that ended.
    pub sessions_revoked: u64,
    /// Seconds for which a running PhotoPrism may go on honouring what ended, where it does not
    /// end at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_within_s: Option<u32>,
}

/// Result of `users.rename`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenameResult {
    /// The account as it is now.
    pub user: User,
    /// `name`, or nothing where that was its name already.
    pub changed: Vec<String>,
}

/// What became of one legacy account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopted {
    /// Its name as it was given, or as it is stored.
    pub name: String,
    /// `adopted`, `exists`, `refused` or `not_found`.
    pub outcome: String,
    /// Why not, or what is still to do.
    pub message: Option<String>,
    /// The account that it became, or would become.
    pub user: Option<User>,
}

/// Result of `users.adopt`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptResult {
    /// Nothing was changed.
    pub dry_run: bool,
    /// How many were adopted, or would be.
    pub adopted: u64,
    /// One by one, in the order of the names or of the legacy ids.
    pub accounts: Vec<Adopted>,
}

/// Result of `users.rm`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RmResult {
    /// The account as it is now.
    pub user: User,
    /// Sessions that ended.
    pub sessions_revoked: u64,
    /// Seconds for which a running PhotoPrism may go on honouring what ended, where it does not
    /// end at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_within_s: Option<u32>,
}

/// Result of `users.reset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetResult {
    /// What is gone.
    pub removed: Removed,
    /// Absolute path of the backup that holds it.
    pub backup: String,
    /// Seconds for which a running PhotoPrism may go on honouring what ended, where it does not
    /// end at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_within_s: Option<u32>,
}

/// What a reset removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// Accounts, deleted ones included, without the system rows.
    pub users: u64,
    /// Sessions, tokens and app passwords.
    pub sessions: u64,
}

/// An account of the legacy table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Legacy {
    /// Row id.
    pub id: i64,
    /// UID.
    pub uid: String,
    /// Full name.
    pub name: String,
    /// Login name.
    pub user_name: String,
    /// Email address.
    pub email: String,
    /// Was an admin.
    pub admin: bool,
    /// Created at.
    pub created_at: Option<String>,
}
