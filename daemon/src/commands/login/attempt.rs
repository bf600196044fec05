//! A checked request.

use photoprism_protocol::auth;
use photoprism_protocol::client_text::{DEFAULT_REALM, check_client_name, check_realm};
use photoprism_protocol::name::UserName;
use photoprism_protocol::scope::Scope;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::token::is_app_password;
use sha2::{Digest, Sha256};

use crate::commands::find::refuse_nul;
use crate::error::CommandError;
use crate::limiter::ClientIp;
use crate::session_index::SessionId;

/// The scope that an app password needs where a session is created from it.
const SESSIONS: &str = "sessions";

/// One attempt to log in.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    /// The name as it was given.
    pub typed_name: String,
    /// The name in its stored form.
    pub name: String,
    /// The password, or an app password.
    pub password: Secret,
    /// Where it came from.
    pub client_ip: ClientIp,
    /// Two-factor code or recovery code.
    pub passcode: Option<Secret>,
    /// What was logged in to.
    pub realm: String,
    /// The browser or app.
    pub user_agent: String,
    /// Name of the client for the session.
    pub client_name: String,
    /// Whether a session is created.
    pub session: bool,
    /// The password is an app password that was ended, whatever its row contains.
    pub ended: bool,
    scope: Option<Scope>,
}

impl Attempt {
    /// Checks the arguments.
    ///
    /// # Errors
    /// `invalid_argument`; nothing is counted or recorded then.
    pub(crate) fn parse(args: auth::Login) -> Result<Self, CommandError> {
        refuse_nul("name", Some(&args.name))?;
        refuse_nul("password", Some(args.password.expose()))?;
        let client_ip = ClientIp::parse(&args.client_ip)
            .map_err(|rule| CommandError::invalid("client_ip", &rule))?;
        refuse_nul("passcode", args.passcode.as_ref().map(Secret::expose))?;
        let realm = args.realm.unwrap_or_else(|| DEFAULT_REALM.into());
        check_realm(&realm).map_err(|rule| CommandError::invalid("realm", &rule))?;
        refuse_nul("user_agent", args.user_agent.as_deref())?;
        let client = args.client_name.unwrap_or_default();
        if !client.is_empty() {
            check_client_name(&client)
                .map_err(|rule| CommandError::invalid("client_name", &rule))?;
        }
        let scope = args
            .scope
            .map(|text| Scope::parse(&text))
            .transpose()
            .map_err(|rule| CommandError::invalid("scope", &rule))?;
        Ok(Self {
            name: UserName::lookup_form(&args.name),
            typed_name: args.name,
            password: args.password,
            client_ip,
            passcode: args.passcode,
            realm,
            user_agent: args.user_agent.unwrap_or_default(),
            client_name: client,
            session: args.session.unwrap_or(true),
            ended: false,
            scope,
        })
    }

    /// The id of the app password that was given in place of the password.
    pub(crate) fn app_password_id(&self) -> Option<SessionId> {
        is_app_password(self.password.expose())
            .then(|| Sha256::digest(self.password.expose().as_bytes()).into())
    }

    /// The scope names that an app password must allow.
    pub(super) fn wanted(&self) -> Vec<&str> {
        match &self.scope {
            Some(scope) if !self.session => scope.names().collect(),
            _ => vec![SESSIONS],
        }
    }
}
