//! Which columns a database really has: PhotoPrism's versions differ.

use std::collections::HashSet;

use rusqlite::Connection;

use super::error::StoreError;

/// The sentences that depend on the columns, put together once for each schema.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    /// `SELECT … FROM auth_users u` with the columns of [`super::users`], in its order.
    pub(super) users: String,
    /// The same for the legacy table; `None` where there is none.
    pub(super) legacy: Option<String>,
    /// Whether `audit_logins` is there.
    pub(super) logins: bool,
    /// Whether `admin_limits` is there.
    pub(super) limits: bool,
    /// Whether `admin_passcode_steps` is there.
    pub(super) steps: bool,
    /// `PRAGMA schema_version` that all this was true for.
    pub(super) schema_version: i64,
}

impl Columns {
    pub(super) fn look_up(conn: &Connection) -> Result<Self, StoreError> {
        conn.execute_batch(super::sessions::MAKE_SEEN)?;
        let users = names(conn, "auth_users")?;
        let legacy = names(conn, "users")?;
        Ok(Self {
            users: super::users::select(&users, !names(conn, "passcodes")?.is_empty()),
            legacy: (!legacy.is_empty()).then(|| super::legacy::select(&legacy)),
            logins: !names(conn, "audit_logins")?.is_empty(),
            limits: !names(conn, "admin_limits")?.is_empty(),
            steps: !names(conn, "admin_passcode_steps")?.is_empty(),
            schema_version: schema_version(conn)?,
        })
    }
}

/// The cookie that SQLite changes with every change of the schema.
pub(super) fn schema_version(conn: &Connection) -> Result<i64, StoreError> {
    Ok(conn.pragma_query_value(None, "schema_version", |row| row.get(0))?)
}

fn names(conn: &Connection, table: &str) -> Result<HashSet<String>, StoreError> {
    let mut sentence = conn.prepare_cached("SELECT name FROM pragma_table_info(?1)")?;
    let names = sentence.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(names)
}

/// `u.name`, or a NULL in its place where the table lacks it.
pub(super) fn column(have: &HashSet<String>, name: &str) -> String {
    if have.contains(name) { format!("u.{name}") } else { format!("NULL AS {name}") }
}
