//! One session as it is stored.

use crate::model::Session;
use crate::store::columns::Columns;
use crate::store::engine::Row;
use crate::store::error::StoreError;

/// The columns that a check of a token asks for, in the order of [`checked_row`].
pub(in crate::store) const CHECKED: [&str; 14] = [
    "id",
    "ref_id",
    "user_uid",
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
    "created_at",
];

/// The others that [`session_row`] reads, behind them.
const SHOWN: [&str; 5] = ["user_name", "client_ip", "login_ip", "user_agent", "login_at"];

/// The statement up to `FROM auth_sessions u`; NULL where a version of PhotoPrism lacks a column.
pub(super) fn select(columns: &Columns) -> &str {
    columns.sessions_select.get_or_init(|| {
        let names = CHECKED.into_iter().chain(SHOWN);
        let names: Vec<_> = names.map(|name| columns.column("auth_sessions", name)).collect();
        format!("SELECT {} FROM main.auth_sessions u", names.join(", "))
    })
}

/// Columns that [`session_row`] reads.
pub(super) const COLUMNS: usize = CHECKED.len() + SHOWN.len();

pub(super) fn session_row(row: &Row<'_>) -> Result<Session, StoreError> {
    Ok(Session {
        user_name: row.text(14)?,
        client_ip: row.text(15)?,
        login_ip: row.text(16)?,
        user_agent: row.text(17)?,
        login_at: row.time(18)?,
        ..checked_row(row)?
    })
}

/// What a check of a token asks for; the rest is empty.
pub(in crate::store) fn checked_row(row: &Row<'_>) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.text(0)?,
        ref_id: row.text(1)?,
        user_uid: row.text(2)?,
        client_uid: row.text(3)?,
        client_name: row.text(4)?,
        provider: row.text(5)?,
        method: row.text(6)?,
        auth_id: row.text(7)?,
        scope: row.text(8)?,
        grant: row.text(9)?,
        last_active: row.integer(10)?,
        expires: row.integer(11)?,
        timeout: row.integer(12)?,
        created_at: row.time(13)?,
        ..Session::default()
    })
}
