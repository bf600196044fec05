//! Password hashes.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::db::{Db, Tx};
use super::error::StoreError;
use super::kept::check_kept;
use super::rows::text;
use super::times::format_stored;

/// The stored hash of an account; `None` where there is none, or an empty one.
pub fn password_hash(db: &Db, uid: &str) -> Result<Option<String>, StoreError> {
    let hash = db
        .conn
        .prepare_cached("SELECT hash FROM passwords WHERE uid = ?1")?
        .query_row([uid], |row| text(row, 0))
        .optional()?;
    Ok(hash.filter(|hash| !hash.is_empty()))
}

/// Stores the hash of an account, replacing another.
pub fn password_set(tx: &Tx<'_>, uid: &str, hash: &str, now: Timestamp) -> Result<(), StoreError> {
    check_kept(tx, "passwords", &[("uid", &uid), ("hash", &hash)])?;
    tx.conn
        .prepare_cached(
            "INSERT INTO passwords (uid, hash, created_at, updated_at) VALUES (?1, ?2, ?3, ?3)
             ON CONFLICT (uid) DO UPDATE SET hash = excluded.hash, updated_at = excluded.updated_at",
        )?
        .execute(params![uid, hash, format_stored(now)])?;
    Ok(())
}

/// Removes the hash of an account; true if there was one.
pub fn password_remove(tx: &Tx<'_>, uid: &str) -> Result<bool, StoreError> {
    let rows = tx.conn.prepare_cached("DELETE FROM passwords WHERE uid = ?1")?.execute([uid])?;
    Ok(rows > 0)
}
