//! The transaction of an attempt: the judgement, its record, its places, and the session.

use photoprism_protocol::auth::LoginResult;
use photoprism_protocol::generated::session_ref_id;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::token::new_access_token;

use super::attempt::Attempt;
use super::candidate::{Candidate, candidate};
use super::judge::{Decision, Grant, Passcode, Reason, VerifiedCredential, judge};
use crate::commands::app::Lifetimes;
use crate::commands::auth::{self, drawn};
use crate::commands::ending::Ending;
use crate::commands::properties::to_wire;
use crate::commands::reply::Reply;
use crate::commands::request::Context;
use crate::commands::revoked::revoke;
use crate::commands::users::disable_2fa;
use crate::error::CommandError;
use crate::model::{Account, Change, Effect, Property, Session, WithEffects};
use crate::store::{
    self, AttemptStatus, LimitCharge, LimitRow, Tx, account_by_name, account_by_uid,
    account_logged_in, account_update, limits_charge, login_record, session_insert, trim_logins,
    trust_put,
};

/// Most live logins of an account.
const MOST_LOGINS: u32 = 1000;

/// What an attempt writes about its places.
#[derive(Clone, Debug, Default)]
pub(crate) struct FailureCharges {
    /// Where the password was not right.
    pub password: Vec<LimitCharge>,
    /// Where the passcode was not.
    pub passcode: Vec<LimitCharge>,
    /// Where all was.
    pub vouch: Option<LimitRow>,
}

/// Why an attempt was refused, and what its places are then, where other daemons count them too.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    /// Why.
    pub reason: Reason,
    /// The rows that it wrote.
    pub rows: Vec<LimitRow>,
}

/// The outcome of an attempt: the reply, or what it has to be checked against once more.
pub(crate) type AttemptOutcome = Decision<Box<Granted>, Box<Candidate>, Refused>;

/// A login: its reply, and what it ended.
pub(crate) struct Granted {
    pub reply: Reply<LoginResult>,
    pub ending: Option<Ending>,
}

/// A request on its way into the transaction.
#[derive(Clone, Debug)]
pub(crate) struct VerifiedAttempt {
    /// What was asked.
    pub attempt: Attempt,
    /// What was checked.
    pub checked: VerifiedCredential,
    /// What it does to the places.
    pub charges: FailureCharges,
    /// How long sessions live.
    pub lifetimes: Lifetimes,
}

/// Decides, records and commits an attempt.
///
/// # Errors
/// The store's: an attempt that cannot be recorded is refused.
pub(crate) fn commit_attempt(
    tx: &Tx<'_>,
    context: &Context,
    request: &VerifiedAttempt,
) -> Result<WithEffects<AttemptOutcome>, CommandError> {
    let attempt = &request.attempt;
    let row = account_by_name(tx, &attempt.name)?;
    match (judge(tx, context, attempt, &request.checked, row.as_ref())?, row) {
        (Decision::Grant(grant), Some(row)) => welcome(tx, context, request, &grant, row),
        (Decision::Retry(()) | Decision::Grant(_), row) => {
            let known = candidate(tx, context, attempt, row.as_ref())?;
            Ok(WithEffects { value: Decision::Retry(Box::new(known)), effects: Vec::new() })
        }
        (Decision::Deny(reason), _) => {
            let rows = refuse(tx, context, request, reason)?;
            let value = Decision::Deny(Refused { reason, rows });
            Ok(WithEffects { value, effects: Vec::new() })
        }
    }
}

fn refuse(
    tx: &Tx<'_>,
    context: &Context,
    request: &VerifiedAttempt,
    reason: Reason,
) -> Result<Vec<LimitRow>, CommandError> {
    let now = context.machine_time.as_second();
    let mut rows = Vec::new();
    if reason.counts_as_failure() {
        rows.extend(limits_charge(tx, &request.charges.password, now)?);
    }
    if reason == Reason::WrongPasscode {
        rows.extend(limits_charge(tx, &request.charges.passcode, now)?);
    }
    let status = AttemptStatus::Failed { reason: reason.status(), error: "" };
    record(tx, context, &request.attempt, status)?;
    // A file is this daemon's alone: what is in memory is more exact.
    if tx.server().is_none() {
        rows.clear();
    }
    Ok(rows)
}

fn record(
    tx: &Tx<'_>,
    context: &Context,
    attempt: &Attempt,
    status: AttemptStatus<'_>,
) -> Result<(), CommandError> {
    Ok(login_record(
        tx,
        &store::Attempt {
            client_ip: attempt.client_ip.as_str(),
            name: &attempt.typed_name,
            realm: &attempt.realm,
            status,
            user_agent: &attempt.user_agent,
            banned: false,
            now: context.now,
        },
    )?)
}

