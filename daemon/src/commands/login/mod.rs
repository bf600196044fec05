//! `auth.login`: one attempt, from what is known before the hash to what is committed after it.

mod attempt;
mod candidate;
mod commit;
mod judge;
mod known;
mod repeated;

use std::pin::pin;
use std::sync::Arc;

use futures_util::FutureExt;
use photoprism_protocol::auth::{AuthLogin, LoginResult};
use photoprism_protocol::envelope::Success;
use photoprism_protocol::secret::Secret;
use tracing::{info, warn};

use self::attempt::Attempt;
use self::candidate::Candidate;
use self::commit::{AttemptOutcome, FailureCharges, Refused, VerifiedAttempt, commit_attempt};
use self::judge::{Decision, Reason, VerifiedCredential};
use self::known::load;
use self::repeated::{note_success, remembered, repeat};
use crate::commands::reply::Reply;
use crate::commands::runner::{Outcome, Runner};
use crate::error::{CommandError, LoginRefusal};
use crate::hashing::{Lane, needs_rehash};
use crate::limiter::{LimitKey, RateLimited, Reservation};
use crate::log::REPEATED;
use crate::model::WithEffects;
use crate::store::{StoreError, Tx, password_hash, password_set};

/// How often an attempt is checked where the account changes under it.
const ROUNDS: usize = 3;

/// The places of one attempt.
struct Reservations {
    password: Reservation,
    passcode: Option<Reservation>,
}

/// Runs an attempt; a refusal is sent no sooner than the minimum delay allows.
pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let mut attempt = Attempt::parse(runner.args::<AuthLogin>()?)?;
    attempt.ended =
        attempt.app_password_id().is_some_and(|id| runner.app.ended.contains_reported(&id));
    let outcome = attempt_once(runner, &attempt).await;
    if let Err(CommandError::Login(_)) = &outcome {
        runner.wait_for_minimum_delay().await;
    }
    outcome.map(Success::from)
}

async fn attempt_once(
    runner: &Runner<'_>,
    attempt: &Attempt,
) -> Result<Reply<LoginResult>, CommandError> {
    let (mut known, mut places) = match enter(runner, attempt).await? {
        Ok((known, password)) => (known, Reservations { password, passcode: None }),
        Err(limited) => return Err(limited_now(runner, attempt, limited)),
    };
    for _ in 0..ROUNDS {
        let checked = match check(runner, attempt, &known, &mut places).await? {
            Ok(checked) => checked,
            Err(limited) => return Err(limited_now(runner, attempt, limited)),
        };
        if let Some(reply) = repeat(runner, attempt, &known, &checked, &places.password).await? {
            places.password.succeed();
            return Ok(reply);
        }
        match decide(runner, attempt, checked.clone(), &places).await? {
            Decision::Retry(now) => known = *now,
            Decision::Grant(granted) => {
                places.password.succeed();
                note_success(runner, attempt, &known, &checked);
                if let VerifiedCredential::Password { stored, .. } = checked {
                    upgrade_hash(runner, attempt, &known, stored);
                }
                runner.note_ending(granted.ending);
                return Ok(granted.reply);
            }
            Decision::Deny(why) => return Err(refused(runner, attempt, places, &why)),
        }
    }
    Err(CommandError::Unavailable("the account changes all the time; try again".into()))
}

/// Reads what is known about the attempt, and takes its places.
async fn enter(
    runner: &Runner<'_>,
    attempt: &Attempt,
) -> Result<Result<(Candidate, Reservation), RateLimited>, CommandError> {
    let known = load(runner, attempt).await?;
    let mut entering = pin!(runner.app.limiter.enter(&attempt.client_ip, known.who.clone()));
    if let Some(entered) = entering.as_mut().now_or_never() {
        return Ok(entered.map(|places| (known, places)));
    }
    match runner.unless_gone(entering).await? {
        // While it waited the account may have changed.
        Ok(places) => Ok(Ok((load(runner, attempt).await?, places))),
        Err(limited) => Ok(Err(limited)),
    }
}

