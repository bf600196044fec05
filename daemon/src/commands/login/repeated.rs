//! Logins like one before: without a hash where the password is remembered, and without a commit
//! where the same address logged in to the same account and realm within the last minute.

use photoprism_protocol::auth::LoginResult;
use tracing::info;

use super::attempt::Attempt;
use super::candidate::Candidate;
use super::judge::VerifiedCredential;
use super::known::{keep_account, load};
use crate::commands::gathered::{Success, SuccessKey};
use crate::commands::properties::to_wire;
use crate::commands::reply::Reply;
use crate::commands::runner::Runner;
use crate::error::CommandError;
use crate::limiter::Reservation;
use crate::log::REPEATED;
use crate::model::Account;
use crate::store::LimitRow;

/// Characters of a browser or app that are kept until they are written.
const USER_AGENT_CHARS: usize = 512;

/// The hash that the password is remembered as the one of, where that is the account's as it is now.
pub(super) fn remembered<'a>(
    runner: &Runner<'_>,
    attempt: &Attempt,
    known: &'a Candidate,
) -> Option<&'a str> {
    let remembered = &runner.app.remembered;
    let (account, stored) = known.needs_password_alone(runner.context.now)?;
    if !remembered.is_on() {
        return None;
    }
    let tag = remembered.tag(stored, &attempt.password);
    remembered.knows(&tag, &account.uid, runner.app.clock.moment()).then_some(stored)
}

/// Lets in who logged in just now: without a session, and gathered with other successes to be
/// written. `None` where something has to be written at once, or the attempt is refused.
pub(super) async fn repeat(
    runner: &Runner<'_>,
    attempt: &Attempt,
    known: &Candidate,
    checked: &VerifiedCredential,
    place: &Reservation,
) -> Result<Option<Reply<LoginResult>>, CommandError> {
    let (app, ip) = (runner.app, attempt.client_ip.as_str());
    let key = key_of(attempt, known);
    let wanted = !attempt.session && app.remembered.is_on();
    if !wanted || !app.gathered.is_open(&key, app.clock.moment()) {
        return Ok(None);
    }
    let again;
    let known = match checked {
        VerifiedCredential::App | VerifiedCredential::Remembered { .. } => known,
        VerifiedCredential::Password { stored: Some(stored), matches: true, .. } => {
            // While the hash was computed the account may have changed.
            again = load(runner, attempt).await?;
            let alone = again.needs_password_alone(runner.context.now);
            if alone.is_none_or(|(_, current)| current != stored) {
                return Ok(None);
            }
            &again
        }
        VerifiedCredential::Password { .. } => return Ok(None),
    };
    let Some(account) = &known.account else { return Ok(None) };
    // A refusal that is not written yet was a failure too.
    if app.refusals.contains(ip, &attempt.name) {
        return Ok(None);
    }
    let success = |before| success(runner, attempt, place, before);
    if !app.gathered.gather(&key, app.clock.moment(), success) {
        return Ok(None);
    }
    app.metrics.login("ok");
    app.metrics.gathered();
    note_checked(runner, attempt, known, checked);
    answer(runner, account, known).map(Some)
}

fn key_of(attempt: &Attempt, known: &Candidate) -> SuccessKey {
    let uid = known.account.as_ref().map_or("", |account| &account.uid);
    SuccessKey::new(attempt.client_ip.as_str(), &attempt.name, &attempt.realm, uid)
}

/// The latest success, with what it has in common with the one before it.
fn success(
    runner: &Runner<'_>,
    attempt: &Attempt,
    place: &Reservation,
    before: Option<Success>,
) -> Success {
    let (now, machine_time) = (runner.context.now, runner.context.machine_time.as_second());
    let user_agent = cut(&attempt.user_agent);
    match before {
        Some(Success { user_agent: known, trust, .. }) => Success {
            user_agent: if known == user_agent { known } else { user_agent.to_owned() },
            at: now,
            trust: trust.map(|trust| LimitRow { updated_at: machine_time, ..trust }),
        },
        None => {
            Success { user_agent: user_agent.to_owned(), at: now, trust: place.trust(machine_time) }
        }
    }
}

fn cut(user_agent: &str) -> &str {
    let end = user_agent.char_indices().nth(USER_AGENT_CHARS);
    end.map_or(user_agent, |(end, _)| &user_agent[..end])
}

/// The account as it will be stored within a minute.
fn answer(
    runner: &Runner<'_>,
    account: &Account,
    known: &Candidate,
) -> Result<Reply<LoginResult>, CommandError> {
    let now = runner.context.now;
    let account = Account { login_at: Some(now), ..account.clone() };
    let user = to_wire(account, known.edition, now);
    let (session, secret) = (None, None);
    let (effective_within_s, pending) = (None, None);
    Reply::new(&LoginResult { user, session, secret, effective_within_s, pending })
}

/// A login was committed.
pub(super) fn note_success(
    runner: &Runner<'_>,
    attempt: &Attempt,
    known: &Candidate,
    checked: &VerifiedCredential,
) {
    let (app, ip) = (runner.app, attempt.client_ip.as_str());
    info!(target: REPEATED, ip = %ip, user = attempt.name.as_str(), "login ok");
    app.metrics.login("ok");
    app.gathered.open(key_of(attempt, known), app.clock.moment());
    note_checked(runner, attempt, known, checked);
}

/// The password is remembered where a hash was computed for it and nothing but the password was
/// needed.
fn note_checked(
    runner: &Runner<'_>,
    attempt: &Attempt,
    known: &Candidate,
    checked: &VerifiedCredential,
) {
    let app = runner.app;
    match checked {
        VerifiedCredential::App => {}
        VerifiedCredential::Remembered { .. } => {
            app.metrics.remembered();
            keep_account(runner, attempt, known);
        }
        VerifiedCredential::Password { .. } => {
            if let Some((account, stored)) = known.needs_password_alone(runner.context.now) {
                let tag = app.remembered.tag(stored, &attempt.password);
                app.remembered.remember(tag, &account.uid, app.clock.moment());
            }
        }
    }
}
