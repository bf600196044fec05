//! Detects whose database a file is, from its tables and its application id.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::error::StoreError;
use super::paths::{file_uri, is_own_tables};
use super::schema::{APPLICATION_ID, BACKUP_ID, OWN_TABLES_ID};

/// Advice where PhotoPrism's account tables are older than any that this daemon knows.
pub(super) const MIGRATE: &str = "start a newer PhotoPrism once, it migrates the file";

/// Advice where somebody configures the daemon's own tables, or a file with their name.
pub(super) const OWN_TABLES: &str = "it is for the daemon's own tables next to PhotoPrism's database; \
     give that, the index.db in the same directory";

/// Without these there are no accounts.
const ACCOUNT_TABLES: [&str; 3] = ["auth_users", "passwords", "auth_sessions"];

/// What kind of database a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// Missing, an empty file, or a database without tables.
    Nothing,
    /// The daemon's own, with this schema.
    Own(u32),
    /// PhotoPrism's, complete.
    PhotoPrism,
    /// PhotoPrism is still creating it.
    Unfinished,
    /// Another program's, or broken; the message says what was found.
    Foreign(String),
}

/// Reads a file without locking or changing it: what a running daemon has not yet written back is
/// not seen.
///
/// # Errors
/// Where the file cannot be read.
pub fn detect(path: &Path) -> Result<DatabaseKind, StoreError> {
    if is_own_tables(path) {
        return Ok(DatabaseKind::Foreign(OWN_TABLES.into()));
    }
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(DatabaseKind::Nothing);
        }
        Err(error) => return Err(StoreError::Other(error.to_string())),
        Ok(data) if data.len() == 0 => return Ok(DatabaseKind::Nothing),
        Ok(_) => {}
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // This takes no lock and creates no file.
    let conn = Connection::open_with_flags(file_uri(path, "immutable=1"), flags)?;
    detect_open(&conn)
}

/// The same over an open connection.
pub(super) fn detect_open(conn: &Connection) -> Result<DatabaseKind, StoreError> {
    let tables = match tables(conn) {
        Ok(tables) => tables,
        Err(error) if is_not_a_database(&error) => {
            return Ok(DatabaseKind::Foreign("it is not an SQLite database".into()));
        }
        Err(error) => return Err(error.into()),
    };
    let has = |name: &str| tables.iter().any(|table| table == name);
    let application: i64 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if tables.is_empty() {
        return Ok(DatabaseKind::Nothing);
    }
    if application == BACKUP_ID {
        return Ok(DatabaseKind::Foreign(
            "it is a backup of account tables, not a database".into(),
        ));
    }
    if application == OWN_TABLES_ID {
        return Ok(DatabaseKind::Foreign(OWN_TABLES.into()));
    }
    if application == APPLICATION_ID && has("admin_meta") {
        return own_schema(conn).map(DatabaseKind::Own);
    }
    if has("migrations") && has("versions") && has("photos") {
        return Ok(match ACCOUNT_TABLES.into_iter().find(|table| !has(table)) {
            None => DatabaseKind::PhotoPrism,
            Some(table) => DatabaseKind::Foreign(format!(
                "it is a PhotoPrism database without the account table {table}; {MIGRATE}"
            )),
        });
    }
    if has("migrations") || has("versions") {
        return Ok(DatabaseKind::Unfinished);
    }
    // `.dump` of sqlite3 writes no application id and no user version.
    if application == 0 && has("admin_meta") && ACCOUNT_TABLES.into_iter().all(has) {
        let schema = own_schema(conn)?;
        if schema > 0 {
            return Ok(DatabaseKind::Own(schema));
        }
    }
    Ok(DatabaseKind::Foreign(format!("it holds the tables of another program ({})", some(&tables))))
}

/// The larger of the two places that hold the schema version: a newer daemon may have written
/// either.
fn own_schema(conn: &Connection) -> Result<u32, StoreError> {
    let header: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let table: Option<u32> = conn.query_row(
        "SELECT max(CAST(value AS INTEGER)) FROM admin_meta WHERE key = 'schema_version'",
        [],
        |row| row.get(0),
    )?;
    Ok(header.max(table.unwrap_or(0)))
}

fn tables(conn: &Connection) -> Result<Vec<String>, rusqlite::Error> {
    conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?
        .query_map([], |row| row.get(0))?
        .collect()
}

pub(super) fn is_not_a_database(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::NotADatabase))
}

fn some(tables: &[String]) -> String {
    let mut names: Vec<&str> = tables.iter().take(4).map(String::as_str).collect();
    if tables.len() > names.len() {
        names.push("…");
    }
    names.join(", ")
}
