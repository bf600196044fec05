//! The file that rows are copied to.

use std::collections::BTreeSet;

use rusqlite::{Connection, Params, params};

use super::read::count_rows;
use super::tables::{Found, has_clients, insertion, list, quoted};
use super::unfinished::Unfinished;
use super::values::bind;
use crate::store::account_tables::{CLIENTS, SESSIONS, TABLES, Table};
use crate::store::change_tracker::RowAt;
use crate::store::db::Db;
use crate::store::error::StoreError;
use crate::store::kind::Kind;
use crate::store::schema::{BACKUP_ID, SCHEMA_VERSION};
use crate::store::sessions::hidden_sessions;
use crate::store::visible::HIDING;

/// A copy of the account tables in a transaction that is not committed yet.
#[derive(Debug)]
pub(super) struct Copy {
    conn: Connection,
    /// What copies each table; `None` where the source lacks it.
    tables: [Option<Statements>; TABLES.len()],
}

/// What reads the rows of a table, each with its number first, and what writes them.
#[derive(Debug)]
struct Statements {
    reading: String,
    writing: String,
    /// What the number of a row is called, where rows have one.
    number: Option<&'static str>,
    /// What makes the index by which a restore compares.
    index: Option<String>,
}

impl Copy {
    /// Begins to fill an empty file.
    pub(super) fn create(file: &Unfinished) -> Result<Self, StoreError> {
        let copy = file.connect()?;
        let make = || {
            // It is thrown away where anything fails, and synced as a whole before it gets its
            // name.
            copy.pragma_update(None, "journal_mode", "off")?;
            copy.pragma_update(None, "synchronous", "off")?;
            // A row that changes while it is copied leaves nothing in free pages.
            copy.pragma_update(None, "secure_delete", "1")?;
            copy.pragma_update(None, "application_id", BACKUP_ID)?;
            copy.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            copy.execute_batch("BEGIN")?;
            Ok(())
        };
        make().map_err(unwritten)?;
        Ok(Self { conn: copy, tables: [const { None }; TABLES.len()] })
    }

    /// Makes the empty tables, with the columns that the source has at this moment. What else is
    /// declared there (keys, indexes, conditions, defaults) is the source's own business.
    pub(super) fn declare(&mut self, db: &Db) -> Result<(), StoreError> {
        let clients = has_clients(&db.conn)?;
        for (at, table) in TABLES.iter().enumerate() {
            let found = table.find(&db.conn)?;
            if found.columns.is_empty() {
                // PhotoPrism's versions lack one or the other.
                if *db.kind() == Kind::Own && *table != CLIENTS {
                    return Err(StoreError::Other(format!("the table {} is missing", table.name)));
                }
                continue;
            }
            let statement = table.declaration(&table.undeclared(&found.columns, db.kind()));
            self.conn.execute_batch(&statement).map_err(unwritten)?;
            self.tables[at] =
                Some(Statements::new(table, &found, clients, db.columns.keeps_ended()));
        }
        Ok(())
    }

    /// Copies every row.
    pub(super) fn take_all(&self, db: &Db) -> Result<(), StoreError> {
        for statements in self.tables.iter().flatten() {
            let order =
                statements.number.map_or(String::new(), |number| format!(" ORDER BY {number}"));
            self.insert(db, statements, &order, [])?;
        }
        Ok(())
    }

    /// Copies at most so many rows of the table at that place behind a row, and gives the last of
    /// them; `None` where there are no more.
    pub(super) fn take(
        &self,
        db: &Db,
        at: usize,
        after: i64,
        most: i64,
    ) -> Result<Option<i64>, StoreError> {
        let Some((statements, number)) = self.numbered(at) else { return Ok(None) };
        let rows = format!(" AND {number} > ?1 ORDER BY {number} LIMIT ?2");
        let (taken, last) = self.insert(db, statements, &rows, params![after, most])?;
        Ok(last.filter(|_| taken == most))
    }

    fn numbered(&self, at: usize) -> Option<(&Statements, &'static str)> {
        let statements = self.tables.get(at)?.as_ref()?;
        Some((statements, statements.number?))
    }

