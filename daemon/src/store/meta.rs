//! `admin_meta`: what the daemon stores about itself.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::OptionalExtension;
use sha2::{Digest, Sha256};

use super::db::{Db, Tx};
use super::error::StoreError;
use super::kind::Kind;
use super::passwords::password_set;
use super::schema::CURSOR_KEY_BYTES;

/// Whether the first admin has had a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminPasswordState {
    /// No: a configured one is used at the next start.
    NeverSet,
    /// Yes: a configured one is ignored.
    WasSet,
}

/// The key of this database. As long as there is no `photoprism-admin.db` next to PhotoPrism's it
/// is derived from the path, which guards against mistakes and not against forgery.
pub fn cursor_key(db: &Db) -> Result<[u8; CURSOR_KEY_BYTES], StoreError> {
    if *db.kind() != Kind::Own && !db.columns.attached {
        return Ok(key_of_path(db.path()));
    }
    let stored: Vec<u8> = db
        .prepare_own("SELECT value FROM own.admin_meta WHERE key = 'cursor_key'")?
        .query_row([], |row| row.get(0))?;
    stored.try_into().map_err(|_| StoreError::Other("the stored cursor key is damaged".into()))
}

/// The key for a PhotoPrism database without a stored one.
pub(super) fn key_of_path(path: &Path) -> [u8; CURSOR_KEY_BYTES] {
    Sha256::digest(path.as_os_str().as_encoded_bytes()).into()
}

pub(super) fn set_cursor_key(tx: &Tx<'_>, key: &[u8; CURSOR_KEY_BYTES]) -> Result<(), StoreError> {
    tx.prepare_own("INSERT INTO own.admin_meta (key, value) VALUES ('cursor_key', ?1)")?
        .execute([key])?;
    Ok(())
}

/// Whether the first admin has had a password.
pub fn admin_password_state(db: &Db) -> Result<AdminPasswordState, StoreError> {
    if *db.kind() != Kind::Own {
        return Ok(AdminPasswordState::WasSet);
    }
    let stored: Option<i64> = db
        .prepare_own("SELECT value FROM own.admin_meta WHERE key = 'first_password'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(if stored == Some(1) { AdminPasswordState::WasSet } else { AdminPasswordState::NeverSet })
}

/// Stores whether the first admin has had a password.
pub fn set_admin_password_state(tx: &Tx<'_>, state: AdminPasswordState) -> Result<(), StoreError> {
    tx.prepare_own(
        "INSERT INTO own.admin_meta (key, value) VALUES ('first_password', ?1)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )?
    .execute([i64::from(state == AdminPasswordState::WasSet)])?;
    Ok(())
}

/// Stores the configured password of the first admin at a start, in its own transaction.
///
/// # Errors
/// The store's; nothing is stored then.
pub fn set_admin_password(db: &Db, id: i64, hash: &str, now: Timestamp) -> Result<(), StoreError> {
    db.begin()?;
    let stored = store_admin_password(&Tx::new(db), id, hash, now).and_then(|()| db.commit());
    if stored.is_err() && !db.is_autocommit() {
        db.rollback()?;
    }
    stored
}

fn store_admin_password(
    tx: &Tx<'_>,
    id: i64,
    hash: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = "SELECT user_uid FROM auth_users WHERE id = ?1";
    let uid: String = tx.conn.query_row(statement, [id], |row| row.get(0))?;
    password_set(tx, &uid, hash, now)?;
    set_admin_password_state(tx, AdminPasswordState::WasSet)
}