/// Computes the one hash of the attempt where the password is not remembered, and takes a place for
/// the passcode if one has to be checked.
async fn check(
    runner: &Runner<'_>,
    attempt: &Attempt,
    known: &Candidate,
    places: &mut Reservations,
) -> Result<Result<VerifiedCredential, RateLimited>, CommandError> {
    if known.app.is_some() {
        return Ok(Ok(VerifiedCredential::App));
    }
    if let Some(stored) = remembered(runner, attempt, known) {
        return Ok(Ok(VerifiedCredential::Remembered { stored: stored.to_owned() }));
    }
    let stored = known.stored.clone();
    let matches = runner.verify_in(Lane::Login, attempt.password.clone(), stored.clone()).await?;
    if let (true, Some(uid), Some(_), None) =
        (matches, &known.two_factor, &attempt.passcode, &places.passcode)
    {
        match runner.app.limiter.enter_passcode(uid).await {
            Ok(place) => places.passcode = Some(place),
            Err(limited) => return Ok(Err(limited)),
        }
    }
    let passcode_place = places.passcode.is_some();
    Ok(Ok(VerifiedCredential::Password { stored, matches, passcode_place }))
}

async fn decide(
    runner: &Runner<'_>,
    attempt: &Attempt,
    checked: VerifiedCredential,
    places: &Reservations,
) -> Result<AttemptOutcome, CommandError> {
    // Earlier refusals must not be written after the outcome of this attempt.
    if runner.app.refusals.contains(attempt.client_ip.as_str(), &attempt.name) {
        runner.app.flush_refusals(runner.time_left()).await?;
    }
    let charges = FailureCharges {
        password: places.password.charges(),
        passcode: places.passcode.as_ref().map(Reservation::charges).unwrap_or_default(),
        vouch: places.password.trust(runner.context.machine_time.as_second()),
    };
    let lifetimes = runner.app.lifetimes;
    let request = VerifiedAttempt { attempt: attempt.clone(), checked, charges, lifetimes };
    let context = Arc::clone(&runner.context);
    let work = move |tx: &Tx<'_>| -> Result<WithEffects<AttemptOutcome>, CommandError> {
        commit_attempt(tx, &context, &request)
    };
    runner.app.store.write_with_effects(runner.time_left(), work).await
}

fn limited_now(runner: &Runner<'_>, attempt: &Attempt, limited: RateLimited) -> CommandError {
    runner.app.refusals.count(attempt.client_ip.as_str(), &attempt.name, &attempt.realm);
    runner.app.gathered.close(attempt.client_ip.as_str(), &attempt.name);
    log_login(runner, attempt, Reason::RateLimited);
    CommandError::Login(LoginRefusal::RateLimited { retry_after_s: limited.retry_after_s })
}

fn refused(
    runner: &Runner<'_>,
    attempt: &Attempt,
    places: Reservations,
    Refused { reason, rows }: &Refused,
) -> CommandError {
    let (reason, now) = (*reason, runner.app.clock.machine().as_second());
    log_login(runner, attempt, reason);
    runner.app.gathered.close(attempt.client_ip.as_str(), &attempt.name);
    if reason.counts_as_failure() {
        places.password.fail(rows, now);
    }
    match (reason, places.passcode) {
        (Reason::WrongPasscode, Some(place)) => place.fail(rows, now),
        (_, place) => drop(place),
    }
    CommandError::Login(match reason {
        Reason::PasscodeMissing => LoginRefusal::PasscodeRequired,
        _ => LoginRefusal::Refused,
    })
}

fn log_login(runner: &Runner<'_>, attempt: &Attempt, reason: Reason) {
    runner.app.metrics.login(reason.status());
    let (ip, user) = (attempt.client_ip.as_str(), attempt.name.as_str());
    info!(target: REPEATED, ip = %ip, user, reason = reason.status(), "login refused");
}

/// Replaces a hash of another scheme or of weaker parameters, now that the password is known.
/// Only if the old hash is still stored; nobody waits for it.
fn upgrade_hash(runner: &Runner<'_>, attempt: &Attempt, known: &Candidate, stored: Option<String>) {
    let app = &runner.app;
    let old = stored.filter(|old| needs_rehash(old, app.pool.target()));
    let Some(old) = old else { return };
    let LimitKey::Account(uid) = known.who.clone() else { return };
    let Ok(ticket) = app.pool.queue_hash(Lane::Login, attempt.password.clone()) else { return };
    let (store, deadline) = (app.store.clone(), app.limits.borrow().request_timeout);
    let now = runner.context.now;
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
