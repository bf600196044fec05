//! Creates sessions.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, ToSql};

use super::ended::release;
use crate::model::{Session, SessionKind};
use crate::store::changed::made_here;
use crate::store::db::Tx;
use crate::store::error::StoreError;
use crate::store::insert::insert;
use crate::store::times::format_stored;

/// Creates a session with the preview and download tokens of its account, as PhotoPrism does.
pub fn session_insert(tx: &Tx<'_>, row: &Session) -> Result<(), StoreError> {
    release(tx, &row.id)?;
    if row.kind() == SessionKind::AppPassword {
        made_here(tx, &row.user_uid, &row.id)?;
    }
    let [login_at, created_at] = [row.login_at, row.created_at].map(|at| at.map(format_stored));
    let [preview_token, download_token] = ["preview_token", "download_token"]
        .map(|column| token_of_account(tx, column, &row.user_uid));
    let (preview_token, download_token) = (preview_token?, download_token?);
    let values: [(&str, &dyn ToSql); 26] = [
        ("id", &row.id),
        ("ref_id", &row.ref_id),
        ("user_uid", &row.user_uid),
        ("user_name", &row.user_name),
        ("client_uid", &row.client_uid),
        ("client_name", &row.client_name),
        ("client_ip", &row.client_ip),
        ("auth_provider", &row.provider),
        ("auth_method", &row.method),
        ("auth_issuer", &row.auth_issuer),
        ("auth_id", &row.auth_id),
        ("auth_scope", &row.scope),
        ("grant_type", &row.grant),
        ("last_active", &row.last_active),
        ("sess_expires", &row.expires),
        ("sess_timeout", &row.timeout),
        ("preview_token", &preview_token),
        ("download_token", &download_token),
        ("access_token", &""),
        ("refresh_token", &""),
        ("id_token", &""),
        ("user_agent", &row.user_agent),
        ("login_ip", &row.login_ip),
        ("login_at", &login_at),
        ("created_at", &created_at),
        ("updated_at", &created_at),
    ];
    insert(tx, "auth_sessions", &values)
}

/// The token as it is stored: one that PhotoPrism generated and SQLite converted to a number is the
/// same number in the session.
fn token_of_account(tx: &Tx<'_>, column: &str, uid: &str) -> Result<Value, StoreError> {
    let none = Value::Text(String::new());
    if uid.is_empty() || !tx.columns.has("auth_users", column) {
        return Ok(none);
    }
    let statement = format!("SELECT {column} FROM auth_users WHERE user_uid = ?1");
    let mut statement = tx.conn.prepare_cached(&statement)?;
    let token = statement.query_row([uid], |row| row.get(0)).optional()?;
    Ok(token.filter(|token| *token != Value::Null).unwrap_or(none))
}
