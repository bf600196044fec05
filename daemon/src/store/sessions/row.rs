//! One session as it is stored.

use rusqlite::Row;

use crate::model::Session;
use crate::store::columns::Columns;
use crate::store::rows::{integer, text, time};

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

pub(super) fn session_row(row: &Row<'_>) -> Result<Session, rusqlite::Error> {
    Ok(Session {
        id: text(row, 0)?,
        ref_id: text(row, 1)?,
        user_uid: text(row, 2)?,
        user_name: text(row, 3)?,
        client_uid: text(row, 4)?,
        client_name: text(row, 5)?,
        provider: text(row, 6)?,
        method: text(row, 7)?,
        auth_issuer: String::new(),
        auth_id: text(row, 8)?,
        scope: text(row, 9)?,
        grant: text(row, 10)?,
        last_active: integer(row, 11)?,
        expires: integer(row, 12)?,
        timeout: integer(row, 13)?,
        client_ip: text(row, 14)?,
        login_ip: text(row, 15)?,
        user_agent: text(row, 16)?,
        login_at: time(row, 17)?,
        created_at: time(row, 18)?,
    })
}
