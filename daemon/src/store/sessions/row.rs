//! One session as it is stored.

use std::collections::HashSet;

use rusqlite::Row;

use super::ended::{HIDING, HIDING_ONE};
use crate::model::Session;
use crate::store::columns::column;
use crate::store::rows::{integer, text, time};

/// The columns of `temp.session_rows`, which is `auth_sessions` with NULL for columns that a
/// version of PhotoPrism lacks, and of `temp.listed_sessions`, the same for reading all sessions.
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

/// Creates these views for a table that has these columns. Where there are entries of ended
/// sessions, they exclude what PhotoPrism wrote back.
pub(in crate::store) fn make_view(have: &HashSet<String>, keeps_ended: bool) -> String {
    let columns = COLUMNS.map(|name| match name {
        // Rows are compared by these two, and a NULL would drop a row from every page.
        "user_name" | "created_at" if have.contains(name) => {
            format!("ifnull(u.{name}, '') AS {name}")
        }
        _ => column(have, name),
    });
    let columns = columns.join(", ");
    let view = |name: &str, hiding: &str| {
        let hiding = if keeps_ended { hiding } else { "1" };
        format!(
            "DROP VIEW IF EXISTS temp.{name};
             CREATE TEMP VIEW {name} AS SELECT {columns} FROM main.auth_sessions u WHERE {hiding};"
        )
    };
    view("session_rows", HIDING_ONE) + &view("listed_sessions", HIDING)
}

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
