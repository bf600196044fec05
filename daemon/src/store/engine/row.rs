//! A row, read column by column. What PhotoPrism wrote is read leniently, what only the daemon
//! writes is read exactly.

use jiff::Timestamp;

use super::mariadb::MariaDbRow;
use super::ordered::Ordered;
use super::sqlite::SqliteRow;
use super::stored::{Kept, Stored};
use crate::store::error::StoreError;

/// A row of a result. Columns are numbered from 0.
pub(in crate::store) struct Row<'a> {
    cells: Cells<'a>,
    /// Where column 0 is.
    first: usize,
}

#[derive(Clone, Copy)]
enum Cells<'a> {
    Sqlite(SqliteRow<'a>),
    MariaDb(MariaDbRow<'a>),
}

impl Row<'_> {
    /// What follows behind so many columns, of a table that was joined.
    pub(in crate::store) const fn behind(&self, columns: usize) -> Self {
        Row { cells: self.cells, first: self.first + columns }
    }
}

impl<'a> From<SqliteRow<'a>> for Row<'a> {
    fn from(row: SqliteRow<'a>) -> Self {
        Self { cells: Cells::Sqlite(row), first: 0 }
    }
}

impl<'a> From<MariaDbRow<'a>> for Row<'a> {
    fn from(row: MariaDbRow<'a>) -> Self {
        Self { cells: Cells::MariaDb(row), first: 0 }
    }
}

/// # Errors
/// Those of each: there is no such column, or it contains what cannot be read as that.
impl Row<'_> {
    fn stored(&self, column: usize) -> Result<Stored<'_>, StoreError> {
        match &self.cells {
            Cells::Sqlite(row) => row.stored(self.first + column),
            Cells::MariaDb(row) => row.stored(self.first + column),
        }
    }

    /// A text of any storage class; NULL is `""`.
    pub(in crate::store) fn text(&self, column: usize) -> Result<String, StoreError> {
        Ok(self.stored(column)?.text())
    }

    /// A flag of any storage class; NULL is false.
    pub(in crate::store) fn flag(&self, column: usize) -> Result<bool, StoreError> {
        Ok(self.stored(column)?.flag())
    }

    /// A whole number of any storage class; anything else is 0.
    pub(in crate::store) fn integer(&self, column: usize) -> Result<i64, StoreError> {
        Ok(self.stored(column)?.integer())
    }

    /// A time in any form; `None` for one that never was, and for one that cannot be read.
    pub(in crate::store) fn time(&self, column: usize) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.stored(column)?.time())
    }

    /// Whether a text is stored there, and not what only reads as one.
    pub(in crate::store) fn is_text(&self, column: usize) -> Result<bool, StoreError> {
        Ok(matches!(self.stored(column)?, Stored::Text(_)))
    }

    /// What is stored, to be stored elsewhere as it is.
    pub(in crate::store) fn kept(&self, column: usize) -> Result<Kept, StoreError> {
        self.stored(column).map(Kept::from)
    }

    /// What is stored, to be compared with other rows as the engine compares them.
    pub(in crate::store) fn ordered(&self, column: usize) -> Result<Ordered, StoreError> {
        self.stored(column).map(Ordered::from)
    }

    /// A whole number that is stored as one.
    pub(in crate::store) fn exact_integer(&self, column: usize) -> Result<i64, StoreError> {
        match self.stored(column)? {
            Stored::Integer(number) => Ok(number),
            other => Err(unreadable(column, "an integer", other)),
        }
    }

    /// The same, or NULL.
    pub(in crate::store) fn optional_integer(
        &self,
        column: usize,
    ) -> Result<Option<i64>, StoreError> {
        match self.stored(column)? {
            Stored::Null => Ok(None),
            Stored::Integer(number) => Ok(Some(number)),
            other => Err(unreadable(column, "an integer", other)),
        }
    }

    /// A count, which is never negative.
    pub(in crate::store) fn count(&self, column: usize) -> Result<u64, StoreError> {
        Ok(u64::try_from(self.exact_integer(column)?).unwrap_or(0))
    }

    /// A number that is stored as one.
    #[expect(clippy::cast_precision_loss, reason = "as the engine itself converts it")]
    pub(in crate::store) fn real(&self, column: usize) -> Result<f64, StoreError> {
        match self.stored(column)? {
            Stored::Integer(number) => Ok(number as f64),
            Stored::Real(number) => Ok(number),
            other => Err(unreadable(column, "a number", other)),
        }
    }

    /// A text that is stored as one, in UTF-8.
    pub(in crate::store) fn exact_text(&self, column: usize) -> Result<String, StoreError> {
        let stored = self.stored(column)?;
        let Stored::Text(bytes) = stored else {
            return Err(unreadable(column, "a text", stored));
        };
        String::from_utf8(bytes.to_vec()).map_err(|_| unreadable(column, "UTF-8", stored))
    }

    /// Bytes that are stored as such.
    pub(in crate::store) fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        match self.stored(column)? {
            Stored::Bytes(bytes) => Ok(bytes.to_vec()),
            other => Err(unreadable(column, "bytes", other)),
        }
    }
}

/// It names no value: it is logged.
fn unreadable(column: usize, expected: &str, found: Stored<'_>) -> StoreError {
    let found = found.class();
    StoreError::Other(format!("column {column} contains {found} where {expected} is expected"))
}
