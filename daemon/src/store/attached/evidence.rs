//! Rows of PhotoPrism's tables before and after a group changed them. The next start compares them
//! to find out whether the group was committed there.

use std::collections::BTreeMap;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, ToSql};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::store::error::StoreError;
use crate::store::tracked::{KEYS, Touched};

/// The value of the column in [`KEYS`]; PhotoPrism's columns hold digits as numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Key {
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl ToSql for Key {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, rusqlite::Error> {
        match self {
            Self::Integer(number) => number.to_sql(),
            Self::Text(text) => text.to_sql(),
            Self::Blob(bytes) => bytes.to_sql(),
        }
    }
}

/// What happened to a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Change {
    /// It did not exist before.
    Made,
    /// It does not exist any more.
    Gone,
    /// Digests of the changed columns, before (where known) and after.
    Altered(Vec<(String, Option<u64>, u64)>),
}

/// One row that a group changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Evidence {
    table: String,
    column: String,
    key: Key,
    change: Change,
}

/// What the rows say about a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// At least one of them is as the group left it, and was not before.
    Done,
    /// Rows that the group removed are not there; somebody else may have removed them.
    Gone,
    /// They are as they were before the group.
    Undone,
    /// All of them have been changed by others since.
    Unclear,
}

/// A row by its columns, each value as a digest: what is stored must not contain a secret.
type Digests = BTreeMap<String, u64>;

/// What is known of a row from before the group.
enum Before {
    Absent,
    There(Key, Digests),
    Unknown,
}

/// What the group did to a row, read inside its transaction. `before` is another connection, which
/// sees only what is committed. `None` where the row is unchanged.
pub(super) fn collect(
    conn: &Connection,
    before: Option<&Connection>,
    touched: &Touched,
) -> Result<Option<Evidence>, StoreError> {
    let (table, column) = KEYS[touched.table];
    let now = by_number(conn, touched)?;
    let before = match before.map(|conn| earlier(conn, touched, now.as_ref())) {
        Some(Ok(Some((key, digests)))) => Before::There(key, digests),
        Some(Ok(None)) => Before::Absent,
        // It is locked where SQLite had to write pages before the commit.
        Some(Err(_)) | None => Before::Unknown,
    };
    let (key, change) = match (before, now) {
        (Before::Absent, Some((key, _))) => (key, Change::Made),
        (Before::There(key, _), None) => (key, Change::Gone),
        (Before::There(_, was), Some((key, is))) => {
            let changed = is.into_iter().filter(|(name, digest)| was.get(name) != Some(digest));
            let columns: Vec<_> = changed
                .map(|(name, digest)| {
                    let was = was.get(&name).copied();
                    (name, was, digest)
                })
                .collect();
            if columns.is_empty() {
                return Ok(None);
            }
            (key, Change::Altered(columns))
        }
        (Before::Unknown, Some((key, is))) => {
            let columns = is.into_iter().map(|(name, digest)| (name, None, digest)).collect();
            (key, Change::Altered(columns))
        }
        (Before::Absent | Before::Unknown, None) => return Ok(None),
    };
    Ok(Some(Evidence { table: table.into(), column: column.into(), key, change }))
}

/// The row as it was before the group: by its key where that exists now, since a restore gives a
/// row another number; by its number where the key is gone.
fn earlier(
    conn: &Connection,
    touched: &Touched,
    now: Option<&(Key, Digests)>,
) -> Result<Option<(Key, Digests)>, rusqlite::Error> {
    let Some((key, _)) = now else { return by_number(conn, touched) };
    let (table, column) = KEYS[touched.table];
    let statement = format!("SELECT * FROM main.{table} WHERE {column} = ?1 LIMIT 1");
    let found = conn.prepare_cached(&statement)?.query_row([key], digests).optional()?;
    Ok(found.map(|found| (key.clone(), found)))
}

