//! App passwords and access tokens of the file.

use std::collections::HashMap;

use photoprism_protocol::account_text::{DeclaredSession, SessionEntry, SessionTable};
use photoprism_protocol::client_text::check_client_name;
use photoprism_protocol::name::UserName;
use photoprism_protocol::numeric_text::looks_numeric;
use photoprism_protocol::scope::Scope;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::token::{is_access_token, is_app_password};

use super::rejected::{Rejected, Secrets};
use crate::commands::auth::add::{New, check_owner, new_row};
use crate::commands::auth::id_of;
use crate::commands::find::refuse_nul;
use crate::commands::request::Context;
use crate::commands::transaction::record;
use crate::commands::users::user_to_change;
use crate::error::CommandError;
use crate::model::{Account, Effect, Session, parse_expires_at};
use crate::store::{Tx, delete_session, session_by_id, session_insert, sessions_of_client};

/// Earlier sessions of one account and client that are read in one piece.
const PIECE: u32 = 1000;

/// One that keeps every rule of its own. Its secret is not kept.
#[derive(Clone, Debug)]
pub(super) struct ValidSession {
    pub(super) line: u64,
    pub(super) table: SessionTable,
    /// The account; `None` for an access token.
    user: Option<String>,
    pub(super) client_name: String,
    scope: Scope,
    /// SHA-256 of the secret.
    id: String,
    /// Unix seconds; -1: never.
    expires: i64,
}

/// What became of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionOutcome {
    /// It is there now; so many earlier ones ended.
    Added {
        ended: u64,
    },
    Unchanged,
    /// Its end has come, and it is not created any more.
    Expired,
}

/// Who adds, and who ends: each command has a record of its own.
pub(super) struct Contexts {
    pub(super) add: Context,
    pub(super) rm: Context,
}

/// Checks all of them by the rules that need no database.
pub(super) fn valid_sessions(
    found: &[DeclaredSession],
    secrets: &Secrets,
) -> Vec<Result<ValidSession, Rejected>> {
    // By what a session is found again.
    let mut seen = HashMap::new();
    let checked = |found: &DeclaredSession| {
        let DeclaredSession { line, table, name, .. } = found;
        let rejected =
            |error| Rejected { what: table.key(), line: *line, name: name.clone(), error };
        let session = valid(found, secrets).map_err(rejected)?;
        let user = session.user.as_deref().map(UserName::lookup_form);
        let client = format!("{} {user:?} {:?}", table.key(), session.client_name);
        for key in [client, session.id.clone()] {
            if let Some(before) = seen.insert(key, *line) {
                let message = format!("line {before} declares this name, or this secret, already");
                return Err(rejected(CommandError::Conflict(message.into())));
            }
        }
        Ok(session)
    };
    found.iter().map(checked).collect()
}

fn valid(found: &DeclaredSession, secrets: &Secrets) -> Result<ValidSession, CommandError> {
    let entry = found.entry.clone().map_err(CommandError::from)?;
    let SessionEntry { user, name, scope, secret_file, expires_at } = entry;
    match (found.table, &user) {
        (SessionTable::AppPassword, None) => {
            return Err(CommandError::broken("user", "name the account of the app password"));
        }
        (SessionTable::AccessToken, Some(_)) => {
            let why = "an access token is nobody's; leave the user out, or declare an app_password";
            return Err(CommandError::broken("user", why));
        }
        (SessionTable::AppPassword, Some(_)) | (SessionTable::AccessToken, None) => {}
    }
    refuse_nul("user", user.as_deref())?;
    check_client_name(&name).map_err(|rule| CommandError::invalid("name", &rule))?;
    let scope = Scope::parse(&scope).map_err(|rule| CommandError::invalid("scope", &rule))?;
    let expires = expires_at.as_deref().map(parse_expires_at).transpose();
    let expires = expires.map_err(|rule| CommandError::invalid("expires_at", &rule))?.flatten();
    Ok(ValidSession {
        line: found.line,
        table: found.table,
        user,
        client_name: name,
        scope,
        id: id_in(found.table, secrets.get(&secret_file))?,
        // 0 and less would be for ever.
        expires: expires.map_or(-1, |at| at.as_second().max(1)),
    })
}

