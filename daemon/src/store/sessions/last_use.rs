//! Last uses of sessions.

use crate::model::LastUse;
use crate::store::db::{Db, Tx};
use crate::store::engine::Statement;
use crate::store::error::StoreError;

const USED: Statement<'_> = Statement::same(
    "UPDATE auth_sessions SET last_active = ?2 WHERE id = ?1 AND ifnull(last_active, 0) <= ?2",
);

const USED_FROM: Statement<'_> =
    Statement::same("UPDATE auth_sessions SET client_ip = ?2 WHERE id = ?1");

/// Writes last uses. A use that is older than the stored one changes nothing.
pub fn sessions_seen(tx: &Tx<'_>, seen: &[LastUse]) -> Result<(), StoreError> {
    let mut used = tx.prepare(USED)?;
    for LastUse { id, last_active, client_ip } in seen {
        let known = used.change(&[id.into(), (*last_active).into()])? == 1;
        if let Some(client_ip) = client_ip
            && known
            && tx.columns.has("auth_sessions", "client_ip")
        {
            tx.change(USED_FROM, &[id.into(), client_ip.into()])?;
        }
    }
    Ok(())
}

/// Whether a session of the account was used at that instant or later, in Unix seconds. `pending` has
/// the last use of a session, by its id, where it is not yet written.
pub fn session_used_since(
    db: &Db,
    uid: &str,
    since: i64,
    pending: &dyn Fn(&str) -> Option<i64>,
) -> Result<bool, StoreError> {
    let sessions = Statement::same(
        "SELECT id, ifnull(last_active, 0) >= ?2 FROM auth_sessions WHERE user_uid = ?1",
    );
    let is_later = |id: &str| pending(id).is_some_and(|used| used >= since);
    let used = db.all(sessions, &[uid.into(), since.into()], |row| {
        Ok(row.flag(1)? || is_later(&row.text(0)?))
    })?;
    Ok(used.contains(&true))
}