/// Combines all rows: the group was committed as a whole or not at all. A value that the group
/// wrote outweighs one from before it, which somebody may have put back; not so where the change
/// counter is still the one from before the group.
pub(super) fn judge(
    conn: &Connection,
    evidence: &[Evidence],
    unchanged: bool,
) -> Result<Outcome, StoreError> {
    let mut verdicts = Vec::new();
    for row in evidence {
        verdicts.push(row.judge(conn)?);
    }
    let mut order = [Outcome::Done, Outcome::Undone, Outcome::Gone];
    if unchanged {
        order.swap(0, 1);
    }
    let found = order.into_iter().find(|verdict| verdicts.contains(verdict));
    Ok(found.unwrap_or(Outcome::Unclear))
}

impl Evidence {
    fn judge(&self, conn: &Connection) -> Result<Outcome, StoreError> {
        let Self { table, column, key, change } = self;
        let statement = format!("SELECT * FROM main.{table} WHERE {column} = ?1 LIMIT 1");
        let mut statement = match conn.prepare_cached(&statement) {
            Ok(statement) => statement,
            // Another version of PhotoPrism has no such table, or no such column.
            Err(rusqlite::Error::SqliteFailure(error, _))
                if error.code == rusqlite::ErrorCode::Unknown =>
            {
                return Ok(Outcome::Unclear);
            }
            Err(error) => return Err(error.into()),
        };
        let now = statement.query_row([key], digests).optional()?;
        Ok(match (change, now) {
            (Change::Made, Some(_)) => Outcome::Done,
            (Change::Made, None) | (Change::Gone, Some(_)) => Outcome::Undone,
            (Change::Gone, None) => Outcome::Gone,
            (Change::Altered(_), None) => Outcome::Unclear,
            (Change::Altered(columns), Some(now)) => altered(columns, &now),
        })
    }
}

fn altered(columns: &[(String, Option<u64>, u64)], now: &Digests) -> Outcome {
    let holds = |(name, _, is): &(String, Option<u64>, u64)| now.get(name) == Some(is);
    let (known, unknown): (Vec<_>, Vec<_>) =
        columns.iter().cloned().partition(|(_, was, _)| was.is_some());
    if known.iter().any(holds) || (known.is_empty() && unknown.iter().all(holds)) {
        Outcome::Done
    } else if known.iter().any(|(name, was, _)| now.get(name).copied() == *was) {
        Outcome::Undone
    } else {
        Outcome::Unclear
    }
}

/// The row of that number with its key.
fn by_number(
    conn: &Connection,
    touched: &Touched,
) -> Result<Option<(Key, Digests)>, rusqlite::Error> {
    let (table, column) = KEYS[touched.table];
    let statement = format!("SELECT * FROM main.{table} WHERE rowid = ?1");
    let read = |row: &Row<'_>| {
        let key = match row.get_ref(column)? {
            ValueRef::Integer(number) => Key::Integer(number),
            ValueRef::Text(bytes) => Key::Text(String::from_utf8_lossy(bytes).into()),
            ValueRef::Blob(bytes) => Key::Blob(bytes.into()),
            ValueRef::Null | ValueRef::Real(_) => Key::Text(String::new()),
        };
        Ok((key, digests(row)?))
    };
    conn.prepare_cached(&statement)?.query_row([touched.row], read).optional()
}

fn digests(row: &Row<'_>) -> Result<Digests, rusqlite::Error> {
    let names = row.as_ref().column_names();
    let digest = |name: &str| Ok((name.to_owned(), self::digest(row.get_ref(name)?)));
    names.into_iter().map(digest).collect()
}

/// The first eight bytes of a SHA-256 over class and value.
fn digest(value: ValueRef<'_>) -> u64 {
    let mut hash = Sha256::new();
    match value {
        ValueRef::Null => hash.update([0]),
        ValueRef::Integer(number) => {
            hash.update([1]);
            hash.update(number.to_be_bytes());
        }
        ValueRef::Real(number) => {
            hash.update([2]);
            hash.update(number.to_bits().to_be_bytes());
        }
        ValueRef::Text(bytes) => {
            hash.update([3]);
            hash.update(bytes);
        }
        ValueRef::Blob(bytes) => {
            hash.update([4]);
            hash.update(bytes);
        }
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    u64::from_be_bytes(first)
}
