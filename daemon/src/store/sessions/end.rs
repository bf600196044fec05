//! Ending sessions.

use rusqlite::params;

use crate::store::attached::note_emptied;
use crate::store::db::Tx;
use crate::store::error::StoreError;
use crate::store::rows::text;

/// Ends the sessions of an account and gives their number. App passwords stay: what they may do
/// is what the account may do when they are used. Sessions made from them end.
///
/// # Errors
/// The store's.
pub fn end_sessions(tx: &Tx<'_>, uid: &str) -> Result<u64, StoreError> {
    delete(
        tx,
        "DELETE FROM auth_sessions WHERE user_uid = ?1
         AND NOT (auth_provider = 'application' AND auth_method = 'default')",
        uid,
    )
}

/// Ends the sessions of an account, its app passwords included, and gives their number.
///
/// # Errors
/// The store's.
pub fn end_all_sessions(tx: &Tx<'_>, uid: &str) -> Result<u64, StoreError> {
    delete(tx, "DELETE FROM auth_sessions WHERE user_uid = ?1", uid)
}

/// Ends a session and those made from it, and gives their number.
///
/// # Errors
/// The store's.
pub fn delete_session(tx: &Tx<'_>, id: &str) -> Result<u64, StoreError> {
    delete(
        tx,
        "DELETE FROM auth_sessions WHERE id = ?1
         OR (auth_id = ?1 AND auth_provider = 'application' AND auth_method = 'session')",
        id,
    )
}

/// Ends every session there is, and gives their number.
///
/// # Errors
/// The store's.
pub(in crate::store) fn delete_all_sessions(tx: &Tx<'_>) -> Result<u64, StoreError> {
    note_emptied(tx, "auth_sessions")?;
    Ok(tx.conn.execute("DELETE FROM auth_sessions", [])? as u64)
}

/// Ends the oldest live logins of an account beyond `most`, and gives their ids.
///
/// # Errors
/// The store's.
pub fn trim_logins(tx: &Tx<'_>, uid: &str, most: u32, now: i64) -> Result<Vec<String>, StoreError> {
    if !tx.columns.has("auth_sessions", "grant_type") {
        // Nothing tells a login from another session there.
        return Ok(Vec::new());
    }
    let mut sentence = tx.conn.prepare_cached(
        "DELETE FROM auth_sessions WHERE id IN (
           SELECT id FROM auth_sessions WHERE user_uid = ?1 AND grant_type = 'password'
             AND NOT (auth_provider = 'application' AND auth_method = 'default')
             AND (sess_expires <= 0 OR sess_expires > ?3)
             AND (sess_timeout <= 0
               OR max(last_active, ifnull(unixepoch(created_at), 0)) + sess_timeout > ?3)
           ORDER BY created_at DESC, rowid DESC LIMIT -1 OFFSET ?2)
         RETURNING id",
    )?;
    let ids = sentence.query_map(params![uid, most, now], |row| text(row, 0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

fn delete(tx: &Tx<'_>, sentence: &str, value: &str) -> Result<u64, StoreError> {
    Ok(tx.conn.prepare_cached(sentence)?.execute([value])? as u64)
}
