//! Values as PhotoPrism's driver leaves them: any storage class, NULL, fractions, zero times.

use rusqlite::Row;
use rusqlite::types::ValueRef;

/// A text of any storage class; NULL reads as `""`. `VARBINARY` columns hold `7` for `007`.
pub(super) fn text(row: &Row<'_>, column: usize) -> Result<String, rusqlite::Error> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into(),
    })
}

/// A flag: any number but zero, or a word that PhotoPrism's driver would take for true.
pub(super) fn flag(row: &Row<'_>, column: usize) -> Result<bool, rusqlite::Error> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => false,
        ValueRef::Integer(number) => number != 0,
        ValueRef::Real(number) => number != 0.0,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => matches!(bytes, b"1" | b"true" | b"TRUE"),
    })
}

/// A count that SQLite gives as a signed number and that is never negative.
pub(super) fn count(row: &Row<'_>, column: usize) -> Result<u64, rusqlite::Error> {
    let number: i64 = row.get(column)?;
    Ok(u64::try_from(number).unwrap_or(0))
}
