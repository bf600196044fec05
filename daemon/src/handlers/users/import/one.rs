//! One row against the account of its name.

use photoprism_protocol::secret::Secret;

use super::ready::{NewHash, Ready};
use crate::accounts::change::{check_takes_password, difference};
use crate::accounts::sessions::Span;
use crate::accounts::standing::{AccountState, is_deleted};
use crate::accounts::times;
use crate::effect::Effect;
use crate::error::CommandError;
use crate::handlers::context::{Context, Hashed};
use crate::handlers::find::restore_hint;
use crate::handlers::users::add::make;
use crate::handlers::users::modify::{change, permitted};
use crate::handlers::users::now_shown;
use crate::store::{
    SessionRow, Tx, UserChange, UserRow, end_sessions, passcode_activate, passcode_enroll,
    password_hash, session_by_id, session_insert, user_by_name, user_by_uid, user_change,
};

/// What a row came to.
pub(super) struct Came {
    pub(super) outcome: &'static str,
    pub(super) changed: Vec<&'static str>,
    pub(super) sessions_revoked: u64,
    /// UID and effects, where something was written.
    pub(super) wrote: Option<(String, Vec<Effect>)>,
}

impl Came {
    const fn quietly(outcome: &'static str, changed: Vec<&'static str>) -> Self {
        Self { outcome, changed, sessions_revoked: 0, wrote: None }
    }
}

/// Carries one row out, in a savepoint of its own: a row that is refused leaves nothing.
pub(super) fn one(
    tx: &Tx<'_>,
    context: &Context,
    row: &Ready,
    update: bool,
) -> Result<Came, CommandError> {
    match user_by_name(tx, row.name.as_str())? {
        None => added(tx, context, row),
        Some(before) if is_deleted(&before) => Err(CommandError::Exists {
            field: "name",
            message: "the account is deleted; its name stays taken until it is restored".into(),
            hint: Some(restore_hint(&before).into()),
        }),
        Some(before) => known(tx, context, row, (&before, update)),
    }
}

fn added(tx: &Tx<'_>, context: &Context, row: &Ready) -> Result<Came, CommandError> {
    let hashed = match &row.hash {
        NewHash::Set(hash) => Some(hashed(row, hash)),
        // Only a trial has no hash yet, and leaves nothing of this behind.
        NewHash::Differs => Some(hashed(row, &Secret::new("tried".into()))),
        NewHash::None | NewHash::Wanted => None,
        NewHash::Matches(_) => return Err(changed_meanwhile()),
    };
    let uid = make(tx, context, (&row.name, &row.given), (hashed.as_ref(), false))?;
    if let Some((url, recovery)) = &row.two_factor {
        let now = times::to_stored(context.now);
        passcode_enroll(tx, &uid, url, &now)?;
        passcode_activate(tx, &uid, recovery, &now)?;
        let method = UserChange { method: Some("2fa".into()), ..UserChange::default() };
        user_change(tx, &uid, &method, &now)?;
    }
    let (_, effect) = now_shown(tx, context, &uid)?;
    let mut effects = vec![effect];
    effects.extend(app_passwords(tx, row, (&uid, context.now.as_second()))?);
    Ok(Came {
        outcome: "added",
        changed: Vec::new(),
        sessions_revoked: 0,
        wrote: Some((uid, effects)),
    })
}

/// Those of the account that the row was made of, as far as they have not ended: their secrets go
/// on working.
fn app_passwords(
    tx: &Tx<'_>,
    row: &Ready,
    (uid, now): (&str, i64),
) -> Result<Vec<Effect>, CommandError> {
    let mut effects = Vec::new();
    for app in row.app_passwords.iter().filter(|app| !Span::of(app).has_ended(now)) {
        if session_by_id(tx, &app.id)?.is_some() {
            continue;
        }
        let (user_uid, user_name) = (uid.to_owned(), row.name.as_str().to_owned());
        let session = SessionRow { user_uid, user_name, ..app.clone() };
        session_insert(tx, &session)?;
        let account = user_by_uid(tx, uid)?.as_ref().map(AccountState::of);
        effects.push(Effect::SessionMade(Box::new(session), account));
    }
    Ok(effects)
}

fn known(
    tx: &Tx<'_>,
    context: &Context,
    row: &Ready,
    (before, update): (&UserRow, bool),
) -> Result<Came, CommandError> {
    let hash = if update { new_hash(tx, row, before)? } else { None };
    let mut after = before.clone();
    row.given.apply(&mut after)?;
    let difference = difference(before, &after, hash.is_some(), false);
    if difference.changed.is_empty() {
        return Ok(Came::quietly("unchanged", Vec::new()));
    }
    if !update {
        return Ok(Came::quietly("kept", difference.changed));
    }
    let after = permitted(tx, context, before, &row.given)?;
    if hash.is_some() {
        check_takes_password(&after)?;
    }
    change(tx, context, (before, &after), hash.as_ref())?;
    let ends = difference.touches_rights;
    let sessions_revoked =
        if ends { end_sessions(tx, &before.uid, context.now.as_second())? } else { 0 };
    let (_, effect) = now_shown(tx, context, &before.uid)?;
    let ended = Effect::SessionsEnded { uid: before.uid.clone(), all: false };
    let effects = ends.then_some(ended).into_iter().chain([effect]).collect();
    Ok(Came {
        outcome: "updated",
        changed: difference.changed,
        sessions_revoked,
        wrote: Some((before.uid.clone(), effects)),
    })
}

/// The hash to store, where the account's is not the row's already.
fn new_hash(tx: &Tx<'_>, row: &Ready, before: &UserRow) -> Result<Option<Hashed>, CommandError> {
    let stored = password_hash(tx, &before.uid)?;
    match &row.hash {
        NewHash::None | NewHash::Wanted => Ok(None),
        NewHash::Set(hash) if stored.as_deref() == Some(hash.expose()) => Ok(None),
        NewHash::Set(hash) => Ok(Some(hashed(row, hash))),
        NewHash::Matches(known) if stored.as_deref() == Some(known.expose()) => Ok(None),
        NewHash::Matches(_) => Err(changed_meanwhile()),
        NewHash::Differs => Ok(Some(hashed(row, &Secret::new("tried".into())))),
    }
}

fn hashed(row: &Ready, hash: &Secret) -> Hashed {
    let plain = row.password().cloned().unwrap_or_else(|| Secret::new(String::new()));
    Hashed { hash: hash.expose().to_owned(), plain }
}

fn changed_meanwhile() -> CommandError {
    CommandError::Conflict("the password was changed while it was compared; try again".into())
}
