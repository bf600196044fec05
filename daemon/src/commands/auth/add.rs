//! `auth.add`: app passwords and access tokens.

use photoprism_protocol::args::Int;
use photoprism_protocol::auth::{self, AddResult, AuthAdd};
use photoprism_protocol::client_text::check_client_name;
use photoprism_protocol::generated::session_ref_id;
use photoprism_protocol::scope::Scope;
use photoprism_protocol::token::{new_access_token, new_app_password};

use super::drawn::drawn;
use super::find::to_wire;
use crate::commands::find::refuse_nul;
use crate::commands::reply::Written;
use crate::commands::request::{Context, Request};
use crate::commands::runner::{Outcome, Runner};
use crate::commands::users::user_to_change;
use crate::error::CommandError;
use crate::model::{Account, Effect, Session, first_disabling};
use crate::store::{Tx, session_insert};

/// Lifetime in seconds unless another is given: a year.
const DEFAULT_LIFETIME: i64 = 31_536_000;

/// Longest lifetime in seconds: a hundred years.
const LONGEST_LIFETIME: i64 = 3_153_600_000;

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.write::<AuthAdd, _>(Add::parse, add).await
}

/// The checked arguments.
struct Add {
    client_name: String,
    scope: Scope,
    user: Option<String>,
    lifetime: Option<i64>,
}

impl Add {
    fn parse(args: auth::Add) -> Result<Self, CommandError> {
        check_client_name(&args.name).map_err(|rule| CommandError::invalid("name", &rule))?;
        let scope =
            Scope::parse(&args.scope).map_err(|rule| CommandError::invalid("scope", &rule))?;
        refuse_nul("user", args.user.as_deref())?;
        let lifetime = lifetime(args.expires_in)?;
        Ok(Self { client_name: args.name, scope, user: args.user, lifetime })
    }
}

/// `None`: for ever.
fn lifetime(given: Option<Int>) -> Result<Option<i64>, CommandError> {
    match given.map(|Int(seconds)| i64::try_from(seconds)) {
        None => Ok(Some(DEFAULT_LIFETIME)),
        Some(Ok(-1)) => Ok(None),
        Some(Ok(seconds @ 1..=LONGEST_LIFETIME)) => Ok(Some(seconds)),
        Some(_) => Err(CommandError::broken(
            "expires_in",
            "the lifetime is 1 to 3153600000 seconds, or -1 for one that never ends",
        )),
    }
}

/// Creates it; the secret is in this one reply and nowhere else.
fn add(tx: &Tx<'_>, request: &Request<Add>) -> Result<Written<AddResult>, CommandError> {
    let (args, context) = (&request.args, &request.context);
    let owner = args.user.as_deref().map(|user| owner(tx, context, user)).transpose()?;
    let mut random = context.random;
    let (secret, id) = drawn(|| match owner {
        Some(_) => new_app_password(&mut random),
        None => new_access_token(&mut random),
    });
    let expires = args.lifetime.map_or(-1, |seconds| context.now.as_second() + seconds);
    let new = New { client_name: &args.client_name, scope: &args.scope, expires };
    let row = new_row(&new, owner.as_ref(), id, context);
    session_insert(tx, &row)?;
    let target = row.ref_id.clone();
    let created = Effect::SessionCreated(Box::new(row.clone()), owner.map(Box::new));
    let session = to_wire(row, context.now.as_second());
    let hidden = AddResult { session: session.clone(), secret: None };
    let shown = AddResult { session, secret: Some(secret) };
    let warnings = args.scope.warnings();
    let written = Written::new(target, &shown)?.with_effects([created]).with_warnings(warnings);
    written.replayed_as(&hidden)
}

fn owner(tx: &Tx<'_>, context: &Context, user: &str) -> Result<Account, CommandError> {
    let row = user_to_change(tx, user)?;
    check_owner(context, &row)?;
    Ok(row)
}

/// Whether an app password of that account would work.
pub(in crate::commands) fn check_owner(
    context: &Context,
    row: &Account,
) -> Result<(), CommandError> {
    if context.app_passwords_disabled {
        return Err(CommandError::Conflict(
            "app passwords are disabled (PHOTOPRISM_DISABLE_FEATURES), one would not work; take \
             app-passwords out of that setting of the daemon and of PhotoPrism, and restart both"
                .into(),
        ));
    }
    if first_disabling(row, context.now).is_some() {
        return Err(CommandError::Conflict(
            "the account is disabled (expired, or its provider is none), an app password of it \
             would not work; enable it first"
                .into(),
        ));
    }
    Ok(())
}

/// What a new app password or access token is, apart from its secret.
pub(in crate::commands) struct New<'a> {
    pub(in crate::commands) client_name: &'a str,
    pub(in crate::commands) scope: &'a Scope,
    /// End, Unix seconds; -1: never.
    pub(in crate::commands) expires: i64,
}

/// The row of an app password of `owner`, or of an access token.
pub(in crate::commands) fn new_row(
    new: &New<'_>,
    owner: Option<&Account>,
    id: String,
    context: &Context,
) -> Session {
    let mut random = context.random;
    let (provider, method) = match owner {
        Some(_) => ("application", "default"),
        None => ("access_token", "oauth2"),
    };
    Session {
        id,
        ref_id: session_ref_id(&mut random),
        user_uid: owner.map(|row| row.uid.clone()).unwrap_or_default(),
        user_name: owner.map(|row| row.name.clone()).unwrap_or_default(),
        client_name: new.client_name.into(),
        provider: provider.into(),
        method: method.into(),
        scope: new.scope.as_str().into(),
        grant: "cli".into(),
        expires: new.expires,
        created_at: Some(context.now),
        ..Session::default()
    }
}
