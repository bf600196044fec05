//! What is read about an attempt before its hash is computed, and checked again afterwards.

use std::sync::Arc;

use jiff::Timestamp;
use photoprism_protocol::provider;
use photoprism_protocol::token::is_app_password;

use super::attempt::Attempt;
use crate::commands::auth::id_of;
use crate::commands::request::Context;
use crate::error::CommandError;
use crate::limiter::{LimitKey, Shared};
use crate::model::{
    Account, Edition, Obstacle, Provider, Session, SessionKind, app_password_obstacle,
    login_obstacles, scope_allows,
};
use crate::store::{Db, account_by_name, limits_shared, password_hash, session_by_id};

/// What the database contains about an attempt.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// Whose places it takes.
    pub who: LimitKey,
    /// The hash to check against; `None`: a dummy.
    pub stored: Option<String>,
    /// Id of the app password that was given in place of the password, where it will do.
    pub app: Option<String>,
    /// UID of the account, where a right password is not enough.
    pub two_factor: Option<String>,
    /// Places as other daemons know them too.
    pub shared: Option<Shared>,
    /// The account.
    pub account: Option<Arc<Account>>,
    /// What reads the database.
    pub edition: Edition,
    /// How many commits there were before it was read, where only those change what was read.
    pub commits: Option<u64>,
}

impl Candidate {
    /// The account and its hash, where the right password is all that a login needs at `now`.
    pub(super) fn needs_password_alone(&self, now: Timestamp) -> Option<(&Arc<Account>, &str)> {
        let (account, stored) = (self.account.as_ref()?, self.stored.as_deref()?);
        password_suffices(account, self.edition, now).then_some((account, stored))
    }
}

/// Whether the right password is all that a login of the account needs at `now`.
pub(super) fn password_suffices(account: &Account, edition: Edition, now: Timestamp) -> bool {
    !account.has_two_factor() && login_obstacles(account, edition, now).next().is_none()
}

/// Reads it.
pub(crate) fn load_candidate(
    db: &Db,
    context: &Context,
    attempt: &Attempt,
) -> Result<Candidate, CommandError> {
    let row = account_by_name(db, &attempt.name)?;
    let known = candidate(db, context, attempt, row.as_ref())?;
    let shared = Shared::of_attempt(&attempt.client_ip, &known.who);
    let rows = limits_shared(db, &shared.keys())?;
    Ok(Candidate { shared: rows.map(|rows| shared.with_rows(rows)), ..known })
}

pub(super) fn candidate(
    db: &Db,
    context: &Context,
    attempt: &Attempt,
    row: Option<&Account>,
) -> Result<Candidate, CommandError> {
    let known = |who| Candidate {
        who,
        stored: None,
        app: None,
        two_factor: None,
        shared: None,
        account: None,
        edition: db.kind().edition(),
        commits: None,
    };
    let Some(row) = row else { return Ok(known(LimitKey::unknown(&attempt.name))) };
    let app = app_password(db, context, attempt, row)?
        .filter(|app| accepts(app, row, attempt, context.now.as_second()))
        // One that is refused for its account costs a hash like any other refusal.
        .filter(|_| app_refusal(db, context, attempt, row).is_none())
        .map(|app| app.id);
    Ok(Candidate {
        stored: usable_hash(db, row)?,
        app,
        two_factor: row.has_two_factor().then(|| row.uid.clone()),
        account: Some(Arc::new(row.clone())),
        ..known(LimitKey::Account(row.uid.clone()))
    })
}

/// The hash that the account's password is checked against, where it has one. That of an account
/// without a provider is checked as well, so that the record distinguishes its owner from a guess:
/// the account lets nobody in (`disabled`).
pub(super) fn usable_hash(db: &Db, row: &Account) -> Result<Option<String>, CommandError> {
    if !row.provider.checks_password() && row.provider != Provider::Known(provider::Provider::None)
    {
        return Ok(None);
    }
    Ok(password_hash(db, &row.uid)?)
}

/// The app password of that account that was given in place of the password. Where they are
/// disabled it is checked as a password like any other, and is a wrong one.
pub(super) fn app_password(
    db: &Db,
    context: &Context,
    attempt: &Attempt,
    row: &Account,
) -> Result<Option<Session>, CommandError> {
    let accepted = !context.app_passwords_disabled && !attempt.ended;
    if !accepted || !is_app_password(attempt.password.expose()) {
        return Ok(None);
    }
    let session = session_by_id(db, &id_of(&attempt.password))?;
    Ok(session.filter(|session| {
        session.kind() == SessionKind::AppPassword && session.user_uid == row.uid
    }))
}

/// What stops an app password that allows what is wanted.
pub(super) fn app_refusal(
    db: &Db,
    context: &Context,
    attempt: &Attempt,
    row: &Account,
) -> Option<Obstacle> {
    app_password_obstacle(row, &attempt.wanted(), db.kind().edition(), context.now)
}

/// Whether an app password is still valid and allows what is wanted. A check without a session is
/// as [`introspect`](crate::model::introspect): the account's own scope limits it as well.
pub(super) fn accepts(app: &Session, row: &Account, attempt: &Attempt, now: i64) -> bool {
    let allows = |scope: &str| scope_allows(scope, attempt.wanted().into_iter());
    let within = attempt.session || allows(&row.scope);
    within && !app.lifetime().is_expired(now) && allows(&app.scope)
}
