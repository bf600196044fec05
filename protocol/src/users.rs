//! The commands of the noun `users`: arguments and objects.

use serde::{Deserialize, Serialize};

use crate::args::{ArgError, Entries, Int, decode_pair};
use crate::command::{Arguments, Command, CommandName};
use crate::list::Page;
use crate::secret::Secret;
use crate::status::NoArgs;

mod legacy;

pub use self::legacy::{Adopt, AdoptResult, Adopted, Legacy, UsersAdopt, UsersLegacy};

/// Arguments of `users.ls`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Ls {
    /// Nothing, `all`, an id, a UID, or a prefix of name, email or display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
    /// Only accounts that end within so many seconds, and have not ended yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiring_within_s: Option<Int>,
    /// Only accounts without a login and without a use of a session for so many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inactive_for_s: Option<Int>,
    /// Only accounts that may log in and have no second factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_2fa: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Int>,
    /// The `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Arguments of commands about one account that take nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Target {
    pub user: String,
}

/// The arguments that `users.add` and `users.mod` share, in the order of the documentation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Fields {
    /// admin, user, viewer or guest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub super_admin: Option<bool>,
    /// May log in with the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_login: Option<bool>,
    /// May sync files through WebDAV.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webdav: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attr: Option<String>,
    /// RFC 3339, or `never`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// What only `users.add` takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Add {
    #[serde(flatten)]
    pub target: AddTarget,
    #[serde(flatten)]
    pub fields: Fields,
}

/// What only `users.mod` takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ModTarget {
    pub user: String,
    /// Bring the account back where it is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore: Option<bool>,
    /// Turn two-factor authentication off and delete its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_2fa: Option<bool>,
    /// Leave the account's sessions alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_sessions: Option<bool>,
}

/// Arguments of `users.mod`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mod {
    /// Which account, and what to change in addition to its properties.
    #[serde(flatten)]
    pub target: ModTarget,
    #[serde(flatten)]
    pub fields: Fields,
}

/// Arguments of `users.rename`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rename {
    pub user: String,
    pub name: String,
}

/// An account. Times are RFC 3339 in UTC with whole seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[expect(clippy::struct_excessive_bools, reason = "the object of the protocol has these keys")]
pub struct User {
    /// 16 characters, `u` first.
    pub uid: String,
    pub name: String,
    pub display_name: String,
    /// Email address or nothing.
    pub email: String,
    /// Role; a super admin's is `admin`.
    pub role: String,
    pub super_admin: bool,
    pub can_login: bool,
    pub webdav: bool,
    /// Effective right to log in, derived from `can_login` and the rest.
    pub may_login: bool,
    /// Effective right to use WebDAV, derived from `webdav` and the rest.
    pub may_webdav: bool,
    /// default, local, oidc, ldap, none or what PhotoPrism stored.
    pub provider: String,
    pub method: String,
    /// Subject or distinguished name.
    pub auth_id: String,
    /// Issuer of the subject.
    pub auth_issuer: String,
    pub base_path: String,
    pub upload_path: String,
    pub attr: String,
    /// What the account may do, as a scope; only where PhotoPrism's version has that column.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// There is a password hash.
    pub has_password: bool,
    /// Two-factor authentication is on.
    pub two_factor: bool,
    pub login_at: Option<String>,
    /// The account ends then; `None`: never.
    pub expires_at: Option<String>,
    pub created_at: Option<String>,
    pub updated_at: Option<String>,
    /// Deleted at; `None`: it is not.
    pub deleted_at: Option<String>,
}

/// Result of `users.show`, `users.add` and `users.restore`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OneUser {
    /// The account as it is now.
    pub user: User,
}

/// Result of `users.mod`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ModResult {
    /// The account as it is now.
    pub user: User,
    /// The arguments whose value differs from before, in the order of the documentation.
    pub changed: Vec<String>,
    pub sessions_revoked: u64,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_within_s: Option<u32>,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
}

/// Result of `users.rename`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RenameResult {
    /// The account as it is now.
    pub user: User,
    /// `name`, or nothing where that was its name already.
    pub changed: Vec<String>,
}

/// Result of `users.rm`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RmResult {
    /// The account as it is now.
    pub user: User,
    pub sessions_revoked: u64,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_within_s: Option<u32>,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
}

/// Result of `users.reset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResetResult {
    pub removed: Removed,
    /// Absolute path of the backup that holds it.
    pub backup: String,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_within_s: Option<u32>,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
}

/// What a reset removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Removed {
    /// Accounts, deleted ones included, without the system rows.
    pub users: u64,
    /// Sessions, tokens and app passwords.
    pub sessions: u64,
}

pub struct UsersLs;

impl Command for UsersLs {
    const NAME: CommandName = CommandName::UsersLs;
    type Args = Ls;
    type Reply = Page<User>;
}

pub struct UsersShow;

impl Command for UsersShow {
    const NAME: CommandName = CommandName::UsersShow;
    type Args = Target;
    type Reply = OneUser;
}

pub struct UsersAdd;

impl Arguments for Add {
    fn decode(entries: Entries<'_>) -> Result<Self, ArgError> {
        decode_pair(entries).map(|(target, fields)| Self { target, fields })
    }
}

impl Command for UsersAdd {
    const NAME: CommandName = CommandName::UsersAdd;
    type Args = Add;
    type Reply = OneUser;

    fn password(args: &mut Self::Args) -> Option<&mut Secret> {
        args.fields.password.as_mut()
    }
}

pub struct UsersMod;

impl Arguments for Mod {
    fn decode(entries: Entries<'_>) -> Result<Self, ArgError> {
        decode_pair(entries).map(|(target, fields)| Self { target, fields })
    }
}

impl Command for UsersMod {
    const NAME: CommandName = CommandName::UsersMod;
    type Args = Mod;
    type Reply = ModResult;

    fn password(args: &mut Self::Args) -> Option<&mut Secret> {
        args.fields.password.as_mut()
    }
}

pub struct UsersRm;

impl Command for UsersRm {
    const NAME: CommandName = CommandName::UsersRm;
    type Args = Target;
    type Reply = RmResult;
}

pub struct UsersRestore;

impl Command for UsersRestore {
    const NAME: CommandName = CommandName::UsersRestore;
    type Args = Target;
    type Reply = OneUser;
}

pub struct UsersRename;

impl Command for UsersRename {
    const NAME: CommandName = CommandName::UsersRename;
    type Args = Rename;
    type Reply = RenameResult;
}

pub struct UsersReset;

impl Command for UsersReset {
    const NAME: CommandName = CommandName::UsersReset;
    type Args = NoArgs;
    type Reply = ResetResult;
}