fn welcome(
    tx: &Tx<'_>,
    context: &Context,
    request: &VerifiedAttempt,
    grant: &Grant,
    row: Account,
) -> Result<WithEffects<AttemptOutcome>, CommandError> {
    let mut effects = Vec::new();
    if grant.passcode == Passcode::Recovery {
        effects.extend(turn_two_factor_off(tx, context, &row)?);
    }
    record(tx, context, &request.attempt, AttemptStatus::Ok)?;
    if let Some(vouch) = &request.charges.vouch {
        trust_put(tx, vouch)?;
    }
    account_logged_in(tx, &row.uid, context.now)?;
    let created = if request.attempt.session {
        Some(create_session(tx, context, request, grant, &row)?)
    } else {
        None
    };
    let row = account_by_uid(tx, &row.uid)?.unwrap_or(row);
    let account = Box::new(row.clone());
    let user = to_wire(row, tx.kind().edition(), context.now);
    let (session, secret) = match created {
        None => (None, None),
        Some(NewSession { row, secret, trimmed }) => {
            effects.extend(trimmed.into_iter().map(|id| Effect::SessionEnded { id }));
            effects.push(Effect::SessionCreated(Box::new(row.clone()), Some(account)));
            (Some(auth::to_wire(row, context.now.as_second())), Some(secret))
        }
    };
    let reply = Reply::new(&LoginResult {
        user,
        session,
        secret,
        effective_within_s: None,
        pending: None,
    })?;
    let ending = Ending::of(tx, context.permit.command())?;
    Ok(WithEffects { value: Decision::Grant(Box::new(Granted { reply, ending })), effects })
}

/// The recovery code works once, and without the app the key is useless.
fn turn_two_factor_off(
    tx: &Tx<'_>,
    context: &Context,
    row: &Account,
) -> Result<Option<Effect>, CommandError> {
    let mut after = row.clone();
    let disabled = disable_2fa(tx, &mut after)?;
    account_update(tx, row, &after, context.now)?;
    let changed = disabled.then_some(Property::TwoFactor).into_iter().collect();
    Ok(revoke(tx, row, Change::Properties(&changed), context.now)?.1)
}

struct NewSession {
    row: Session,
    secret: Secret,
    trimmed: Vec<String>,
}

fn create_session(
    tx: &Tx<'_>,
    context: &Context,
    request: &VerifiedAttempt,
    grant: &Grant,
    user: &Account,
) -> Result<NewSession, CommandError> {
    let mut random = context.random;
    let (secret, id) = drawn(|| new_access_token(&mut random));
    let row = Session { id, ..new_row(context, request, grant, user) };
    session_insert(tx, &row)?;
    let trimmed = trim_logins(tx, &user.uid, MOST_LOGINS, context.now.as_second())?;
    Ok(NewSession { row, secret, trimmed })
}

fn new_row(context: &Context, request: &VerifiedAttempt, grant: &Grant, user: &Account) -> Session {
    let (attempt, now) = (&request.attempt, context.now);
    let mut random = context.random;
    let after = |seconds: i64| if seconds < 0 { -1 } else { context.now.as_second() + seconds };
    let common = Session {
        ref_id: session_ref_id(&mut random),
        user_uid: user.uid.clone(),
        user_name: user.name.clone(),
        grant: "password".into(),
        client_ip: attempt.client_ip.as_str().into(),
        login_ip: attempt.client_ip.as_str().into(),
        user_agent: attempt.user_agent.chars().take(512).collect(),
        login_at: Some(now),
        created_at: Some(now),
        ..Session::default()
    };
    match &grant.app {
        None => Session {
            provider: "local".into(),
            method: if grant.passcode == Passcode::NotNeeded { "default" } else { "2fa" }.into(),
            client_name: attempt.client_name.clone(),
            expires: after(request.lifetimes.maxage),
            timeout: request.lifetimes.timeout,
            ..common
        },
        // Created from an app password, it has that one's rights and ends with it.
        Some(app) => Session {
            provider: "application".into(),
            method: "session".into(),
            auth_issuer: user.uid.clone(),
            auth_id: app.id.clone(),
            scope: app.scope.clone(),
            expires: app.expires,
            client_name: if attempt.client_name.is_empty() {
                app.client_name.clone()
            } else {
                attempt.client_name.clone()
            },
            ..common
        },
    }
}
