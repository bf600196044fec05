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

/// The rows of a table by their owner, as the sum of a digest of each: their order does not count.
pub(super) fn digests_of(
    conn: &Connection,
    table: &Table,
    columns: &[String],
    range: UidRange<'_>,
    digest: &RandomState,
) -> Result<HashMap<String, u64>, StoreError> {
    let mut statement = conn.prepare_cached(&selection(table, columns, range))?;
    let width = statement.column_count();
    let mut rows = statement.query(params![range.after, range.end])?;
    let mut found: HashMap<String, u64> = HashMap::new();
    while let Some(row) = rows.next()? {
        let mut hasher = digest.build_hasher();
        for at in 1..width {
            match row.get_ref(at)? {
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

/// The rows of a table whose owner is in that range, the owner first.
fn selection(table: &Table, columns: &[String], range: UidRange<'_>) -> String {
    let names = list(columns.iter().map(String::as_str));
    let Table { name, owner, .. } = table;
    let within = range.condition(owner);
    format!("SELECT {owner}, {names} FROM {name} WHERE {within}")
}

pub(super) type Rows = Vec<Vec<Stored>>;

/// The rows of a table by their owner.
pub(super) fn rows_of(
    conn: &Connection,
    table: &Table,
    columns: &[String],
    range: UidRange<'_>,
) -> Result<HashMap<String, Rows>, StoreError> {
    let mut statement = conn.prepare_cached(&selection(table, columns, range))?;
    let width = statement.column_count();
    let mut rows = statement.query(params![range.after, range.end])?;
    let mut found: HashMap<String, Rows> = HashMap::new();
    while let Some(row) = rows.next()? {
        let values = (1..width).map(|at| Ok(row.get_ref(at)?.into()));
        let values = values.collect::<Result<_, rusqlite::Error>>()?;
        found.entry(text(row, 0)?).or_default().push(values);
    }
    // The order of the database is that of its indexes and collations.
    for rows in found.values_mut() {
        rows.sort_unstable();
    }
    Ok(found)
}
