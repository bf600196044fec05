//! The way back: rows of a backup become rows of the server.

use jiff::tz::Offset;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::layout::{Form, ServerColumn, columns, list};
use crate::store::account_tables::{CLIENTS, PASSWORDS, SESSIONS, TABLES, Table};
use crate::store::backup::restored::Restored;
use crate::store::backup::tables::{Found, Layout, list as sqlite_list, quoted as sqlite_quoted};
use crate::store::db::Tx;
use crate::store::engine::{Ordered, Statement, Value};
use crate::store::error::StoreError;
use crate::store::rows::text;
use crate::store::times::parse_stored;

/// Values in one statement, and rows: a round trip for each row would take ten times as long.
const MOST_VALUES: usize = 2000;
const MOST_ROWS: usize = 100;

/// Pairs of names that are listed.
const MOST_PAIRS: usize = 20;

/// A backup to bring back.
pub(in crate::store::backup) struct Source<'a> {
    /// The open file.
    pub(in crate::store::backup) file: &'a Connection,
    pub(in crate::store::backup) layout: &'a Layout,
    pub(in crate::store::backup) with_sessions: bool,
    /// Clients of users come with it.
    pub(in crate::store::backup) clients: bool,
}

/// Adds the rows of a backup to tables from which those of accounts were removed.
///
/// # Errors
/// The store's; [`StoreError::Constraint`] where the server does not take a row, or takes two names
/// for one.
pub(in crate::store::backup) fn fill(
    tx: &Tx<'_>,
    source: &Source<'_>,
) -> Result<Restored, StoreError> {
    let mut restored = Restored::default();
    let left = if source.clients { clients_of_nobody(tx, source.file)? } else { Vec::new() };
    for table in &TABLES {
        let Found { columns: there, number } = source.layout.of(table);
        let here = columns(tx, table)?;
        let mut shared = Vec::new();
        for column in there {
            let same = |one: &&ServerColumn| one.name.eq_ignore_ascii_case(&column.name);
            match here.iter().find(same) {
                Some(to) => shared.push((column.name.as_str(), to)),
                None => restored.lost.push(format!("{}.{}", table.name, column.name)),
            }
        }
        let wanted =
            (source.with_sessions || *table != SESSIONS) && (source.clients || *table != CLIENTS);
        if wanted && !shared.is_empty() {
            let way = Way { table, columns: &shared, number: *number, left: &left };
            let skipped = copy(tx, source, &way).map_err(|error| refused(table, error))?;
            restored.warnings.extend(belong_to_nobody(table, skipped));
        }
    }
    restored.left = left;
    refuse_same(tx)?;
    Ok(restored)
}

/// From a table of the backup to the same of the server.
struct Way<'a> {
    table: &'a Table,
    /// The name in the backup, and the column of the server.
    columns: &'a [(&'a str, &'a ServerColumn)],
    /// What the number of a row of the backup is called.
    number: Option<&'static str>,
    /// Clients that are left as they are, with their passwords.
    left: &'a [String],
}

/// What the server says of a value is about the row, and not a fault of the daemon.
fn refused(table: &Table, error: StoreError) -> StoreError {
    match error {
        StoreError::Other(why) | StoreError::Constraint(why) => {
            StoreError::Constraint(format!("{} does not take a row: {why}", table.name))
        }
        StoreError::NotInCharset { column } => StoreError::Constraint(format!(
            "the column {}.{column} cannot hold a character of the backup; convert the table to \
             utf8mb4",
            table.name
        )),
        other => other,
    }
}

/// Clients of the backup that are still there once those of users are gone: somebody took them
/// from their user since, and no backup would hold what they are now.
fn clients_of_nobody(tx: &Tx<'_>, file: &Connection) -> Result<Vec<String>, StoreError> {
    let statement = "SELECT DISTINCT client_uid FROM auth_clients WHERE user_uid <> ''";
    let mut statement = file.prepare(statement)?;
    let uids = statement.query_map([], |row| text(row, 0))?;
    let there = Statement::same("SELECT 1 FROM auth_clients WHERE client_uid = ?1");
    let mut found = Vec::new();
    for uid in uids {
        let uid = uid?;
        if tx.one(there, &[(&uid).into()], |_| Ok(()))?.is_some() {
            found.push(uid);
        }
    }
    found.sort();
    Ok(found)
}

fn belong_to_nobody(table: &Table, rows: u64) -> Option<String> {
    (rows > 0)
        .then(|| format!("rows of {} that belong to nobody were left out: {rows}", table.name))
}

/// Returns how many rows it left out: SQLite takes keys that are NULL.
fn copy(tx: &Tx<'_>, source: &Source<'_>, way: &Way<'_>) -> Result<u64, StoreError> {
    let Way { table, columns, number, left } = way;
    let names = columns.iter().map(|(name, _)| *name);
    let key = if **table == CLIENTS { "client_uid" } else { table.owner };
    let skips = **table == CLIENTS || **table == PASSWORDS;
    let order = number.map_or(String::new(), |number| format!(" ORDER BY {number}"));
    let statement = format!(
        "SELECT {}, {} FROM {} WHERE {}{order}",
        sqlite_quoted(key),
        sqlite_list(names),
        table.name,
        table.which("main", source.clients)
    );
    let mut statement = source.file.prepare(&statement)?;
    let mut rows = statement.query([])?;
    let mut batch = Batch::new(table, columns);
    let mut nobodys = 0;
    while let Some(row) = rows.next()? {
        if row.get_ref(0)? == ValueRef::Null {
            nobodys += 1;
            continue;
        }
        let owner = text(row, 0)?;
        if skips && left.contains(&owner) {
            continue;
        }
        if **table == PASSWORDS && !owner.starts_with('u') {
            // That of another client may still be there although the client is not.
            let delete = Statement::same("DELETE FROM passwords WHERE uid = ?1");
            tx.change(delete, &[(&owner).into()])?;
        }
        for (at, (_, column)) in columns.iter().enumerate() {
            batch.values.push(on_server(row.get_ref(at + 1)?, column.form));
        }
        if batch.is_full() {
            batch.write(tx)?;
        }
    }
    batch.write(tx)?;
    Ok(nobodys)
}

