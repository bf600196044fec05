//! Values as PhotoPrism's driver writes them: any storage class, NULL, fractions, zero times.

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::times::parse_stored;

/// A text of any storage class; NULL reads as `""`. `VARBINARY` columns contain `7` for `007`.
pub(super) fn text(row: &Row<'_>, column: usize) -> Result<String, rusqlite::Error> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into(),
    })
}

/// A flag: any number but zero, or a text that PhotoPrism's driver takes for true.
pub(super) fn flag(row: &Row<'_>, column: usize) -> Result<bool, rusqlite::Error> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => false,
        ValueRef::Integer(number) => number != 0,
        ValueRef::Real(number) => number != 0.0,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => matches!(bytes, b"1" | b"true" | b"TRUE"),
    })
}

/// A whole number of any storage class; anything else reads as 0.
pub(super) fn integer(row: &Row<'_>, column: usize) -> Result<i64, rusqlite::Error> {
    Ok(match row.get_ref(column)? {
        ValueRef::Integer(number) => number,
        ValueRef::Null | ValueRef::Real(_) => 0,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).parse().unwrap_or(0)
        }
    })
}

/// A time in any form that a driver wrote; `None` for one that never was, and for one that cannot
/// be read.
pub(super) fn time(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>, rusqlite::Error> {
    Ok(parse_stored(&text(row, column)?))
}

/// A count that SQLite returns as a signed number and that is never negative.
pub(super) fn count(row: &Row<'_>, column: usize) -> Result<u64, rusqlite::Error> {
    let number: i64 = row.get(column)?;
    Ok(u64::try_from(number).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// The text that a column with this SQL value reads as.
    fn read<T>(value: &str, how: fn(&Row<'_>, usize) -> Result<T, rusqlite::Error>) -> T {
        let conn = Connection::open_in_memory().unwrap();
        conn.query_row(&format!("SELECT {value}"), [], |row| how(row, 0)).unwrap()
    }

    #[test]
    fn a_text_is_read_from_every_storage_class() {
        for (value, expected) in [
            ("NULL", ""),
            ("''", ""),
            ("'bob'", "bob"),
            ("'Zoë'", "Zoë"),
            ("7", "7"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("1.5", "1.5"),
            ("x'626f62'", "bob"),
            ("x'ff'", "\u{FFFD}"),
            ("x''", ""),
        ] {
            assert_eq!(read(value, text), expected, "{value}");
        }
    }

    #[test]
    fn a_flag_is_read_from_every_storage_class() {
        for value in ["1", "-1", "2", "0.5", "'1'", "'true'", "'TRUE'", "x'31'"] {
            assert!(read(value, flag), "{value}");
        }
        for value in ["NULL", "0", "0.0", "''", "'0'", "'false'", "'no'", "x''"] {
            assert!(!read(value, flag), "{value}");
        }
    }

    #[test]
    fn a_count_is_never_negative() {
        assert_eq!(read("7", count), 7);
        assert_eq!(read("-7", count), 0);
        let conn = Connection::open_in_memory().unwrap();
        let wrong = conn.query_row("SELECT 'many'", [], |row| count(row, 0));
        assert!(wrong.is_err());
    }
}
