//! Deleting what the text does not name.

use std::collections::BTreeMap;

use crate::accounts::first::FIRST_ADMIN_ID;
use crate::accounts::times;
use crate::effect::Effect;
use crate::error::CommandError;
use crate::handlers::context::Context;
use crate::handlers::users::{now_shown, still_one_super_admin};
use crate::store::{Tx, UserPage, UserRow, UserSearch, end_all_sessions, user_delete, users_page};

/// Rows that are looked at in one piece.
const PIECE: usize = 1000;

/// Accounts that are not named, in the order of their ids. The first admin stays.
pub(super) fn unnamed(
    tx: &Tx<'_>,
    named: &BTreeMap<&str, u64>,
) -> Result<Vec<UserRow>, CommandError> {
    let mut unnamed = Vec::new();
    let mut after = FIRST_ADMIN_ID;
    loop {
        let page = UserPage { after, limit: PIECE, deleted: false };
        let rows = users_page(tx, &UserSearch::People, page)?;
        let Some(last) = rows.last() else { return Ok(unnamed) };
        after = last.id;
        unnamed.extend(rows.into_iter().filter(|row| !named.contains_key(row.name.as_str())));
    }
}

/// Deletes one as `users.rm` does; gives the sessions that ended, and what that means.
pub(super) fn delete(
    tx: &Tx<'_>,
    context: &Context,
    row: &UserRow,
) -> Result<(u64, Vec<Effect>), CommandError> {
    still_one_super_admin(tx, context, row)?;
    user_delete(tx, &row.uid, &times::to_stored(context.now))?;
    let revoked = end_all_sessions(tx, &row.uid)?;
    let (_, changed) = now_shown(tx, context, &row.uid)?;
    let ended = Effect::SessionsEnded { uid: row.uid.clone(), all: true };
    Ok((revoked, vec![ended, changed]))
}
