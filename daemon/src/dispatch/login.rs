//! `auth.login`: limiter, hash, transaction, and the better hash afterwards.

use std::sync::Arc;

use photoprism_protocol::auth::AuthLogin;
use photoprism_protocol::envelope::Success;
use photoprism_protocol::secret::Secret;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::commands::Runner;
use crate::commands::auth::{
    Attempt, AttemptOutcome, Candidate, Decision, FailureCharges, Reason, VerifiedAttempt,
    VerifiedCredential, commit_attempt, load_candidate,
};
use crate::error::{CommandError, LoginRefusal};
use crate::hashing::{Lane, needs_rehash};
use crate::limiter::{RateLimited, Reservation};
use crate::log::REPEATED;
use crate::model::WithEffects;
use crate::store::{Db, StoreError, Tx, password_hash, password_set};

/// How often an attempt is checked where the account changes under it.
const ROUNDS: usize = 3;

/// The places of one attempt.
struct Reservations {
    password: Reservation,
    passcode: Option<Reservation>,
}

/// Runs an attempt; a refusal is sent no sooner than the minimum delay allows.
pub(super) async fn login(call: &Runner<'_>) -> Result<Success, CommandError> {
    let mut attempt = Attempt::parse(call.args::<AuthLogin>()?)?;
    attempt.ended =
        attempt.app_password_id().is_some_and(|id| call.app.ended.contains_reported(&id));
    let outcome = attempt_once(call, &attempt).await;
    if let Err(CommandError::Login(_)) = &outcome {
        call.wait_for_minimum_delay().await;
    }
    outcome
}

async fn attempt_once(call: &Runner<'_>, attempt: &Attempt) -> Result<Success, CommandError> {
    let mut known = load(call, attempt).await?;
    let entered = call.app.limiter.enter(&attempt.client_ip, known.who.clone());
    let entered = timeout(call.time_left(), entered).await.map_err(|_| CommandError::Late)?;
    let mut places = match entered {
        Ok(password) => Reservations { password, passcode: None },
        Err(limited) => return Err(limited_now(call, attempt, limited)),
    };
    for _ in 0..ROUNDS {
        let checked = match check(call, attempt, &known, &mut places).await? {
            Ok(checked) => checked,
            Err(limited) => return Err(limited_now(call, attempt, limited)),
        };
        let stored = known.stored.clone();
        match decide(call, attempt, (checked, &places)).await? {
            Decision::Retry(now) => known = *now,
            Decision::Grant(success) => {
                places.password.succeed();
                let (ip, user) = (attempt.client_ip.as_str(), attempt.name.as_str());
                info!(target: REPEATED, ip = %ip, user, "login ok");
                call.app.metrics.login("ok");
                upgrade_hash(call, attempt, (&known, stored));
                return Ok(*success);
            }
            Decision::Deny(reason) => return Err(refused(call, attempt, (places, reason))),
        }
    }
    Err(CommandError::Unavailable("the account changes all the time; try again".into()))
}

async fn load(call: &Runner<'_>, attempt: &Attempt) -> Result<Candidate, CommandError> {
    let (context, attempt) = (Arc::clone(&call.context), attempt.clone());
    let work = move |db: &Db| load_candidate(db, &context, &attempt);
    call.app.store.read(call.time_left(), work).await
}

/// Computes the one hash of the attempt, and takes a place for the passcode if one has to be
/// checked.
async fn check(
    call: &Runner<'_>,
    attempt: &Attempt,
    known: &Candidate,
    places: &mut Reservations,
) -> Result<Result<VerifiedCredential, RateLimited>, CommandError> {
    if known.app.is_some() {
        return Ok(Ok(VerifiedCredential::App));
    }
    let stored = known.stored.clone();
    let matches = call.verify_in(Lane::Login, attempt.password.clone(), stored.clone()).await?;
    if let (true, Some(uid), Some(_), None) =
        (matches, &known.two_factor, &attempt.passcode, &places.passcode)
    {
        match call.app.limiter.enter_passcode(uid).await {
            Ok(place) => places.passcode = Some(place),
            Err(limited) => return Ok(Err(limited)),
        }
    }
    let passcode_place = places.passcode.is_some();
    Ok(Ok(VerifiedCredential::Password { stored, matches, passcode_place }))
}

