//! One row against the account of its name.

use std::borrow::Cow;

use photoprism_protocol::role::Role;
use photoprism_protocol::secret::Secret;

use crate::commands::find::restore_hint;
use crate::commands::import_sessions::{Options, PasswordChange, ValidRow};
use crate::commands::properties::Properties;
use crate::commands::request::{Context, Hashed};
use crate::commands::revoked::revoke;
use crate::commands::users::{
    apply_change, check_change, check_takes_password, insert_account, new_account, reload,
    role_missing,
};
use crate::error::CommandError;
use crate::model::{Account, Change, Effect, METHOD_2FA, Property, Session, changes};
use crate::store::{
    Tx, account_by_name, account_by_uid, account_row_insert, account_update, passcode_activate,
    passcode_enroll, password_hash, session_by_id, session_insert,
};

/// The outcome of one row.
pub(super) struct RowOutcome {
    pub(super) outcome: &'static str,
    pub(super) changed: Vec<&'static str>,
    pub(super) sessions_revoked: u64,
    /// UID and effects, where something was written.
    pub(super) wrote: Option<(String, Vec<Effect>)>,
}

impl RowOutcome {
    const fn quietly(outcome: &'static str, changed: Vec<&'static str>) -> Self {
        Self { outcome, changed, sessions_revoked: 0, wrote: None }
    }
}

/// Imports one row; one that is refused changes nothing. A new account has no details and settings
/// yet.
pub(super) fn import_row(
    tx: &Tx<'_>,
    context: &Context,
    row: &ValidRow,
    options: Options,
) -> Result<RowOutcome, CommandError> {
    let import = || import_unguarded(tx, context, row, options);
    // Any other row is refused before it writes. SQLite saves the pages that change in a savepoint,
    // which takes longer than the row.
    if row.two_factor.is_some() || !row.app_passwords.is_empty() {
        tx.piece(import)
    } else {
        import()
    }
}

fn import_unguarded(
    tx: &Tx<'_>,
    context: &Context,
    row: &ValidRow,
    options: Options,
) -> Result<RowOutcome, CommandError> {
    match account_by_name(tx, row.name.as_str())? {
        None => added(tx, context, row, options.role),
        Some(before) if before.is_deleted() => Err(CommandError::Exists {
            field: "name",
            message: "the account is deleted; its name stays taken until it is restored".into(),
            hint: Some(restore_hint(&before).into()),
        }),
        Some(before) => known(tx, context, row, &before, options.update),
    }
}

fn added(
    tx: &Tx<'_>,
    context: &Context,
    row: &ValidRow,
    role: Option<Role>,
) -> Result<RowOutcome, CommandError> {
    let hashed = match &row.hash {
        PasswordChange::Set(hash) => Some(hashed(row, hash)),
        // Only a dry run has no hash yet, and it is rolled back.
        PasswordChange::Different => Some(hashed(row, &Secret::new("tried".into()))),
        PasswordChange::None | PasswordChange::Pending => None,
        PasswordChange::Matches(_) => return Err(changed_meanwhile()),
    };
    let given = match role {
        Some(role) if row.given.role.is_none() => {
            Cow::Owned(Properties { role: Some(role), ..row.given.clone() })
        }
        _ => Cow::Borrowed(&row.given),
    };
    if given.role.is_none() {
        return Err(role_missing(
            "; give it in the row, or one for all new accounts with role (users import --role)",
        ));
    }
    let account = new_account(tx, &row.name, &given)?;
    if hashed.is_some() {
        check_takes_given(row, &account)?;
    }
    let account = insert_account(tx, context, account, hashed.as_ref(), account_row_insert)?;
    if let Some((url, recovery)) = &row.two_factor {
        passcode_enroll(tx, &account.uid, url, context.now)?;
        passcode_activate(tx, &account.uid, recovery, context.now)?;
        let after = Account { method: METHOD_2FA.into(), ..account.clone() };
        account_update(tx, &account, &after, context.now)?;
    }
    let uid = account.uid;
    // Only sessions of an account are known elsewhere.
    let effects = app_passwords(tx, row, &uid, context.now.as_second())?;
    Ok(RowOutcome {
        outcome: "added",
        changed: Vec::new(),
        sessions_revoked: 0,
        wrote: Some((uid, effects)),
    })
}

