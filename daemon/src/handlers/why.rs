//! `users.why`: everything that keeps an account from logging in, each with its fix.

use photoprism_protocol::envelope::Success;
use photoprism_protocol::users::Target;
use photoprism_protocol::why::{Reason, WhyResult};

use super::context::{Context, success};
use super::find::any_user;
use super::logins::to_wire as shown_login;
use crate::accounts::account::{EffectiveRights, is_deleted, to_wire};
use crate::accounts::change::takes_password;
use crate::accounts::times;
use crate::error::CommandError;
use crate::store::{Db, LoginFilter, LoginPage, UserRow, logins_page};

/// Latest attempts whose addresses are checked.
const ATTEMPTS: usize = 10;

/// What the limiter refuses of an account and of the addresses that lately failed with its name.
#[derive(Clone, Debug, Default)]
pub struct Limited {
    /// Seconds until an attempt on the account is let through again.
    pub account: Option<u64>,
    /// The same for its passcodes.
    pub passcode: Option<u64>,
    /// Addresses that are refused, with their seconds.
    pub addresses: Vec<(String, u64)>,
}

/// The account's UID and the addresses of its latest attempts, to be checked in the limiter.
pub fn subjects(db: &Db, target: &Target) -> Result<(String, Vec<String>), CommandError> {
    let row = any_user(db, &target.user)?;
    let ips = attempts(db, &row)?.into_iter().map(|attempt| attempt.client_ip).collect();
    Ok((row.uid, ips))
}

fn attempts(db: &Db, row: &UserRow) -> Result<Vec<crate::store::LoginRow>, CommandError> {
    if row.name.is_empty() {
        return Ok(Vec::new());
    }
    let filter = LoginFilter { name: Some(row.name.clone()), ..LoginFilter::default() };
    let mut rows = logins_page(db, &filter, &LoginPage { after: None, limit: ATTEMPTS })?;
    rows.truncate(ATTEMPTS);
    Ok(rows)
}

/// All reasons that hold now.
pub fn why(
    db: &Db,
    context: &Context,
    (target, limited): &(Target, Limited),
) -> Result<Success, CommandError> {
    let row = any_user(db, &target.user)?;
    let attempts = attempts(db, &row)?.into_iter().map(shown_login).collect();
    let mut reasons = account(db, context, &row);
    reasons.extend(limits(context, &row, limited));
    let can_log_in = !reasons.iter().any(|reason| reason.blocks);
    let user = to_wire(row, db.kind(), context.now);
    success(&WhyResult { user, can_log_in, reasons, attempts })
}

fn reason(code: &str, message: impl Into<String>, command: Option<String>) -> Reason {
    Reason { code: code.into(), message: message.into(), command, until: None, blocks: true }
}

fn account(db: &Db, context: &Context, row: &UserRow) -> Vec<Reason> {
    let name = if row.name.is_empty() { &row.uid } else { &row.name };
    let run = |rest: &str| Some(format!("photoprism {rest} {}", quoted(name)));
    let rights = EffectiveRights::of(row, db.kind(), context.now);
    let mut reasons = Vec::new();
    if row.name.is_empty() {
        reasons.push(reason("no_name", "the account has no name to log in with", None));
    }
    if is_deleted(row) {
        reasons.push(reason("deleted", "the account is deleted", run("users restore")));
    }
    let end = times::parse_stored(&row.expires_at).filter(|end| *end <= context.now);
    if let Some(end) = end.filter(|_| !row.super_admin) {
        let message = format!("the account expired at {}", times::to_rfc3339(end));
        reasons.push(reason("expired", message, run("users mod --expires-at never")));
    }
    if !takes_password(row) {
        let message = format!(
            "the provider is {}: no password is checked here, only app passwords work",
            row.provider
        );
        reasons.push(reason("provider", message, run("users mod --auth default")));
    } else if !row.has_password {
        reasons.push(reason("no_password", "the account has no password", run("passwd")));
    }
    if !row.can_login && !row.super_admin {
        reasons.push(reason("login_off", "logging in is switched off", run("users mod --login")));
    }
    if !rights.knows_role {
        let message = format!("the role {:?} is not known to those who check it", row.role);
        reasons.push(reason("role_unknown", message, run("users mod --role guest")));
    }
    if row.method == "2fa" && row.has_passcode {
        reasons.push(Reason {
            blocks: false,
            ..reason(
                "two_factor",
                "a code of the authenticator app is asked for as well",
                run("users 2fa disable"),
            )
        });
    }
    reasons
}

fn limits(context: &Context, row: &UserRow, limited: &Limited) -> Vec<Reason> {
    let until = |seconds: u64| {
        let seconds = i64::try_from(seconds).ok()?;
        context.now.checked_add(jiff::SignedDuration::from_secs(seconds)).ok()
    };
    let held = |code: &str, message: String, (command, seconds): (String, u64)| Reason {
        until: until(seconds).map(times::to_rfc3339),
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
