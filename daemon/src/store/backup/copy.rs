//! The file that rows are copied to.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, Params, params, params_from_iter};

use super::changes::RowAt;
use super::read::{BackupCounts, count_rows};
use super::tables::{Column, TABLES, Table, insertion, list};
use crate::store::db::{Db, Kind};
use crate::store::error::StoreError;
use crate::store::schema::{BACKUP_ID, SCHEMA_VERSION};

/// A copy of the account tables in a transaction that is not committed yet.
#[derive(Debug)]
pub(super) struct Copy {
    conn: Connection,
    /// What makes the indexes, once all rows are there.
    indexes: Vec<String>,
}

impl Copy {
    /// Makes the file with its empty tables.
    pub(super) fn create(db: &Db, path: &Path) -> Result<Self, StoreError> {
        let copy = Connection::open(path)?;
        // It is thrown away where anything fails, and synced as a whole before it gets its name.
        copy.pragma_update(None, "journal_mode", "off")?;
        copy.pragma_update(None, "synchronous", "off")?;
        // A row that changes while it is copied leaves nothing in free pages.
        copy.pragma_update(None, "secure_delete", "1")?;
        copy.pragma_update(None, "application_id", BACKUP_ID)?;
        copy.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        copy.execute_batch("BEGIN")?;
        let mut indexes = Vec::new();
        for table in &TABLES {
            make(db, &copy, table)?;
            indexes.extend(makings(db, table, "index")?);
        }
        Ok(Self { conn: copy, indexes })
    }

    /// Copies every row.
    pub(super) fn take_all(&self, db: &Db) -> Result<(), StoreError> {
        for table in &TABLES {
            self.take(db, table, (i64::MIN, i64::MAX))?;
        }
        Ok(())
    }

    /// Copies at most so many rows of a table behind a row, and gives the last of them; `None`
    /// where there are no more.
    pub(super) fn take(
        &self,
        db: &Db,
        table: &Table,
        (after, most): (i64, i64),
    ) -> Result<Option<i64>, StoreError> {
        let rows = (params![after, most], "rowid > ?1", "ORDER BY rowid LIMIT ?2");
        let (taken, last) = self.insert(db, table, rows)?;
        Ok(last.filter(|_| taken == most))
    }

    /// Takes these rows as they stand now, or are gone.
    pub(super) fn take_again(&self, db: &Db, rows: &BTreeSet<RowAt>) -> Result<(), StoreError> {
        // All go first: a key may have moved from one to another.
        for (at, row) in rows {
            let sentence = format!("DELETE FROM {} WHERE rowid = ?1", TABLES[*at].name);
            self.conn.prepare_cached(&sentence)?.execute([row])?;
        }
        for (at, row) in rows {
            self.insert(db, &TABLES[*at], (params![row], "rowid = ?1", ""))?;
        }
        Ok(())
    }

    fn insert(
        &self,
        db: &Db,
        table: &Table,
        (params, rows, order): (impl Params, &str, &str),
    ) -> Result<(i64, Option<i64>), StoreError> {
        let columns = table.columns(&db.conn)?;
        if columns.is_empty() {
            return Ok((0, None));
        }
        let (reading, writing) = sentences(table, &columns, (rows, order));
        let mut source = db.conn.prepare_cached(&reading)?;
        let width = source.column_count();
        // What stands there by an earlier state of the source is stale.
        let mut target = self.conn.prepare_cached(&writing)?;
        let mut rows = source.query(params)?;
        let (mut taken, mut last) = (0, None);
        while let Some(row) = rows.next()? {
            let values: Vec<Value> = (1..width).map(|i| row.get(i)).collect::<Result<_, _>>()?;
            target.execute(params_from_iter(values))?;
            taken += 1;
            last = Some(row.get(0)?);
        }
        Ok((taken, last))
    }

    /// Whether each table holds as many rows as the source.
    pub(super) fn is_complete(&self, db: &Db) -> Result<bool, StoreError> {
        for table in &TABLES {
            if count_rows(&self.conn, table)? != count_rows(&db.conn, table)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Empties it again.
    pub(super) fn clear(&self) -> Result<(), StoreError> {
        for table in &TABLES {
            if !table.columns(&self.conn)?.is_empty() {
                self.conn.execute(&format!("DELETE FROM {}", table.name), [])?;
            }
        }
        Ok(())
    }

    /// Writes everything to the file, checks it and lets it go.
    pub(super) fn finish(self) -> Result<BackupCounts, StoreError> {
        for sentence in &self.indexes {
            self.conn.execute_batch(sentence)?;
        }
        self.conn.execute_batch("COMMIT")?;
        check(&self.conn)?;
        let counts = BackupCounts::of(&self.conn)?;
        self.conn.close().map_err(|(_, error)| error)?;
        Ok(counts)
    }
}

/// The same table. PhotoPrism's versions lack one or the other.
fn make(db: &Db, copy: &Connection, table: &Table) -> Result<(), StoreError> {
    let sentences = makings(db, table, "table")?;
    if sentences.is_empty() && *db.kind() == Kind::Own {
        return Err(StoreError::Other(format!("the table {} is missing", table.name)));
    }
    for sentence in &sentences {
        copy.execute_batch(sentence)?;
    }
    Ok(())
}

/// What made a table, or its indexes, in the source.
fn makings(db: &Db, table: &Table, what: &str) -> Result<Vec<String>, StoreError> {
    let mut sentence = db.conn.prepare_cached(
        "SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 AND type = ?2 AND sql IS NOT NULL",
    )?;
    let sentences = sentence.query_map([table.name, what], |row| row.get(0))?;
    Ok(sentences.collect::<Result<_, _>>()?)
}

/// What reads the rows with their numbers first, and what writes them.
fn sentences(table: &Table, columns: &[Column], (rows, order): (&str, &str)) -> (String, String) {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let Table { name, which, .. } = table;
    if columns.iter().any(|column| column.is_rowid) {
        let all = list(names.iter().copied());
        let reading = format!("SELECT rowid, {all} FROM {name} WHERE {which} AND {rows} {order}");
        return (reading, insertion("INSERT OR REPLACE", name, &names));
    }
    let all = list(names.iter().copied());
    let reading =
        format!("SELECT rowid, rowid, {all} FROM {name} WHERE {which} AND {rows} {order}");
    let names: Vec<&str> = std::iter::once("rowid").chain(names).collect();
    (reading, insertion("INSERT OR REPLACE", name, &names))
}

fn check(copy: &Connection) -> Result<(), StoreError> {
    let verdict: String = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(StoreError::Other(format!("the backup is damaged: {verdict}")))
}
