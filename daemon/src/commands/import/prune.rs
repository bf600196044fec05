//! Deleting what the text does not name.

use std::collections::BTreeSet;

use photoprism_protocol::name::UserName;
use photoprism_protocol::text::without_case;

use super::row::RowOutcome;
use crate::commands::import_sessions::{RejectedRow, ValidRow};
use crate::commands::request::Context;
use crate::commands::revoked::revoke_all;
use crate::commands::users::ensure_other_super_admin;
use crate::error::CommandError;
use crate::model::{Account, Deleted, Effect, FIRST_ADMIN_ID};
use crate::store::{
    AccountPage, AccountSearch, Db, Tx, account_by_name, account_delete, accounts_delete,
    accounts_page,
};

/// Rows that are read in one piece.
const PIECE: usize = 1000;

/// Accounts that a warning names.
const NAMED: usize = 10;

/// The accounts that no row names, in the order of their ids.
#[derive(Default)]
pub(super) struct Unnamed {
    /// Those that a row could have named.
    pub(super) rows: Vec<Account>,
    /// UIDs of those that no file can name: PhotoPrism stored their names under another rule.
    unnameable: Vec<String>,
}

/// Refuses a text that names nobody: it is empty or was cut, and everybody would be deleted.
pub(super) fn ensure_names_somebody(
    rows: &[Result<ValidRow, RejectedRow>],
) -> Result<(), CommandError> {
    if !rows.is_empty() {
        return Ok(());
    }
    Err(CommandError::broken(
        "prune",
        "there is no account in what was given, so that all but the first admin would be deleted; \
         is it the right file, and whole? Name the accounts that are to stay, or leave prune out",
    ))
}

/// Refuses a new account whose name may be the beginning of another one's, which would be deleted.
pub(super) fn ensure_whole(tx: &Tx<'_>, row: &ValidRow) -> Result<(), CommandError> {
    if !row.may_be_cut || account_by_name(tx, row.name.as_str())?.is_some() {
        return Ok(());
    }
    Err(CommandError::broken(
        "name",
        "the last line has no newline at its end and names a new account, so the file may have \
         been cut: end the line, or leave prune out",
    ))
}

/// What the rows do not name. The first admin stays, and so does everybody while a row is bad: it
/// may have been about any of them.
pub(super) fn accounts_not_in_file(
    db: &Db,
    rows: &[Result<ValidRow, RejectedRow>],
) -> Result<Unnamed, CommandError> {
    let mut named = BTreeSet::new();
    for row in rows {
        let Ok(row) = row else { return Ok(Unnamed::default()) };
        named.insert(without_case(row.name.as_str()));
    }
    let mut unnamed = Unnamed::default();
    let mut after = FIRST_ADMIN_ID;
    loop {
        let page = AccountPage { after, limit: PIECE, deleted: false };
        let found = accounts_page(db, &AccountSearch::People, page)?;
        let last = found.rest.or_else(|| found.rows.last().map(|(id, _)| *id));
        let Some(last) = last else { return Ok(unnamed) };
        after = last;
        let rows = found.rows.into_iter().map(|(_, row)| row);
        // A given name in another spelling means this account.
        for row in rows.filter(|row| !named.contains(&without_case(&row.name))) {
            // Rows of an account without a UID cannot be distinguished from those of others.
            let nameable = UserName::parse(&row.name).is_ok_and(|name| name.as_str() == row.name);
            if nameable && !row.uid.is_empty() {
                unnamed.rows.push(row);
            } else {
                unnamed.unnameable.push(row.uid);
            }
        }
    }
}

impl Unnamed {
    /// A warning about the accounts that stay, because no file could have named them.
    pub(super) fn warning(&self) -> Option<String> {
        let count = self.unnameable.len();
        if count == 0 {
            return None;
        }
        let shown = self.unnameable.get(..NAMED).unwrap_or(&self.unnameable).join(", ");
        let more = if count > NAMED { ", …" } else { "" };
        Some(format!(
            "accounts with names that no file can have stay as they are ({shown}{more}); \
             photoprism users rm UID deletes one"
        ))
    }
}

/// Deletes accounts as `users.rm` does, but ends the sessions of all of them together. What came of
/// each, in their order.
pub(super) fn delete_all(
    tx: &Tx<'_>,
    context: &Context,
    rows: &[Account],
) -> Result<Vec<Result<RowOutcome, CommandError>>, CommandError> {
    let now = context.now;
    let mut deleted = Vec::with_capacity(rows.len());
    for row in rows {
        // The next one counts those that are left.
        let refused = row.super_admin.then(|| ensure_other_super_admin(tx, context, row));
        deleted.push(match refused {
            Some(Ok(())) => account_delete(tx, row, now).map(|()| Ok(row))?,
            Some(Err(error)) => Err(error),
            None => Ok(row),
        });
    }
    let gone: Vec<&Account> = deleted.iter().flatten().copied().collect();
    let others: Vec<&Account> = gone.iter().filter(|row| !row.super_admin).copied().collect();
    accounts_delete(tx, &others, now)?;
    let mut ended = revoke_all(tx, &gone, now)?.into_iter();
    let pruned = |row: Result<&Account, CommandError>| {
        let row = row?;
        let (sessions_revoked, ended) = ended.next().unzip();
        let changed = Account { deleted: Deleted::At(now), updated_at: Some(now), ..row.clone() };
        let changed = Effect::AccountChanged(Box::new(changed));
        Ok(RowOutcome {
            outcome: "pruned",
            changed: Vec::new(),
            sessions_revoked: sessions_revoked.unwrap_or(0),
            wrote: Some((row.uid.clone(), ended.into_iter().chain([changed]).collect())),
        })
    };
    Ok(deleted.into_iter().map(pruned).collect())
}
