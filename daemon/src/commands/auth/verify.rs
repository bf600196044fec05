//! `auth.verify`: RFC 7662 for the sidecars.

use photoprism_protocol::auth::{self, Active, AuthVerify, Introspection};
use photoprism_protocol::envelope::Success;
use photoprism_protocol::name::UserName;
use photoprism_protocol::scope::Scope;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::token::SessionRef;
use sha2::{Digest, Sha256};

use super::find::id_of;
use crate::commands::find::refuse_nul;
use crate::commands::reply::Reply;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::limiter::ClientIp;
use crate::model::{Owner, Question, Token, introspect};
use crate::session_index::SessionId;
use crate::store::{Db, session_is_hidden, session_with_account};

const INACTIVE: Introspection = Introspection::Inactive { active: false };

/// The index answers at once. Where it does not know the answer the database is read: until it is
/// full, and at each check of PhotoPrism's sessions.
pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let mut request = Verify::parse(runner.args::<AuthVerify>()?)?;
    request.question.app_passwords_disabled = runner.context.app_passwords_disabled;
    let introspection = match request.id() {
        None => INACTIVE,
        Some(id) => introspection(runner, request, id).await?,
    };
    Reply::new(&introspection).map(Success::from)
}

async fn introspection(
    runner: &Runner<'_>,
    request: Verify,
    id: SessionId,
) -> Result<Introspection, CommandError> {
    let (index, now) = (&runner.app.index, runner.context.now.as_second());
    match index.verify(&id, &request.question, now) {
        Some(known) => Ok(known),
        None if runner.app.ended.contains_reported(&id) => Ok(INACTIVE),
        None => check(runner, request, id).await,
    }
}

/// Checks a token in the database.
async fn check(
    runner: &Runner<'_>,
    request: Verify,
    id: SessionId,
) -> Result<Introspection, CommandError> {
    let index = &runner.app.index;
    let now = runner.context.now.as_second();
    let client_ip = request.question.client_ip.clone();
    let (last_use, ended) = (index.uses().last_use(&id), runner.app.ended.clone());
    let check = move |db: &Db| {
        let active = read(db, &request, now, last_use)?;
        // One that is hidden is not found.
        if active.is_none() && is_hidden(db, &request)? {
            ended.report();
        }
        Ok::<_, CommandError>(active)
    };
    let Some(active) = runner.app.store.read(runner.time_left(), check).await? else {
        return Ok(INACTIVE);
    };
    index.note(&id, client_ip.as_deref(), now);
    Ok(Introspection::Active(Box::new(active)))
}

/// The checked arguments.
struct Verify {
    /// `None`: it does not have the form of the daemon's secrets, and is not active.
    secret: Option<Secret>,
    /// What the token must be valid for.
    question: Question,
}

impl Verify {
    /// Checks the arguments. A token of another form is not an error: it is not active.
    fn parse(args: auth::Verify) -> Result<Self, CommandError> {
        refuse_nul("token", Some(args.token.expose()))?;
        let scope = match args.scope.as_deref().map(Scope::parse) {
            Some(Err(rule)) => return Err(CommandError::invalid("scope", &rule)),
            Some(Ok(scope)) => scope.names().map(ToOwned::to_owned).collect(),
            None => Vec::new(),
        };
        refuse_nul("name", args.name.as_deref())?;
        let client_ip = args
            .client_ip
            .map(|text| ClientIp::parse(&text))
            .transpose()
            .map_err(|rule| CommandError::invalid("client_ip", &rule))?;
        let question = Question {
            scope,
            name: args.name.as_deref().map(UserName::lookup_form),
            client_ip: client_ip.map(|ip| ip.as_str().to_owned()),
            ..Question::default()
        };
        Ok(Self { secret: secret_of(args.token), question })
    }

    /// The id in the index; `None`: not active whatever is asked.
    fn id(&self) -> Option<SessionId> {
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

/// Whether the session is there and was ended: a running PhotoPrism wrote it back, or created it
/// from one that was.
fn is_hidden(db: &Db, request: &Verify) -> Result<bool, CommandError> {
    Ok(match &request.secret {
        Some(secret) => session_is_hidden(db, &id_of(secret))?,
        None => false,
    })
}

/// Checks a token by the rows of the database. `last_use` is one that is not yet written.
fn read(
    db: &Db,
    request: &Verify,
    now: i64,
    last_use: Option<i64>,
) -> Result<Option<Active>, CommandError> {
    let Some(secret) = &request.secret else { return Ok(None) };
    let found = session_with_account(db, &id_of(secret))?;
    let Some((mut session, account)) = found else { return Ok(None) };
    session.last_active = session.last_active.max(last_use.unwrap_or(0));
    let edition = db.kind().edition();
    let owner = account.as_ref().map(|account| Owner::new(account, edition));
    Ok(introspect(&Token::from(&session), owner.as_ref(), &request.question, now))
}