/// Those of the account that the row was read from, unless they have expired: their secrets keep
/// working.
fn app_passwords(
    tx: &Tx<'_>,
    row: &ValidRow,
    uid: &str,
    now: i64,
) -> Result<Vec<Effect>, CommandError> {
    let mut effects = Vec::new();
    for app in row.app_passwords.iter().filter(|app| !app.lifetime().is_expired(now)) {
        if session_by_id(tx, &app.id)?.is_some() {
            continue;
        }
        let (user_uid, user_name) = (uid.to_owned(), row.name.as_str().to_owned());
        let session = Session { user_uid, user_name, ..app.clone() };
        session_insert(tx, &session)?;
        let account = account_by_uid(tx, uid)?.map(Box::new);
        effects.push(Effect::SessionCreated(Box::new(session), account));
    }
    Ok(effects)
}

fn known(
    tx: &Tx<'_>,
    context: &Context,
    row: &ValidRow,
    before: &Account,
    update: bool,
) -> Result<RowOutcome, CommandError> {
    let hash = if update { new_hash(tx, row, before)? } else { None };
    let mut after = before.clone();
    row.given.apply(&mut after)?;
    let mut changed = changes(before, &after);
    changed.extend(hash.as_ref().map(|_| Property::Password));
    let names = changed.iter().map(|property| property.argument()).collect();
    if changed.is_empty() {
        return Ok(RowOutcome::quietly("unchanged", names));
    }
    if !update {
        return Ok(RowOutcome::quietly("kept", names));
    }
    let after = check_change(tx, context, before, &row.given)?;
    if hash.is_some() {
        check_takes_given(row, &after)?;
    }
    apply_change(tx, context, before, &after, hash.as_ref())?;
    let (sessions_revoked, ended) = revoke(tx, before, Change::Properties(&changed), context.now)?;
    let (_, effect) = reload(tx, context, &before.uid)?;
    let effects = ended.into_iter().chain([effect]).collect();
    Ok(RowOutcome {
        outcome: "updated",
        changed: names,
        sessions_revoked,
        wrote: Some((before.uid.clone(), effects)),
    })
}

/// The hash to store, where the account's is not the row's already.
fn new_hash(tx: &Tx<'_>, row: &ValidRow, before: &Account) -> Result<Option<Hashed>, CommandError> {
    let stored = password_hash(tx, &before.uid)?;
    match &row.hash {
        PasswordChange::None | PasswordChange::Pending => Ok(None),
        PasswordChange::Set(hash) if stored.as_deref() == Some(hash.expose()) => Ok(None),
        PasswordChange::Set(hash) => Ok(Some(hashed(row, hash))),
        PasswordChange::Matches(known) if stored.as_deref() == Some(known.expose()) => Ok(None),
        PasswordChange::Matches(_) => Err(changed_meanwhile()),
        PasswordChange::Different => Ok(Some(hashed(row, &Secret::new("tried".into())))),
    }
}

/// Refuses a password for an account that takes none. A hash is stored all the same: the provider
/// may have changed since, and the hash of the account that was exported was left unused too.
fn check_takes_given(row: &ValidRow, account: &Account) -> Result<(), CommandError> {
    if row.password().is_some() { check_takes_password(account) } else { Ok(()) }
}

fn hashed(row: &ValidRow, hash: &Secret) -> Hashed {
    let plain = row.password().cloned().unwrap_or_else(|| Secret::new(String::new()));
    Hashed { hash: hash.expose().to_owned(), plain }
}

fn changed_meanwhile() -> CommandError {
    CommandError::Conflict("the password was changed while it was compared; try again".into())
}
