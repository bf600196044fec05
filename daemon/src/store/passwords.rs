//! Password hashes.

use jiff::Timestamp;

use super::db::{Db, Tx};
use super::engine::Statement;
use super::error::StoreError;
use super::kept::check_kept;

const HASH: Statement<'_> = Statement::same("SELECT hash FROM passwords WHERE uid = ?1");

const REPLACE: Statement<'_> =
    Statement::same("UPDATE passwords SET hash = ?2, updated_at = ?3 WHERE uid = ?1");

const ADD: Statement<'_> = Statement::same(
    "INSERT INTO passwords (uid, hash, created_at, updated_at) VALUES (?1, ?2, ?3, ?3)",
);

const REMOVE: Statement<'_> = Statement::same("DELETE FROM passwords WHERE uid = ?1");

/// The stored hash of an account; `None` where there is none, or an empty one.
pub fn password_hash(db: &Db, uid: &str) -> Result<Option<String>, StoreError> {
    let hash = db.one(HASH, &[uid.into()], |row| row.text(0))?;
    Ok(hash.filter(|hash| !hash.is_empty()))
}

/// Stores the hash of an account, replacing another.
pub fn password_set(tx: &Tx<'_>, uid: &str, hash: &str, now: Timestamp) -> Result<(), StoreError> {
    check_kept(tx, "passwords", &[("uid", uid.into()), ("hash", hash.into())])?;
    let values = [uid.into(), hash.into(), now.into()];
    tx.change_or_add([REPLACE, ADD], &values)
}

/// Removes the hash of an account; true if there was one.
pub fn password_remove(tx: &Tx<'_>, uid: &str) -> Result<bool, StoreError> {
    Ok(tx.change(REMOVE, &[uid.into()])? > 0)
}
