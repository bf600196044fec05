//! What only one account may have, deleted ones included.

use crate::error::CommandError;
use crate::model::Account;
use crate::store::{Db, Tx, Unique, account_by_auth_id, account_by_email, taken_for_same};

/// Refuses an email address or an auth id of another account, where it changes.
pub(super) fn refuse_taken(
    tx: &Tx<'_>,
    before: &Account,
    after: &Account,
) -> Result<(), CommandError> {
    if before.email != after.email
        && account_by_email(tx, &after.email)?.is_some_and(|other| other.id != before.id)
    {
        return Err(taken(
            "email",
            "the email address belongs to another account, perhaps a deleted one",
        ));
    }
    refuse_lookalike(tx, before, after)?;
    let stays = before.provider == after.provider && before.auth_id == after.auth_id;
    // Of an account that comes back it may have been given to another one meanwhile.
    if stays && !before.is_deleted() {
        return Ok(());
    }
    refuse_taken_auth_id(tx, after)
}

/// Refuses a name or an email address that PhotoPrism's database takes for that of another account,
/// where it changes.
pub(super) fn refuse_lookalike(
    db: &Db,
    before: &Account,
    after: &Account,
) -> Result<(), CommandError> {
    for (field, which, was, is) in [
        ("name", Unique::Name, &before.name, &after.name),
        ("email", Unique::Email, &before.email, &after.email),
    ] {
        if was != is
            && let Some(other) = taken_for_same(db, which, is, before.id)?
        {
            return Err(CommandError::Exists {
                field,
                message: format!(
                    "the database takes it for that of the account \"{other}\", perhaps a deleted \
                     one: PhotoPrism would find the one for the other"
                )
                .into(),
                hint: None,
            });
        }
    }
    Ok(())
}

/// Refuses an account whose auth id is another one's at the same provider: it would be unclear
/// which of them logs in. An account that is restored is checked as well.
pub(super) fn refuse_taken_auth_id(tx: &Tx<'_>, row: &Account) -> Result<(), CommandError> {
    match account_by_auth_id(tx, row)? {
        None => Ok(()),
        Some(_) => Err(taken(
            "auth_id",
            "the auth id belongs to another account with this provider, perhaps a deleted one",
        )),
    }
}

fn taken(field: &'static str, message: &'static str) -> CommandError {
    CommandError::Exists { field, message: message.into(), hint: None }
}
