//! Making sessions.

use rusqlite::params;

use super::row::SessionRow;
use crate::store::db::Tx;
use crate::store::error::StoreError;

/// Makes a session with the preview and download tokens of its account, as PhotoPrism does.
///
/// # Errors
/// The store's; the id is unique.
pub fn session_insert(tx: &Tx<'_>, row: &SessionRow) -> Result<(), StoreError> {
    let login_at = Some(&row.login_at).filter(|at| !at.is_empty());
    tx.conn
        .prepare_cached(
            "INSERT INTO auth_sessions (id, ref_id, user_uid, user_name, client_uid, client_name,
               auth_provider, auth_method, auth_id, auth_scope, grant_type, last_active,
               sess_expires, sess_timeout, client_ip, login_ip, user_agent, login_at, created_at,
               updated_at, preview_token, download_token)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
               ?18, ?19, ?19,
               ifnull((SELECT preview_token FROM auth_users WHERE user_uid = ?3 AND ?3 <> ''), ''),
               ifnull((SELECT download_token FROM auth_users WHERE user_uid = ?3 AND ?3 <> ''), '')",
        )?
        .execute(params![
            row.id,
            row.ref_id,
            row.user_uid,
            row.user_name,
            row.client_uid,
            row.client_name,
            row.provider,
            row.method,
            row.auth_id,
            row.scope,
            row.grant,
            row.last_active,
            row.expires,
            row.timeout,
            row.client_ip,
            row.login_ip,
            row.user_agent,
            login_at,
            row.created_at,
        ])?;
    Ok(())
}
