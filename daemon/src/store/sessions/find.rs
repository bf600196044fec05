//! Reads sessions by their keys.

use super::row::{COLUMNS, select, session_row};
use crate::model::{Account, Session};
use crate::store::accounts::{account_row, listed};
use crate::store::db::Db;
use crate::store::engine::{Statement, Value};
use crate::store::error::StoreError;
use crate::store::visible::Hiding;

/// A statement for the sessions that meet a condition.
fn statement(db: &Db, which: &str, rest: &str) -> String {
    let (select, hiding) = (select(&db.columns), Hiding::of(&db.columns));
    let Hiding { joins, condition } = hiding;
    format!("{select} {joins} WHERE {which} AND {condition} {rest}{}", db.row_lock())
}

fn some(
    db: &Db,
    which: &str,
    rest: &str,
    values: &[Value<'_>],
) -> Result<Vec<Session>, StoreError> {
    db.all(Statement::same(&statement(db, which, rest)), values, session_row)
}

fn one(db: &Db, which: &str, value: &str) -> Result<Option<Session>, StoreError> {
    let statement = statement(db, which, "LIMIT 1");
    db.one(Statement::same(&statement), &[value.into()], session_row)
}

/// Whether there is a row with that id, hidden ones included.
pub(super) fn is_there(db: &Db, id: &str) -> Result<bool, StoreError> {
    let there = Statement::same("SELECT EXISTS (SELECT 1 FROM auth_sessions WHERE id = ?1)");
    Ok(db.one(there, &[id.into()], |row| row.flag(0))? == Some(true))
}

/// The session of that id: the SHA-256 of its secret in hex.
pub fn session_by_id(db: &Db, id: &str) -> Result<Option<Session>, StoreError> {
    one(db, "u.id = ?1", id)
}

/// The same with its account, if there is one: a check of a token asks a server once.
pub fn session_with_account(
    db: &Db,
    id: &str,
) -> Result<Option<(Session, Option<Account>)>, StoreError> {
    let statement = format!(
        "SELECT s.*, {} FROM ({}) s
         LEFT JOIN auth_users u ON u.user_uid = s.user_uid AND s.user_uid <> ''",
        listed(&db.columns),
        statement(db, "u.id = ?1", "")
    );
    db.one(Statement::same(&statement), &[id.into()], |row| {
        let account = row.behind(COLUMNS);
        let account = match account.optional_integer(0)? {
            Some(_) => Some(account_row(&account)?),
            None => None,
        };
        Ok((session_row(row)?, account))
    })
}

/// The session of that reference id.
pub fn session_by_ref(db: &Db, ref_id: &str) -> Result<Option<Session>, StoreError> {
    if !db.columns.has("auth_sessions", "ref_id") {
        return Ok(None);
    }
    one(db, "u.ref_id = ?1", ref_id)
}

/// Sessions of one kind that an account has for a client, expired ones too, up to a limit; those of
/// nobody where `uid` is empty.
pub fn sessions_of_client(db: &Db, of: &Session, most: u32) -> Result<Vec<Session>, StoreError> {
    if !db.columns.has("auth_sessions", "client_name") {
        return Ok(Vec::new());
    }
    let which = "u.user_uid = ?1 AND u.client_name = ?2 AND u.auth_provider = ?3
        AND u.auth_method = ?4";
    let values: [Value<'_>; 5] = [
        (&of.user_uid).into(),
        (&of.client_name).into(),
        (&of.provider).into(),
        (&of.method).into(),
        most.into(),
    ];
    some(db, which, "ORDER BY u.created_at, u.id LIMIT ?5", &values)
}

/// The app passwords of an account, expired ones too, up to a limit.
pub(in crate::store) fn app_passwords(
    db: &Db,
    uid: &str,
    most: u32,
) -> Result<Vec<Session>, StoreError> {
    let which = "u.user_uid = ?1 AND u.auth_provider = 'application' AND u.auth_method = 'default'";
    some(db, which, "ORDER BY u.created_at, u.id LIMIT ?2", &[uid.into(), most.into()])
}
