//! What a start would find about the first admin, read without opening the database for work.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::error::StoreError;
use super::paths::file_uri;
use crate::model::FIRST_ADMIN_ID;

/// The first admin of the daemon's own database.
#[derive(Debug, PartialEq, Eq)]
pub struct FirstAdmin {
    /// Its name.
    pub name: String,
    /// It has had a password: a configured one is not used any more.
    pub had_password: bool,
}

/// Reads the daemon's own database without locking or changing it, as [`super::detect`] does.
///
/// # Errors
/// Where the file cannot be read.
pub fn first_admin(path: &Path) -> Result<Option<FirstAdmin>, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(file_uri(path, "immutable=1"), flags)?;
    let statement = "SELECT user_name,
            (SELECT value FROM admin_meta WHERE key = 'first_password') IS 1
        FROM auth_users WHERE id = ?1";
    let found = conn.query_row(statement, [FIRST_ADMIN_ID], |row| {
        Ok(FirstAdmin { name: row.get(0)?, had_password: row.get(1)? })
    });
    Ok(found.optional()?)
}
