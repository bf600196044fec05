//! Rows of accounts by their owner, in pieces by UID.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};

use super::tables::list;
use super::values::Stored;
use crate::store::account_tables::Table;
use crate::store::error::StoreError;
use crate::store::rows::text;
use crate::store::times::parse_stored;

/// UIDs behind `after` up to `end`, or all behind it.
#[derive(Clone, Copy)]
pub(super) struct UidRange<'a> {
    pub(super) after: &'a str,
    pub(super) end: Option<&'a str>,
}

impl UidRange<'_> {
    /// The condition for texts in it, byte by byte whatever the column declares: an index is walked
    /// along it only where it has no alternatives. `?1` and `?2` are its ends.
    pub(super) fn condition(self, column: &str) -> String {
        let column = format!("{column} COLLATE BINARY");
        // Bytes are greater than any text.
        let upper = if self.end.is_some() { "<= ?2" } else { "< x'' AND ?2 IS NULL" };
        format!("{column} > ?1 AND {column} {upper}")
    }
}

/// What of a table is compared.
pub(super) struct Compared<'a> {
    pub(super) table: &'a Table,
    pub(super) columns: &'a [String],
    /// Rows of a server with those of a file: it has no fractions of a second and no text apart from
    /// bytes.
    pub(super) between_engines: bool,
}

impl Compared<'_> {
    /// A value of a column, the owner being the first.
    fn stored(&self, at: usize, value: ValueRef<'_>) -> Stored {
        let stored = Stored::from(value);
        if !self.between_engines {
            return stored;
        }
        match stored {
            Stored::Text(bytes) | Stored::Blob(bytes) if self.columns[at - 1].ends_with(TIME) => {
                let at = parse_stored(&String::from_utf8_lossy(&bytes));
                at.map_or(Stored::Null, |at| Stored::Integer(at.as_second()))
            }
            Stored::Blob(bytes) => Stored::Text(bytes),
            other => other,
        }
    }
}

/// How PhotoPrism's columns are called that keep a time.
const TIME: &str = "_at";

/// The rows of a table by their owner, as the sum of a digest of each: their order does not count.
pub(super) fn digests_of(
    conn: &Connection,
    compared: &Compared<'_>,
    range: UidRange<'_>,
    digest: &RandomState,
) -> Result<HashMap<String, u64>, StoreError> {
    let mut statement = conn.prepare_cached(&compared.selection(range))?;
    let width = statement.column_count();
    let mut rows = statement.query(params![range.after, range.end])?;
    let mut found: HashMap<String, u64> = HashMap::new();
    while let Some(row) = rows.next()? {
        let mut hasher = digest.build_hasher();
        for at in 1..width {
            match row.get_ref(at)? {
                value if compared.between_engines => {
                    compared.stored(at, value).hash(&mut hasher);
                }
                ValueRef::Null => 0.hash(&mut hasher),
                ValueRef::Integer(number) => (1, number).hash(&mut hasher),
                ValueRef::Real(number) => (2, number.to_bits()).hash(&mut hasher),
                ValueRef::Text(bytes) => (3, bytes).hash(&mut hasher),
                ValueRef::Blob(bytes) => (4, bytes).hash(&mut hasher),
            }
        }
        let sum = found.entry(text(row, 0)?).or_default();
        *sum = sum.wrapping_add(hasher.finish());
    }
    Ok(found)
}

impl Compared<'_> {
    /// The rows whose owner is in that range, the owner first.
    fn selection(&self, range: UidRange<'_>) -> String {
        let names = list(self.columns.iter().map(String::as_str));
        let Table { name, owner } = self.table;
        let within = range.condition(owner);
        format!("SELECT {owner}, {names} FROM {name} WHERE {within}")
    }
}

pub(super) type Rows = Vec<Vec<Stored>>;

/// The rows of a table by their owner.
pub(super) fn rows_of(
    conn: &Connection,
    compared: &Compared<'_>,
    range: UidRange<'_>,
) -> Result<HashMap<String, Rows>, StoreError> {
    let mut statement = conn.prepare_cached(&compared.selection(range))?;
    let width = statement.column_count();
    let mut rows = statement.query(params![range.after, range.end])?;
    let mut found: HashMap<String, Rows> = HashMap::new();
    while let Some(row) = rows.next()? {
        let values = (1..width).map(|at| Ok(compared.stored(at, row.get_ref(at)?)));
        let values = values.collect::<Result<_, rusqlite::Error>>()?;
        found.entry(text(row, 0)?).or_default().push(values);
    }
    // The order of the database is that of its indexes and collations.
    for rows in found.values_mut() {
        rows.sort_unstable();
    }
    Ok(found)
}
