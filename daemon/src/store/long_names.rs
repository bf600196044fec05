//! Accounts whose names are longer than a login form takes.

use super::db::Db;
use super::engine::Statement;
use super::error::StoreError;

const LONGER: Statement<'_> = Statement::same(
    "SELECT user_name FROM auth_users
     WHERE octet_length(user_name) > ?1 AND id > 0 AND deleted_at IS NULL ORDER BY id LIMIT ?2",
);

/// The names of at most `limit` accounts that are not deleted and have a name of more than `bytes`.
///
/// # Errors
/// The database cannot be read.
pub fn long_names(db: &Db, bytes: usize, limit: usize) -> Result<Vec<String>, StoreError> {
    let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
    db.all(LONGER, &[number(bytes).into(), number(limit).into()], |row| row.text(0))
}
