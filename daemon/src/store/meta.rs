//! `admin_meta`: what the daemon stores about itself.

use std::path::Path;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::db::{Db, Tx};
use super::engine::Statement;
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

// `key` is a word of SQL.
const FIND: Statement<'_> =
    Statement::same("SELECT value FROM own.admin_meta WHERE `key` = ?1").own();

const ADD: Statement<'_> =
    Statement::same("INSERT INTO own.admin_meta (`key`, value) VALUES (?1, ?2)").own();

const REPLACE: Statement<'_> =
    Statement::same("UPDATE own.admin_meta SET value = ?2 WHERE `key` = ?1").own();

/// The key of this database. As long as there is no `photoprism-admin.db` next to PhotoPrism's it
/// is derived from the path, which guards against mistakes and not against forgery.
pub fn cursor_key(db: &Db) -> Result<[u8; CURSOR_KEY_BYTES], StoreError> {
    let is_server = db.server.is_some();
    if *db.kind() != Kind::Own && !db.columns.attached && !(is_server && has_cursor_key(db)?) {
        let name = if is_server { db.name().into() } else { db.path().to_owned() };
        return Ok(key_of_path(&name));
    }
    let stored = db.one(FIND, &["cursor_key".into()], |row| row.bytes(0))?;
    stored
        .and_then(|stored| stored.try_into().ok())
        .ok_or_else(|| StoreError::Other("the stored cursor key is damaged".into()))
}

/// Whether one is stored.
pub(super) fn has_cursor_key(db: &Db) -> Result<bool, StoreError> {
    let is_stored = || db.one(FIND, &["cursor_key".into()], |_| Ok(()));
    Ok(db.columns.admin && is_stored()?.is_some())
}

/// The key for a PhotoPrism database without a stored one.
pub(super) fn key_of_path(path: &Path) -> [u8; CURSOR_KEY_BYTES] {
    Sha256::digest(path.as_os_str().as_encoded_bytes()).into()
}

pub(super) fn set_cursor_key(tx: &Tx<'_>, key: &[u8; CURSOR_KEY_BYTES]) -> Result<(), StoreError> {
    tx.change(ADD, &["cursor_key".into(), key[..].into()]).map(drop)
}

/// Whether the first admin has had a password.
pub fn admin_password_state(db: &Db) -> Result<AdminPasswordState, StoreError> {
    if *db.kind() != Kind::Own {
        return Ok(AdminPasswordState::WasSet);
    }
    let stored = db.one(FIND, &["first_password".into()], |row| row.exact_integer(0))?;
    Ok(if stored == Some(1) { AdminPasswordState::WasSet } else { AdminPasswordState::NeverSet })
}

/// Stores whether the first admin has had a password.
pub fn set_admin_password_state(tx: &Tx<'_>, state: AdminPasswordState) -> Result<(), StoreError> {
    let values = ["first_password".into(), (state == AdminPasswordState::WasSet).into()];
    tx.change_or_add([REPLACE, ADD], &values)
}

/// A stored number; `None` where there is none, or something else.
pub(super) fn meta_number(db: &Db, key: &str) -> Result<Option<i64>, StoreError> {
    Ok(db.one(FIND, &[key.into()], |row| Ok(row.text(0)?.parse().ok()))?.flatten())
}

pub(super) fn set_meta_number(tx: &Tx<'_>, key: &str, number: i64) -> Result<(), StoreError> {
    tx.change_or_add([REPLACE, ADD], &[key.into(), number.into()])
}

/// Stores the configured password of the first admin at a start, in its own transaction.
///
/// # Errors
/// The store's; nothing is stored then.
pub fn set_admin_password(db: &Db, id: i64, hash: &str, now: Timestamp) -> Result<(), StoreError> {
    db.begin()?;
    let stored = store_admin_password(&Tx::new(db), id, hash, now).and_then(|()| db.commit());
    if stored.is_err() && db.in_transaction() {
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
    let statement = Statement::same("SELECT user_uid FROM auth_users WHERE id = ?1");
    let gone = || StoreError::Other("the first admin is gone".into());
    let uid = tx.one(statement, &[id.into()], |row| row.text(0))?.ok_or_else(gone)?;
    password_set(tx, &uid, hash, now)?;
    set_admin_password_state(tx, AdminPasswordState::WasSet)
}
