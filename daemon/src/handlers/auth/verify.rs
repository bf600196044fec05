//! `auth.verify`: RFC 7662 for the sidecars.

use photoprism_protocol::auth::{self, Active, Introspection};
use photoprism_protocol::name::UserName;
use photoprism_protocol::scope::Scope;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::token::SessionRef;
use sha2::{Digest, Sha256};

use super::find::id_of;
use crate::accounts::account::AccountState;
use crate::accounts::index::{Ask, SessionId};
use crate::accounts::limiter::ClientIp;
use crate::accounts::sessions::{SessionLifetime, effective_scope, scope_allows};
use crate::error::CommandError;
use crate::handlers::find::no_nul;
use crate::store::{Db, SessionRow, session_by_id, session_is_hidden, user_by_uid};

/// A checked request.
#[derive(Debug)]
pub struct Verify {
    /// `None`: it does not have the form of the daemon's secrets, and is not active.
    secret: Option<Secret>,
    /// What the token must be valid for.
    pub ask: Ask,
}

impl Verify {
    /// Checks the arguments. A token of another form is not an error: it is not active.
    pub fn parse(args: auth::Verify) -> Result<Self, CommandError> {
        no_nul("token", Some(args.token.expose()))?;
        let scope = match args.scope.as_deref().map(Scope::parse) {
            Some(Err(rule)) => return Err(CommandError::invalid("scope", &rule)),
            Some(Ok(scope)) => scope.names().map(ToOwned::to_owned).collect(),
            None => Vec::new(),
        };
        no_nul("name", args.name.as_deref())?;
        let client_ip = args
            .client_ip
            .map(|text| ClientIp::parse(&text))
            .transpose()
            .map_err(|rule| CommandError::invalid("client_ip", &rule))?;
        let ask = Ask {
            scope,
            name: args.name.as_deref().map(UserName::lookup_form),
            client_ip: client_ip.map(|ip| ip.as_str().to_owned()),
        };
        Ok(Self { secret: secret_of(args.token), ask })
    }

    /// The id in the index; `None`: not active whatever is asked.
    pub fn id(&self) -> Option<SessionId> {
        let secret = self.secret.as_ref()?;
        Some(Sha256::digest(secret.expose().as_bytes()).into())
    }
}

fn secret_of(token: Secret) -> Option<Secret> {
    match SessionRef::classify(token.expose()) {
        Some(SessionRef::AccessToken(_) | SessionRef::AppPassword(_)) => Some(token),
        Some(SessionRef::RefId(_) | SessionRef::SessionId(_)) | None => None,
    }
}

/// Checks a token by the rows of PhotoPrism's database, which others change as well. `last_use` is
/// one that is not yet written.
pub fn verify(
    db: &Db,
    request: &Verify,
    (now, last_use): (i64, Option<i64>),
) -> Result<Introspection, CommandError> {
    let active = match &request.secret {
        Some(secret) => read(db, secret, (&request.ask, now, last_use))?,
        None => None,
    };
    Ok(active.map_or(Introspection::Inactive { active: false }, |active| {
        Introspection::Active(Box::new(active))
    }))
}

/// Whether the session is there and was ended: a running PhotoPrism wrote it back, or created it
/// from one that was.
pub fn is_hidden(db: &Db, request: &Verify) -> Result<bool, CommandError> {
    Ok(match &request.secret {
        Some(secret) => session_is_hidden(db, &id_of(secret))?,
        None => false,
    })
}

fn read(
    db: &Db,
    secret: &Secret,
    (ask, now, last_use): (&Ask, i64, Option<i64>),
) -> Result<Option<Active>, CommandError> {
    let Some(mut row) = session_by_id(db, &id_of(secret))? else { return Ok(None) };
    row.last_active = row.last_active.max(last_use.unwrap_or(0));
    if SessionLifetime::of(&row).is_expired(now) {
        return Ok(None);
    }
    let account = match row.user_uid.as_str() {
        "" => None,
        uid => match user_by_uid(db, uid)?.as_ref().map(AccountState::of) {
            Some(state) if !state.is_disabled(now) => Some(state),
            _ => return Ok(None),
        },
    };
    let named = account.as_ref().map(|account| &account.name);
    let wrong_name = ask.name.is_some() && ask.name.as_ref() != named;
    if wrong_name || !scope_allows(&row.scope, ask.scope.iter().map(String::as_str)) {
        return Ok(None);
    }
    Ok(Some(active(row, account)))
}

fn active(row: SessionRow, account: Option<AccountState>) -> Active {
    let text = |text: String| Some(text).filter(|text| !text.is_empty());
    let created = SessionLifetime::of(&row).created;
    Active {
        active: true,
        scope: effective_scope(&row.scope).into(),
        username: account.as_ref().and_then(|account| text(account.name.clone())),
        role: account.and_then(|account| text(account.role)),
        sub: text(row.user_uid),
        client_id: text(row.client_uid),
        client_name: text(row.client_name),
        exp: Some(row.expires).filter(|end| *end > 0),
        iat: Some(created).filter(|at| *at > 0),
        session: row.ref_id,
    }
}