async fn decide(
    call: &Runner<'_>,
    attempt: &Attempt,
    (checked, places): (VerifiedCredential, &Reservations),
) -> Result<AttemptOutcome, CommandError> {
    // Earlier refusals must not be written after the outcome of this attempt.
    if call.app.refusals.contains(attempt.client_ip.as_str(), &attempt.name) {
        call.app.flush_refusals(call.time_left()).await?;
    }
    let charges = FailureCharges {
        password: places.password.charges(),
        passcode: places.passcode.as_ref().map(Reservation::charges).unwrap_or_default(),
        vouch: places.password.trust(call.context.now.as_second()),
    };
    let lifetimes = call.app.lifetimes;
    let request = VerifiedAttempt { attempt: attempt.clone(), checked, charges, lifetimes };
    let context = Arc::clone(&call.context);
    let work = move |tx: &Tx<'_>| -> Result<WithEffects<AttemptOutcome>, CommandError> {
        commit_attempt(tx, &context, &request)
    };
    call.app.store.write_with_effects(call.time_left(), work).await
}

fn limited_now(call: &Runner<'_>, attempt: &Attempt, limited: RateLimited) -> CommandError {
    call.app.refusals.count(attempt.client_ip.as_str(), &attempt.name, &attempt.realm);
    log_login(call, attempt, Reason::RateLimited);
    CommandError::Login(LoginRefusal::RateLimited { retry_after_s: limited.retry_after_s })
}

fn refused(
    call: &Runner<'_>,
    attempt: &Attempt,
    (places, reason): (Reservations, Reason),
) -> CommandError {
    log_login(call, attempt, reason);
    if reason.counts_as_failure() {
        places.password.fail();
    }
    match (reason, places.passcode) {
        (Reason::WrongPasscode, Some(place)) => place.fail(),
        (_, place) => drop(place),
    }
    CommandError::Login(match reason {
        Reason::PasscodeMissing => LoginRefusal::PasscodeRequired,
        _ => LoginRefusal::Refused,
    })
}

fn log_login(call: &Runner<'_>, attempt: &Attempt, reason: Reason) {
    call.app.metrics.login(reason.status());
    let (ip, user) = (attempt.client_ip.as_str(), attempt.name.as_str());
    info!(target: REPEATED, ip = %ip, user, reason = reason.status(), "login refused");
}

/// Replaces a hash of another scheme or of weaker parameters, now that the password is known.
/// Only if the old hash is still stored; nobody waits for it.
fn upgrade_hash(
    call: &Runner<'_>,
    attempt: &Attempt,
    (known, stored): (&Candidate, Option<String>),
) {
    let app = &call.app;
    let Some(old) =
        stored.filter(|old| known.app.is_none() && needs_rehash(old, app.pool.target()))
    else {
        return;
    };
    let crate::limiter::LimitKey::Account(uid) = known.who.clone() else { return };
    let Ok(ticket) = app.pool.queue_hash(Lane::Login, attempt.password.clone()) else { return };
    let (store, deadline) = (app.store.clone(), app.limits.borrow().request_timeout);
    let now = call.context.now;
    tokio::task::spawn_local(async move {
        let Ok(hash) = ticket.outcome().await else { return };
        let hash = Secret::new(hash.expose().to_owned());
        let replaced = store.write(deadline, move |tx| {
            if password_hash(tx, &uid)?.as_deref() == Some(old.as_str()) {
                password_set(tx, &uid, hash.expose(), now)?;
            }
            Ok::<_, StoreError>(())
        });
        if let Err(error) = replaced.await {
            warn!(target: REPEATED, %error, "a better password hash could not be stored");
        }
    });
}
