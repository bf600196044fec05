//! Finding the account that a request names.

use std::borrow::Cow;

use photoprism_protocol::email::Email;
use photoprism_protocol::name::UserName;
use photoprism_protocol::uid::looks_like_uid;

use crate::error::CommandError;
use crate::model::Account;
use crate::store::{Db, account_by_email, account_by_name, account_by_uid};

/// Refuses a NUL, which no stored text contains and which would end a text elsewhere.
pub(super) fn refuse_nul(field: &'static str, text: Option<&str>) -> Result<(), CommandError> {
    match text {
        Some(text) if text.contains('\0') => {
            Err(CommandError::broken(field, "must not contain a NUL character"))
        }
        _ => Ok(()),
    }
}

/// The account of that name or UID, deleted or not. A text in the form of a UID is tried as a UID
/// first.
pub(super) fn any_user(db: &Db, user: &str) -> Result<Account, CommandError> {
    let by_uid = if looks_like_uid(user) { account_by_uid(db, user)? } else { None };
    let found = match by_uid {
        Some(row) => Some(row),
        None => account_by_name(db, &UserName::lookup_form(user))?,
    };
    match found {
        Some(account) => Ok(account),
        None => Err(CommandError::NotFound { message: unknown(user), hint: by_email(db, user)? }),
    }
}

/// The account whose email address was given for a name; an address finds no account by itself.
fn by_email(db: &Db, text: &str) -> Result<Option<Cow<'static, str>>, CommandError> {
    let account = match Email::parse(text) {
        Ok(email) if text.contains('@') => account_by_email(db, email.as_str())?,
        _ => None,
    };
    Ok(account.filter(|account| !account.is_deleted()).map(|account| {
        let name = if UserName::parse(&account.name).is_ok() { account.name } else { account.uid };
        format!("this is the email address of {name}; give that name").into()
    }))
}

/// As [`any_user`], but a deleted account is not found; the hint says how to restore it.
pub(super) fn live_user(db: &Db, user: &str) -> Result<Account, CommandError> {
    let row = any_user(db, user)?;
    if !row.is_deleted() {
        return Ok(row);
    }
    Err(CommandError::NotFound {
        message: format!("user {} is deleted", quoted(&row.name)).into(),
        hint: Some(restore_hint(&row).into()),
    })
}

/// How to restore a deleted account.
pub(super) fn restore_hint(row: &Account) -> String {
    let name = if UserName::parse(&row.name).is_ok() { &row.name } else { &row.uid };
    format!("the account is deleted and can be restored: photoprism users restore {name}")
}

/// A name that keeps its rule is repeated; anything else may be a password that was typed into the
/// wrong field.
fn unknown(user: &str) -> Cow<'static, str> {
    match UserName::parse(user) {
        Ok(name) => format!("user {} not found", quoted(name.as_str())).into(),
        Err(_) if looks_like_uid(user) => format!("user {} not found", quoted(user)).into(),
        Err(_) => "no such user".into(),
    }
}

fn quoted(name: &str) -> String {
    if UserName::parse(name).is_ok() || looks_like_uid(name) {
        format!("\"{name}\"")
    } else {
        "of that name".into()
    }
}
