//! What each connection adds in its own memory: views of the sessions that hide the differences
//! between PhotoPrism's versions, and a table of last uses.

use rusqlite::Connection;

use super::columns::Columns;
use super::error::StoreError;

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

/// What a view of the sessions `u` excludes where one or a few of them are read.
const HIDING_ONE: &str = "(CAST(u.id AS TEXT) NOT IN
       (SELECT session_id FROM admin.admin_ended)
     AND ifnull(CAST(u.auth_id AS TEXT), '') NOT IN (SELECT session_id FROM admin.admin_ended))";

/// The same where all of them are read: those that came back are found once, and are few.
pub(super) const HIDING: &str = "u.id NOT IN (SELECT h.id FROM main.auth_sessions h
     WHERE h.id IN (SELECT session_id FROM admin.admin_ended)
       OR h.auth_id IN (SELECT session_id FROM admin.admin_ended))";

/// Created once for each connection, in memory: its content shows in every list of sessions.
const CREATE_LAST_USE: &str = "CREATE TEMP TABLE IF NOT EXISTS seen (
     id TEXT PRIMARY KEY, last_active INTEGER NOT NULL, client_ip TEXT) WITHOUT ROWID";

/// Reads which tables and columns there are, and creates the views that depend on them.
pub(super) fn read_columns(conn: &Connection) -> Result<Columns, StoreError> {
    let columns = Columns::read(conn)?;
    conn.execute_batch(CREATE_LAST_USE)?;
    conn.execute_batch(&session_views(&columns))?;
    Ok(columns)
}

/// Where there are entries of ended sessions, the views exclude what PhotoPrism wrote back.
fn session_views(columns: &Columns) -> String {
    let names = COLUMNS.map(|name| match name {
        // Rows are compared by these two, and a NULL would drop a row from every page.
        "user_name" | "created_at" if columns.has("auth_sessions", name) => {
            format!("ifnull(u.{name}, '') AS {name}")
        }
        _ => columns.column("auth_sessions", name),
    });
    let names = names.join(", ");
    let view = |name: &str, hiding: &str| {
        let hiding = if columns.keeps_ended() { hiding } else { "1" };
        format!(
            "DROP VIEW IF EXISTS temp.{name};
             CREATE TEMP VIEW {name} AS SELECT {names} FROM main.auth_sessions u WHERE {hiding};"
        )
    };
    view("session_rows", HIDING_ONE) + &view("listed_sessions", HIDING)
}