/// Rows that are added with one statement.
struct Batch {
    head: String,
    width: usize,
    values: Vec<Ordered>,
}

impl Batch {
    fn new(table: &Table, columns: &[(&str, &ServerColumn)]) -> Self {
        let names = list(columns.iter().map(|(_, column)| column.name.as_str()));
        let head = format!("INSERT INTO {} ({names}) VALUES ", table.name);
        Self { head, width: columns.len(), values: Vec::new() }
    }

    fn is_full(&self) -> bool {
        let rows = (MOST_VALUES / self.width).clamp(1, MOST_ROWS);
        self.values.len() >= rows * self.width
    }

    fn write(&mut self, tx: &Tx<'_>) -> Result<(), StoreError> {
        if self.values.is_empty() {
            return Ok(());
        }
        let row = |first: usize| {
            let places = (first + 1..=first + self.width).map(|place| format!("?{place}"));
            format!("({})", places.collect::<Vec<_>>().join(", "))
        };
        let rows = (0..self.values.len()).step_by(self.width).map(row);
        let statement = self.head.clone() + &rows.collect::<Vec<_>>().join(", ");
        let values: Vec<Value<'_>> = self.values.iter().map(Value::from).collect();
        tx.change(Statement::same(&statement), &values)?;
        self.values.clear();
        Ok(())
    }
}

/// A value of a backup as the server keeps it.
fn on_server(value: ValueRef<'_>, form: Form) -> Ordered {
    match (value, form) {
        (ValueRef::Null, _) => Ordered::Null,
        (ValueRef::Text(bytes) | ValueRef::Blob(bytes), Form::Time { fraction }) => {
            time(&String::from_utf8_lossy(bytes), fraction)
        }
        (ValueRef::Integer(number), _) => Ordered::Integer(number),
        (ValueRef::Real(number), _) => Ordered::Real(number),
        (ValueRef::Text(bytes), _) => Ordered::Text(bytes.into()),
        (ValueRef::Blob(bytes), _) => Ordered::Bytes(bytes.into()),
    }
}

/// A time that never was, in any form, is NULL.
fn time(text: &str, fraction: bool) -> Ordered {
    let form = if fraction { "%Y-%m-%d %H:%M:%S%.6f" } else { "%Y-%m-%d %H:%M:%S" };
    let text = parse_stored(text).map(|at| Offset::UTC.to_datetime(at).strftime(form).to_string());
    text.map_or(Ordered::Null, |text| Ordered::from(text.as_str()))
}

/// Refuses names and emails that differ, and that the collation of their column takes for one:
/// PhotoPrism would find the one account for the other.
fn refuse_same(tx: &Tx<'_>) -> Result<(), StoreError> {
    let mut pairs = Vec::new();
    for column in ["user_name", "user_email"] {
        let same = format!(
            "SELECT a.{column}, b.{column} FROM auth_users a
               JOIN auth_users b ON b.{column} = a.{column} AND b.id > a.id
             WHERE a.{column} <> '' AND BINARY a.{column} <> BINARY b.{column}
             ORDER BY a.id, b.id LIMIT {MOST_PAIRS}"
        );
        pairs.extend(tx.all(Statement::same(&same), &[], |row| {
            Ok(format!("{} and {}", row.text(0)?, row.text(1)?))
        })?);
    }
    if pairs.is_empty() {
        return Ok(());
    }
    Err(StoreError::Constraint(format!(
        "the server takes these for the same: {}; rename one of each before the backup is made, or \
         give the columns another collation",
        pairs.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_lose_their_offset_and_their_fraction_where_the_column_has_none() {
        for (stored, whole, exact) in [
            (
                "2026-11-23 14:16:17.868936274+00:00",
                "2026-11-23 14:16:17",
                "2026-11-23 14:16:17.868936",
            ),
            ("2026-11-23T14:16:17Z", "2026-11-23 14:16:17", "2026-11-23 14:16:17.000000"),
            ("2026-11-23 14:16:17+02:00", "2026-11-23 12:16:17", "2026-11-23 12:16:17.000000"),
        ] {
            assert_eq!(time(stored, false), whole.into(), "{stored}");
            assert_eq!(time(stored, true), exact.into(), "{stored}");
        }
        for never in ["", "0001-01-01 00:00:00+00:00", "0000-00-00 00:00:00"] {
            assert_eq!(time(never, false), Ordered::Null, "{never}");
        }
    }

    #[test]
    fn a_batch_has_its_bound() {
        let batch = |width, values| {
            Batch { head: String::new(), width, values: vec![Ordered::Null; values] }.is_full()
        };
        assert!(!batch(4, 4 * 99) && batch(4, 4 * 100));
        assert!(!batch(40, 40 * 49) && batch(40, 40 * 50));
        assert!(batch(3000, 3000));
    }
}
