//! One session as it is stored.

use rusqlite::Row;

use crate::model::Session;
use crate::store::rows::{integer, text, time};

/// The columns that [`session_row`] reads, in its order. Last uses that are not yet written are in
/// `temp.seen` and take precedence.
pub(super) const SELECT: &str = "SELECT s.id, s.ref_id, s.user_uid, s.user_name, s.client_uid,
     s.client_name, s.auth_provider, s.auth_method, s.auth_id, s.auth_scope, s.grant_type,
     max(ifnull(s.last_active, 0), ifnull(t.last_active, 0)) AS active, s.sess_expires,
     s.sess_timeout, ifnull(t.client_ip, s.client_ip), s.login_ip, s.user_agent, s.login_at,
     s.created_at
     FROM temp.session_rows s LEFT JOIN temp.seen t ON t.id = s.id";

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