    /// Takes these rows as they stand now, or are gone.
    pub(super) fn take_again(&self, db: &Db, rows: &BTreeSet<RowAt>) -> Result<(), StoreError> {
        let numbered = |at| self.numbered(at).map(|(statements, number)| (statements, number, at));
        // All go first: a key may have moved from one to another.
        for (at, row) in rows {
            let Some((_, number, at)) = numbered(*at) else { continue };
            let statement = format!("DELETE FROM {} WHERE {number} = ?1", TABLES[at].name);
            self.conn.prepare_cached(&statement)?.execute([row]).map_err(unwritten)?;
        }
        for (at, row) in rows {
            let Some((statements, number, _)) = numbered(*at) else { continue };
            self.insert(db, statements, &format!(" AND {number} = ?1"), params![row])?;
        }
        Ok(())
    }

    fn insert(
        &self,
        db: &Db,
        Statements { reading, writing, number, .. }: &Statements,
        rows: &str,
        params: impl Params,
    ) -> Result<(i64, Option<i64>), StoreError> {
        let mut source = db.conn.prepare_cached(&format!("{reading}{rows}"))?;
        let mut target = self.conn.prepare_cached(writing).map_err(unwritten)?;
        let mut rows = source.query(params)?;
        let (mut taken, mut last) = (0, None);
        while let Some(row) = rows.next()? {
            bind(&mut target, row, usize::from(number.is_none()))?;
            target.raw_execute().map_err(unwritten)?;
            taken += 1;
            last = row.get(0)?;
        }
        Ok((taken, last))
    }

    /// Whether each table holds as many rows as the source.
    pub(super) fn is_complete(&self, db: &Db) -> Result<bool, StoreError> {
        for table in &TABLES {
            // What came back of sessions that were ended is left out.
            let hidden = if *table == SESSIONS { hidden_sessions(db)? } else { 0 };
            let wanted = count_rows(&db.conn, table)?.saturating_sub(hidden);
            if count_rows(&self.conn, table)? != wanted {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Empties it again.
    pub(super) fn clear(&self) -> Result<(), StoreError> {
        let there = TABLES.iter().zip(&self.tables).filter(|(_, found)| found.is_some());
        for (table, _) in there {
            self.conn.execute(&format!("DELETE FROM {}", table.name), []).map_err(unwritten)?;
        }
        Ok(())
    }

    /// Writes everything to the file and lets it go.
    pub(super) fn finish(self) -> Result<(), StoreError> {
        let indexes =
            self.tables.iter().flatten().filter_map(|statements| statements.index.as_ref());
        for statement in indexes.map(String::as_str).chain(["COMMIT"]) {
            self.conn.execute_batch(statement).map_err(unwritten)?;
        }
        self.conn.close().map_err(|(_, error)| unwritten(error))
    }
}

impl Statements {
    /// What came back of sessions that were ended is not among the rows.
    fn new(
        table: &Table,
        Found { columns, number }: &Found,
        clients: bool,
        keeps_ended: bool,
    ) -> Self {
        let Table { name, owner } = table;
        let which = table.which(clients);
        let columns: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let all = list(columns.iter().copied());
        let first = number.unwrap_or("NULL");
        let hiding = if *table == SESSIONS && keeps_ended { HIDING } else { "1" };
        let reading = format!("SELECT {first}, {all} FROM {name} AS u WHERE {which} AND {hiding}");
        let names: Vec<&str> = number.iter().copied().chain(columns.iter().copied()).collect();
        // What stands there by an earlier state of the source is stale.
        let writing = insertion("INSERT OR REPLACE", name, &names);
        let owned = columns.iter().any(|column| column == owner);
        let index =
            owned.then(|| format!("CREATE INDEX {name}_{owner} ON {name} ({})", quoted(owner)));
        Self { reading, writing, number: *number, index }
    }
}

/// The file, not the database, is in the way.
fn unwritten(error: rusqlite::Error) -> StoreError {
    match error.into() {
        full @ StoreError::Full(_) => full,
        other => StoreError::Backup(format!("the backup could not be written: {other}")),
    }
}
