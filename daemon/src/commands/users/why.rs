//! `users.why`: everything that keeps an account from logging in, each with its fix.

use jiff::Timestamp;
use photoprism_protocol::envelope::Success;
use photoprism_protocol::users::Target;
use photoprism_protocol::why::{Reason, UsersWhy, WhyResult};

use super::parse_target;
use super::rules::MAX_NAME_BYTES;
use crate::commands::find::any_user;
use crate::commands::logins;
use crate::commands::properties::to_wire;
use crate::commands::reply::Reply;
use crate::commands::request::{Context, Request};
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::limiter::{ClientIp, Limiter, Shared, Subject};
use crate::model::{Account, Edition, Obstacle, login_obstacles, to_rfc3339};
use crate::store::{Db, Kind, LoginFilter, LoginPage, LoginRow, limits_shared, logins_page};

/// Latest attempts whose addresses are checked.
const ATTEMPTS: usize = 10;

/// What the limiter refuses of an account and of the addresses that lately failed with its name.
struct Limited {
    /// Seconds until an attempt on the account is let through again.
    account: Option<u64>,
    /// The same for its passcodes.
    passcode: Option<u64>,
    /// Addresses that are refused, with their seconds.
    addresses: Vec<(String, u64)>,
}

/// The checked arguments, with what only the async thread may read.
struct Why {
    target: Target,
    limited: Limited,
}

/// The limiter is asked between two reads of the database: only the async thread may use it.
pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let target = parse_target(runner.args::<UsersWhy>()?)?;
    let asked = target.clone();
    let read = move |db: &Db| subjects(db, &asked);
    let moment = runner.app.limiter.moment();
    let (uid, ips, shared) = runner.app.store.read(runner.time_left(), read).await?;
    if let Some(shared) = shared {
        runner.app.limiter.follow(moment, &shared, runner.app.clock.machine().as_second());
    }
    let limited = limited(&runner.app.limiter, &uid, ips);
    let request = runner.request(Why { target, limited });
    let work = move |db: &Db| why(db, &request).map(Success::from);
    runner.app.store.read(runner.time_left(), work).await
}

fn limited(limiter: &Limiter, uid: &str, ips: Vec<String>) -> Limited {
    let address = |text: String| {
        let network = ClientIp::parse(&text).ok()?.network();
        limiter.refused_for(&Subject::Address(network)).map(|seconds| (text, seconds))
    };
    let mut addresses: Vec<_> = ips.into_iter().filter_map(address).collect();
    addresses.sort();
    addresses.dedup();
    Limited {
        account: limiter.refused_for(&Subject::Account(uid.to_owned())),
        passcode: limiter.refused_for(&Subject::Passcode(uid.to_owned())),
        addresses,
    }
}

/// The account's UID and the addresses of its latest attempts, to be checked in the limiter, with
/// their places as other daemons know them too.
fn subjects(
    db: &Db,
    target: &Target,
) -> Result<(String, Vec<String>, Option<Shared>), CommandError> {
    let row = any_user(db, &target.user)?;
    let ips: Vec<String> =
        attempts(db, &row)?.into_iter().map(|attempt| attempt.client_ip).collect();
    let networks = ips.iter().filter_map(|ip| Some(ClientIp::parse(ip).ok()?.network()));
    let subjects = networks.map(Subject::Address).chain(Subject::of_account(&row.uid)).collect();
    let shared = Shared::of(subjects);
    let rows = limits_shared(db, &shared.keys())?;
    Ok((row.uid, ips, rows.map(|rows| shared.with_rows(rows))))
}

fn attempts(db: &Db, row: &Account) -> Result<Vec<LoginRow>, CommandError> {
    if row.name.is_empty() {
        return Ok(Vec::new());
    }
    let filter = LoginFilter { name: Some(row.name.clone()), ..LoginFilter::default() };
    let found = logins_page(db, &filter, &LoginPage { after: None, limit: ATTEMPTS })?;
    Ok(found.rows.into_iter().take(ATTEMPTS).map(|(_, row)| row).collect())
}

/// All reasons that hold now.
fn why(db: &Db, request: &Request<Why>) -> Result<Reply<WhyResult>, CommandError> {
    let (Why { target, limited }, now) = (&request.args, request.context.now);
    let row = any_user(db, &target.user)?;
    let attempts = attempts(db, &row)?.into_iter().map(logins::to_wire).collect();
    let mut reasons = account(db.kind().edition(), &request.context, &row);
    reasons.extend(name_too_long(db.kind(), &row));
    reasons.extend(limits(now, &row, limited));
    let can_log_in = !reasons.iter().any(|reason| reason.blocks);
    let user = to_wire(row, db.kind().edition(), now);
    Reply::new(&WhyResult { user, can_log_in, reasons, attempts })
}

