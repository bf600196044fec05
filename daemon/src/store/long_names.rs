//! Accounts whose names are longer than a login form takes.

use super::db::Db;
use super::error::StoreError;
use super::rows::text;

/// The names of at most `limit` accounts that are not deleted and have a name of more than `bytes`.
///
/// # Errors
/// The database cannot be read.
pub fn long_names(db: &Db, bytes: usize, limit: usize) -> Result<Vec<String>, StoreError> {
    let statement = "SELECT user_name FROM auth_users
        WHERE length(CAST(user_name AS BLOB)) > ?1 AND id > 0 AND deleted_at IS NULL
        ORDER BY id LIMIT ?2";
    let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
    let mut statement = db.conn.prepare_cached(statement)?;
    let rows = statement.query_map([number(bytes), number(limit)], |row| text(row, 0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
