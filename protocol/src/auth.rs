//! The noun `auth`: sessions, app passwords, access tokens, and the checks of sidecars.

use serde::{Deserialize, Serialize};

use crate::args::Int;
use crate::command::{Command, CommandName};
use crate::list::{Page, Search};
use crate::secret::Secret;
use crate::status::NoArgs;
use crate::users::User;

/// Arguments of `auth.add`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Add {
    /// Name of the client.
    pub name: String,
    /// What it may be used for.
    pub scope: String,
    /// Whose app password it is; without one it is an access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Lifetime in seconds, -1 for ever; a year unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<Int>,
}

/// Arguments of `auth.show` and `auth.rm`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Reference id, session id, or the secret itself.
    pub session: Secret,
}

/// Arguments of `auth.login`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// User name; the email does not log in.
    pub name: String,
    /// The password, or an app password.
    pub password: Secret,
    /// Address that the attempt came from.
    pub client_ip: String,
    /// Two-factor code or recovery code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passcode: Option<Secret>,
    /// What was logged in to; `api` unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub realm: Option<String>,
    /// The browser or app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Name of the client for the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// False only checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<bool>,
    /// What an app password must allow where no session is created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

/// Arguments of `auth.verify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// The secret of a session, an app password or an access token.
    pub token: Secret,
    /// What it must allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Whose it must be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Address that it is used from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
}

/// Arguments of `auth.logout`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Logout {
    /// The secret of a session.
    pub token: Secret,
}

/// Whose a session is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionUser {
    /// UID.
    pub uid: String,
    /// User name.
    pub name: String,
}

/// A session, an app password or an access token. Times are RFC 3339 in UTC with whole seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Session {
    /// Reference id, `sess` and 8 characters.
    pub id: String,
    /// Whose it is; `None`: an access token of nobody.
    pub user: Option<SessionUser>,
    /// Name of the client.
    pub client_name: String,
    /// UID of the client.
    pub client_uid: String,
    /// local, application, `access_token` or what PhotoPrism stored.
    pub provider: String,
    /// default, 2fa, session, oauth2 or what PhotoPrism stored.
    pub method: String,
    /// How it was granted: cli, password, …
    pub grant: String,
    /// What it may be used for; empty or `*`: everything.
    pub scope: String,
    /// Address of the login.
    pub login_ip: String,
    /// Address of the last use.
    pub client_ip: String,
    /// The browser or app.
    pub user_agent: String,
    /// Last use.
    pub last_active: Option<String>,
    /// The login.
    pub login_at: Option<String>,
    /// Created at.
    pub created_at: Option<String>,
    /// Ends then; `None`: never.
    pub expires_at: Option<String>,
    /// Ends after so many seconds without use; `None`: it does not.
    pub idle_timeout_s: Option<i64>,
    /// It has expired.
    pub expired: bool,
}

/// Result of `auth.show`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OneSession {
    /// The session.
    pub session: Session,
}

/// Result of `auth.add`: the only time that the secret is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AddResult {
    /// What was created.
    pub session: Session,
    /// The app password or access token; `None` in a replay.
    pub secret: Option<Secret>,
}

/// Result of `auth.rm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RmResult {
    /// The session and those created from it.
    pub removed: u64,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_within_s: Option<u32>,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
}

/// Result of `auth.reset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResetResult {
    /// Sessions, tokens and app passwords that are gone.
    pub removed: u64,
    /// Absolute path of the backup that holds them.
    pub backup: String,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_within_s: Option<u32>,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
}

/// Result of `auth.login`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoginResult {
    /// Who logged in.
    pub user: User,
    /// The new session; `None` where none was wanted.
    pub session: Option<Session>,
    /// Its secret.
    pub secret: Option<Secret>,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_within_s: Option<u32>,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
}

/// Result of `auth.logout`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogoutResult {
    /// Whether a session that a login created has ended.
    pub removed: bool,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_within_s: Option<u32>,
    /// As in [`crate::ended::Ended`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
}

/// Result of `auth.verify` in the terms of RFC 7662 (OAuth 2.0 Token Introspection).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Introspection {
    /// The token is good for what was asked.
    Active(Box<Active>),
    /// It is not, for whatever reason.
    Inactive {
        /// Always false.
        #[cfg_attr(feature = "schema", schemars(extend("const" = false)))]
        active: bool,
    },
}

/// What is known about an active token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Active {
    /// Always true.
    #[cfg_attr(feature = "schema", schemars(extend("const" = true)))]
    pub active: bool,
    /// What it may be used for; `*`: everything.
    pub scope: String,
    /// Name of the account.
    pub username: Option<String>,
    /// UID of the account.
    pub sub: Option<String>,
    /// UID of the client.
    pub client_id: Option<String>,
    /// Name of the client.
    pub client_name: Option<String>,
    /// Ends then, Unix seconds; `None`: never.
    pub exp: Option<i64>,
    /// Created at, Unix seconds.
    pub iat: Option<i64>,
    /// Reference id of the session.
    pub session: String,
    /// Role of the account.
    pub role: Option<String>,
    /// Email of the account.
    pub email: Option<String>,
    /// Base directory of the account.
    pub base_path: Option<String>,
}

pub struct AuthAdd;

impl Command for AuthAdd {
    const NAME: CommandName = CommandName::AuthAdd;
    type Args = Add;
    type Reply = AddResult;
}

pub struct AuthLs;

impl Command for AuthLs {
    const NAME: CommandName = CommandName::AuthLs;
    type Args = Search;
    type Reply = Page<Session>;
}

pub struct AuthShow;

impl Command for AuthShow {
    const NAME: CommandName = CommandName::AuthShow;
    type Args = Target;
    type Reply = OneSession;
}

pub struct AuthRm;

impl Command for AuthRm {
    const NAME: CommandName = CommandName::AuthRm;
    type Args = Target;
    type Reply = RmResult;
}

pub struct AuthReset;

impl Command for AuthReset {
    const NAME: CommandName = CommandName::AuthReset;
    type Args = NoArgs;
    type Reply = ResetResult;
}

pub struct AuthLogin;

impl Command for AuthLogin {
    const NAME: CommandName = CommandName::AuthLogin;
    type Args = Login;
    type Reply = LoginResult;
}

pub struct AuthVerify;

impl Command for AuthVerify {
    const NAME: CommandName = CommandName::AuthVerify;
    type Args = Verify;
    type Reply = Introspection;
}

pub struct AuthLogout;

impl Command for AuthLogout {
    const NAME: CommandName = CommandName::AuthLogout;
    type Args = Logout;
    type Reply = LogoutResult;
}