fn reason(code: &str, message: impl Into<String>, command: Option<String>) -> Reason {
    Reason { code: code.into(), message: message.into(), command, until: None, blocks: true }
}

fn account(edition: Edition, context: &Context, account: &Account) -> Vec<Reason> {
    let obstacles = login_obstacles(account, edition, context.now);
    let explained = |found| obstacle(account, found, context.app_passwords_disabled);
    let mut reasons: Vec<Reason> = obstacles.filter_map(explained).collect();
    if account.has_two_factor() {
        let message = "a code of the authenticator app is asked for as well";
        let command = Some(command(account, "users 2fa disable"));
        reasons.push(Reason { blocks: false, ..reason("two_factor", message, command) });
    }
    reasons
}

/// PhotoPrism stored it by another way than its login form.
fn name_too_long(kind: &Kind, account: &Account) -> Option<Reason> {
    if *kind == Kind::Own || account.name.len() <= MAX_NAME_BYTES {
        return None;
    }
    let message = "the name has more than 64 bytes: PhotoPrism's login takes no more of it";
    let command = command(account, "users rename") + " NEW-NAME";
    Some(reason("name_too_long", message, Some(command)))
}

fn obstacle(account: &Account, obstacle: Obstacle, app_passwords_disabled: bool) -> Option<Reason> {
    let run = |rest: &str| Some(command(account, rest));
    Some(match obstacle {
        Obstacle::NoName => reason("no_name", "the account has no name to log in with", None),
        // It has no name either, or PhotoPrism gave it one by itself: there is nothing to do.
        Obstacle::System => return None,
        Obstacle::Deleted => reason("deleted", "the account is deleted", run("users restore")),
        Obstacle::Expired(end) => {
            let message = format!("the account expired at {}", to_rfc3339(end));
            reason("expired", message, run("users mod --expires-at never"))
        }
        Obstacle::NoProvider => {
            let message = "the provider is none: the account is disabled, with its app passwords";
            reason("provider", message, run("users mod --auth default"))
        }
        Obstacle::OtherProvider => {
            let works = if app_passwords_disabled {
                "and app passwords are disabled (PHOTOPRISM_DISABLE_FEATURES)"
            } else {
                "only app passwords work"
            };
            let provider = account.provider.as_str();
            let message =
                format!("the provider is {provider}: no password is checked here, {works}");
            reason("provider", message, run("users mod --auth default"))
        }
        Obstacle::NoPassword => reason("no_password", "the account has no password", run("passwd")),
        Obstacle::LoginOff => {
            reason("login_off", "logging in is switched off", run("users mod --login"))
        }
        Obstacle::UnknownRole => {
            let message =
                format!("the role {:?} is not known to those who check it", account.role.as_str());
            reason("role_unknown", message, run("users mod --role guest"))
        }
    })
}

/// What to run about the account.
fn command(account: &Account, rest: &str) -> String {
    let name = if account.name.is_empty() { &account.uid } else { &account.name };
    format!("photoprism {rest} {}", quoted(name))
}

fn limits(now: Timestamp, row: &Account, limited: &Limited) -> Vec<Reason> {
    let until = |seconds: u64| {
        let seconds = i64::try_from(seconds).ok()?;
        now.checked_add(jiff::SignedDuration::from_secs(seconds)).ok()
    };
    let held = |code: &str, message: String, (command, seconds): (String, u64)| Reason {
        until: until(seconds).map(to_rfc3339),
        ..reason(code, message, Some(command))
    };
    let clear_user = format!("photoprism logins clear --user {}", quoted(&row.name));
    let mut reasons = Vec::new();
    if let Some(seconds) = limited.account {
        let message = "too many failed attempts on this account".into();
        reasons.push(held("account_limited", message, (clear_user.clone(), seconds)));
    }
    if let Some(seconds) = limited.passcode {
        let message = "too many wrong codes of this account".into();
        reasons.push(held("account_limited", message, (clear_user, seconds)));
    }
    for (ip, seconds) in &limited.addresses {
        let message = format!("too many failed attempts from {ip}");
        let command = format!("photoprism logins clear --ip {ip}");
        reasons.push(held("address_limited", message, (command, *seconds)));
    }
    reasons
}

/// The name as a shell takes it.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "._-@".contains(c);
    if name.chars().all(plain) { name.into() } else { format!("'{}'", name.replace('\'', r"'\''")) }
}
