//! Sessions, as far as changes to accounts end them.

use super::db::Tx;
use super::error::StoreError;

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

fn delete(tx: &Tx<'_>, sentence: &str, uid: &str) -> Result<u64, StoreError> {
    Ok(tx.conn.prepare_cached(sentence)?.execute([uid])? as u64)
}
