//! Creates sessions.

use super::ended::release;
use crate::model::{Session, SessionKind};
use crate::store::changed::made_here;
use crate::store::db::Tx;
use crate::store::engine::{Kept, Statement, Value};
use crate::store::error::StoreError;
use crate::store::insert::insert;

/// Creates a session with the preview and download tokens of its account, as PhotoPrism does.
pub fn session_insert(tx: &Tx<'_>, row: &Session) -> Result<(), StoreError> {
    release(tx, &row.id)?;
    if row.kind() == SessionKind::AppPassword {
        made_here(tx, &row.user_uid, &row.id)?;
    }
    let created_at = row.created_at.into();
    let [preview_token, download_token] = ["preview_token", "download_token"]
        .map(|column| token_of_account(tx, column, &row.user_uid));
    let (preview_token, download_token) = (preview_token?, download_token?);
    let values: [(&str, Value<'_>); 26] = [
        ("id", (&row.id).into()),
        ("ref_id", (&row.ref_id).into()),
        ("user_uid", (&row.user_uid).into()),
        ("user_name", (&row.user_name).into()),
        ("client_uid", (&row.client_uid).into()),
        ("client_name", (&row.client_name).into()),
        ("client_ip", (&row.client_ip).into()),
        ("auth_provider", (&row.provider).into()),
        ("auth_method", (&row.method).into()),
        ("auth_issuer", (&row.auth_issuer).into()),
        ("auth_id", (&row.auth_id).into()),
        ("auth_scope", (&row.scope).into()),
        ("grant_type", (&row.grant).into()),
        ("last_active", row.last_active.into()),
        ("sess_expires", row.expires.into()),
        ("sess_timeout", row.timeout.into()),
        ("preview_token", (&preview_token).into()),
        ("download_token", (&download_token).into()),
        ("access_token", "".into()),
        ("refresh_token", "".into()),
        ("id_token", "".into()),
        ("user_agent", (&row.user_agent).into()),
        ("login_ip", (&row.login_ip).into()),
        ("login_at", row.login_at.into()),
        ("created_at", created_at),
        ("updated_at", created_at),
    ];
    insert(tx, "auth_sessions", &values)
}

/// The token as it is stored: one that PhotoPrism generated and SQLite converted to a number is the
/// same number in the session.
fn token_of_account(tx: &Tx<'_>, column: &str, uid: &str) -> Result<Kept, StoreError> {
    let none = Kept::Text(String::new());
    if uid.is_empty() || !tx.columns.has("auth_users", column) {
        return Ok(none);
    }
    let statement = format!("SELECT {column} FROM auth_users WHERE user_uid = ?1");
    let token = tx.one(Statement::same(&statement), &[uid.into()], |row| row.kept(0))?;
    Ok(token.filter(|token| !matches!(token, Kept::Null)).unwrap_or(none))
}
