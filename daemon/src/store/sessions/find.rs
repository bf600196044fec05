//! Reads sessions by their keys.

use rusqlite::{OptionalExtension, Params, params};

use super::row::{SELECT, session_row};
use crate::model::Session;
use crate::store::db::Db;
use crate::store::error::StoreError;

fn some(db: &Db, rest: &str, params: impl Params) -> Result<Vec<Session>, StoreError> {
    let mut statement = db.conn.prepare_cached(&format!("{SELECT} {rest}"))?;
    let rows = statement.query_map(params, session_row)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

fn one(db: &Db, rest: &str, value: &str) -> Result<Option<Session>, StoreError> {
    let statement = format!("{SELECT} {rest}");
    Ok(db.conn.prepare_cached(&statement)?.query_row([value], session_row).optional()?)
}

/// The session of that id: the SHA-256 of its secret in hex.
pub fn session_by_id(db: &Db, id: &str) -> Result<Option<Session>, StoreError> {
    one(db, "WHERE s.id = ?1", id)
}

/// The session of that reference id.
pub fn session_by_ref(db: &Db, ref_id: &str) -> Result<Option<Session>, StoreError> {
    one(db, "WHERE s.ref_id = ?1 LIMIT 1", ref_id)
}

/// The app passwords of an account, expired ones too, up to a limit.
pub(in crate::store) fn app_passwords(
    db: &Db,
    uid: &str,
    most: u32,
) -> Result<Vec<Session>, StoreError> {
    let which = "WHERE s.user_uid = ?1 AND s.auth_provider = 'application'
         AND s.auth_method = 'default' ORDER BY s.created_at, s.id LIMIT ?2";
    some(db, which, params![uid, i64::from(most)])
}