/// The id of the secret, which has the form of its kind.
fn id_in(
    table: SessionTable,
    secret: Option<&Result<Secret, String>>,
) -> Result<String, CommandError> {
    let broken = |why: String| CommandError::broken("secret_file", why);
    let secret = match secret {
        Some(Ok(secret)) => secret,
        Some(Err(why)) => return Err(broken(why.clone())),
        None => return Err(broken("it was not read".into())),
    };
    let text = secret.expose();
    let why = match table {
        SessionTable::AppPassword if !is_app_password(text) => {
            "the file does not contain an app password: four groups of letters and digits, the last \
             of which is a check character, as photoprism auth add prints them"
        }
        SessionTable::AccessToken if !is_access_token(text) => {
            "the file does not contain an access token: 48 digits of lower-case hex, as openssl rand \
             -hex 24 prints them"
        }
        SessionTable::AppPassword | SessionTable::AccessToken => "",
    };
    if !why.is_empty() {
        return Err(broken(why.into()));
    }
    let id = id_of(secret);
    if looks_numeric(&id) {
        return Err(broken("PhotoPrism cannot store this secret; draw another one".into()));
    }
    Ok(id)
}

impl ValidSession {
    /// Creates the session where it does not exist, and ends those that it replaces: another secret
    /// of that account and client, or the same secret with other rights.
    pub(super) fn apply(
        &self,
        tx: &Tx<'_>,
        contexts: &Contexts,
    ) -> Result<(SessionOutcome, Vec<Effect>), CommandError> {
        let owner = self.user.as_deref().map(|user| user_to_change(tx, user)).transpose()?;
        let wanted = self.row(owner.as_ref(), &contexts.add);
        let known = session_by_id(tx, &self.id)?;
        if known.as_ref().is_some_and(|known| is_same(known, &wanted)) {
            return Ok((SessionOutcome::Unchanged, Vec::new()));
        }
        if let Some(owner) = &owner {
            check_owner(&contexts.add, owner)?;
        }
        if wanted.lifetime().is_expired(contexts.add.now.as_second()) {
            return Ok((SessionOutcome::Expired, Vec::new()));
        }
        let (mut ended, mut effects) = (0, Vec::new());
        let mut earlier: Vec<Session> = known.into_iter().collect();
        let mut is_last = false;
        while !is_last {
            for old in earlier {
                if delete_session(tx, &old.id, contexts.rm.now.as_second())? == 0 {
                    return Err(CommandError::Internal("an earlier session did not end".into()));
                }
                effects.push(record(tx, &contexts.rm, &old.ref_id)?);
                effects.push(Effect::SessionEnded { id: old.id });
                ended += 1;
            }
            earlier = sessions_of_client(tx, &wanted, PIECE)?;
            is_last = earlier.is_empty();
        }
        session_insert(tx, &wanted)?;
        effects.push(record(tx, &contexts.add, &wanted.ref_id)?);
        effects.push(Effect::SessionCreated(Box::new(wanted), owner.map(Box::new)));
        Ok((SessionOutcome::Added { ended }, effects))
    }

    fn row(&self, owner: Option<&Account>, context: &Context) -> Session {
        let Self { client_name, scope, expires, .. } = self;
        let new = New { client_name, scope, expires: *expires };
        new_row(&new, owner, self.id.clone(), context)
    }
}

/// Whether a session is what is declared, apart from what its use changes.
fn is_same(known: &Session, wanted: &Session) -> bool {
    let of = |session: &Session| {
        let Session { user_uid, client_name, provider, method, scope, .. } = session.clone();
        // 0 is never, as well.
        let expires = if session.expires > 0 { session.expires } else { -1 };
        (user_uid, client_name, provider, method, scope, expires)
    };
    of(known) == of(wanted)
}
