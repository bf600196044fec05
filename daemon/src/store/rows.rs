//! Rows of rusqlite, for what only SQLite has: read as the engine reads them.

use rusqlite::Row;

use super::engine::Stored;

/// A text of any storage class; NULL reads as `""`.
pub(super) fn text(row: &Row<'_>, column: usize) -> Result<String, rusqlite::Error> {
    Ok(Stored::from(row.get_ref(column)?).text())
}

/// A count that SQLite returns as a signed number and that is never negative.
pub(super) fn count(row: &Row<'_>, column: usize) -> Result<u64, rusqlite::Error> {
    let number: i64 = row.get(column)?;
    Ok(u64::try_from(number).unwrap_or(0))
}
