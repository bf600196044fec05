//! One session as it is stored.

use crate::model::Session;
use crate::store::columns::Columns;
use crate::store::engine::Row;
use crate::store::error::StoreError;

/// The columns that [`session_row`] reads, in its order; NULL where a version of PhotoPrism lacks
/// one.
const COLUMNS: [&str; 19] = [
    "id",
    "ref_id",
    "user_uid",
    "user_name",
    "client_uid",
    "client_name",
    "auth_provider",
    "auth_method",
    "auth_id",
    "auth_scope",
    "grant_type",
    "last_active",
    "sess_expires",
    "sess_timeout",
    "client_ip",
    "login_ip",
    "user_agent",
    "login_at",
    "created_at",
];

/// The statement up to `FROM auth_sessions u`.
pub(super) fn select(columns: &Columns) -> &str {
    columns.sessions_select.get_or_init(|| {
        let names = COLUMNS.map(|name| columns.column("auth_sessions", name));
        format!("SELECT {} FROM main.auth_sessions u", names.join(", "))
    })
}

pub(super) fn session_row(row: &Row<'_>) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.text(0)?,
        ref_id: row.text(1)?,
        user_uid: row.text(2)?,
        user_name: row.text(3)?,
        client_uid: row.text(4)?,
        client_name: row.text(5)?,
        provider: row.text(6)?,
        method: row.text(7)?,
        auth_issuer: String::new(),
        auth_id: row.text(8)?,
        scope: row.text(9)?,
        grant: row.text(10)?,
        last_active: row.integer(11)?,
        expires: row.integer(12)?,
        timeout: row.integer(13)?,
        client_ip: row.text(14)?,
        login_ip: row.text(15)?,
        user_agent: row.text(16)?,
        login_at: row.time(17)?,
        created_at: row.time(18)?,
    })
}
