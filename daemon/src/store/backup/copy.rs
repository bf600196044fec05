//! Copies the account tables to the file of a backup, which is attached to the connection that reads.

use std::ffi::CStr;

use rusqlite::{Connection, Params, params};

use super::read::count_rows;
use super::server::{copy_server, state_of_server};
use super::state_id::StateId;
use super::tables::{Found, has_clients, list, quoted};
use super::unfinished::{Unfinished, unwritten};
use crate::store::account_tables::{SESSIONS, TABLE_COUNT, TABLES, Table};
use crate::store::db::Db;
use crate::store::directory::detach;
use crate::store::error::StoreError;
use crate::store::group::rollback_if_open;
use crate::store::kind::Kind;
use crate::store::schema::{BACKUP_ID, SCHEMA_VERSION};
use crate::store::sessions::hidden_sessions;
use crate::store::visible::HIDING;

/// The schema as which the file is attached.
const FILE: &str = "backup";
const FILE_SCHEMA: &CStr = c"backup";

/// Rows that are copied in one piece where PhotoPrism may want to commit: about ten milliseconds.
const PIECE: i64 = 2000;

/// How often copying in pieces begins again because somebody else has committed in between.
const ATTEMPTS: u32 = 5;

/// Copies the account tables as they are at one moment, and returns the state of the database at
/// that moment.
///
/// In the daemon's own database, and in PhotoPrism's where that has a write-ahead log, a reader is
/// in nobody's way: all is copied in one transaction. In PhotoPrism's it keeps PhotoPrism from
/// committing, so it copies in pieces, and begins again where something was committed in between;
/// after [`ATTEMPTS`] of those it takes all at once.
pub(super) fn copy_accounts(db: &Db, file: &Unfinished) -> Result<StateId, StoreError> {
    if db.server().is_some() {
        return copy_server(db, file);
    }
    copy_with(db, file, PIECE)
}

/// Attaches the file and begins to read: what [`copy_held`] copies is what is there now, whatever is
/// committed meanwhile.
pub(super) fn hold(db: &Db, file: &Unfinished) -> Result<(), StoreError> {
    let copy = Copy::begin(db, file)?;
    copy.begin_transaction()?;
    // The transaction and the attached file stay for the other half.
    std::mem::forget(copy);
    Ok(())
}

/// Copies what was held, and reads what `also` needs of the same state.
pub(super) fn copy_held(
    db: &Db,
    also: impl FnOnce(&Db) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    db.large(|| {
        let mut copy = Copy::of(db);
        copy.take_everything()?;
        also(db)?;
        copy.finish()
    })
}

/// The same in pieces of so many rows.
pub(super) fn copy_with(db: &Db, file: &Unfinished, rows: i64) -> Result<StateId, StoreError> {
    if *db.kind() != Kind::Own
        && let Some(state) = try_in_pieces(db, file, rows)?
    {
        return Ok(state);
    }
    Copy::begin(db, file)?.at_once().map(StateId::Sqlite)
}

/// The same where nobody is ever kept waiting; `None` where others write all the time.
pub(super) fn try_to_copy(db: &Db, file: &Unfinished) -> Result<Option<StateId>, StoreError> {
    if db.server().is_some() {
        return copy_server(db, file).map(Some);
    }
    try_in_pieces(db, file, PIECE)
}

fn try_in_pieces(db: &Db, file: &Unfinished, rows: i64) -> Result<Option<StateId>, StoreError> {
    for _ in 0..ATTEMPTS {
        if let Some(version) = Copy::begin(db, file)?.in_pieces(rows)? {
            return Ok(Some(StateId::Sqlite(version)));
        }
        file.clear()?;
    }
    Ok(None)
}

/// Which state of the database a connection sees now.
pub(super) fn state_of(db: &Db) -> Result<StateId, StoreError> {
    if db.server().is_some() {
        return state_of_server(db);
    }
    data_version(db.sqlite()?).map(StateId::Sqlite)
}

/// A number that changes with each commit of another connection or process.
fn data_version(conn: &Connection) -> Result<i64, StoreError> {
    Ok(conn.pragma_query_value(Some("main"), "data_version", |row| row.get(0))?)
}

/// A copy that is not complete yet; dropped, it lets the file go.
#[derive(Debug)]
struct Copy<'a> {
    db: &'a Db,
    /// What copies each table; `None` where the source lacks it.
    tables: [Option<Statements>; TABLE_COUNT],
    /// Rows that were copied of each table.
    copied: [u64; TABLE_COUNT],
}

/// What copies the rows of a table.
#[derive(Debug)]
struct Statements {
    copying: String,
    /// What the number of a row is called, where rows have one.
    number: Option<&'static str>,
    /// What makes the index by which a restore compares.
    index: Option<String>,
}

impl Drop for Copy<'_> {
    fn drop(&mut self) {
        // It has read only; what it wrote to the file is thrown away.
        rollback_if_open(self.db);
        if let Ok(conn) = self.db.sqlite() {
            detach(conn, FILE_SCHEMA);
        }
    }
}

impl<'a> Copy<'a> {
    /// Attaches the empty file.
    fn begin(db: &'a Db, file: &Unfinished) -> Result<Self, StoreError> {
        file.attach(db.sqlite()?, FILE_SCHEMA)?;
        let copy = Self::of(db);
        let conn = db.sqlite()?;
        let set = |pragma, value: i64| conn.pragma_update(Some(FILE), pragma, value);
        // It is thrown away where anything fails, and synced as a whole before it gets its name.
        // (Defensive mode keeps SQLite from going without a journal.)
        conn.pragma_update(Some(FILE), "journal_mode", "memory").map_err(unwritten)?;
        set("synchronous", 0).map_err(unwritten)?;
        set("secure_delete", 1).map_err(unwritten)?;
        set("application_id", BACKUP_ID).map_err(unwritten)?;
        set("user_version", SCHEMA_VERSION.into()).map_err(unwritten)?;
        Ok(copy)
    }

    /// One whose file is attached.
    const fn of(db: &'a Db) -> Self {
        Self { db, tables: [const { None }; TABLE_COUNT], copied: [0; TABLE_COUNT] }
    }

    /// Begins a transaction that only reads the source, with its first read.
    fn begin_transaction(&self) -> Result<(), StoreError> {
        self.db.sqlite()?.execute_batch("BEGIN; SELECT 1 FROM main.sqlite_schema LIMIT 1")?;
        Ok(())
    }

    fn commit(&self) -> Result<(), StoreError> {
        self.db.sqlite()?.execute_batch("COMMIT").map_err(unwritten)
    }

    /// Everything in one transaction.
    fn at_once(mut self) -> Result<i64, StoreError> {
        self.begin_transaction()?;
        let version = data_version(self.db.sqlite()?)?;
        self.take_everything()?;
        self.finish()?;
        Ok(version)
    }

    fn take_everything(&mut self) -> Result<(), StoreError> {
        self.declare()?;
        (0..TABLES.len()).try_for_each(|at| self.take_all(at))
    }

    /// At most so many rows in each transaction; `None` where somebody else has committed in between.
    fn in_pieces(mut self, rows: i64) -> Result<Option<i64>, StoreError> {
        self.begin_transaction()?;
        let version = data_version(self.db.sqlite()?)?;
        self.declare()?;
        self.commit()?;
        for at in 0..TABLES.len() {
            let mut after = Some(i64::MIN);
            while let Some(from) = after {
                self.begin_transaction()?;
                if data_version(self.db.sqlite()?)? != version {
                    return Ok(None);
                }
                after = self.take(at, from, rows)?;
                self.commit()?;
            }
        }
        self.begin_transaction()?;
        if data_version(self.db.sqlite()?)? != version {
            return Ok(None);
        }
        self.check()?;
        self.commit()?;
        // PhotoPrism may commit again.
        self.index()?;
        Ok(Some(version))
    }

    /// Makes the empty tables, with the columns that the source has at this moment. What else is
    /// declared there (keys, indexes, conditions, defaults) is the source's own business.
    fn declare(&mut self) -> Result<(), StoreError> {
        let db = self.db;
        let clients = has_clients(db.sqlite()?)?;
        for (at, table) in TABLES.iter().enumerate() {
            let found = table.find(db.sqlite()?)?;
            if found.columns.is_empty() {
                // PhotoPrism's versions lack one or the other.
                if *db.kind() == Kind::Own && table.name != "auth_clients" {
                    return Err(StoreError::Other(format!("the table {} is missing", table.name)));
                }
                continue;
            }
            let declared = table.declared(&table.undeclared(&found.columns, db.kind()));
            let statement = format!("CREATE TABLE {FILE}.{declared}");
            db.sqlite()?.execute_batch(&statement).map_err(unwritten)?;
            self.tables[at] =
                Some(Statements::new(table, &found, clients, db.columns.keeps_ended()));
        }
        Ok(())
    }

    /// Copies every row of the table at that place.
    fn take_all(&mut self, at: usize) -> Result<(), StoreError> {
        let Some(statements) = &self.tables[at] else { return Ok(()) };
        let order = statements.number.map_or(String::new(), |number| format!(" ORDER BY {number}"));
        let copied = self.insert(statements, &order, [])?;
        self.copied[at] += copied;
        Ok(())
    }

    /// Copies at most so many rows behind a row, and gives the last of them; `None` where there are
    /// no more.
    fn take(&mut self, at: usize, after: i64, most: i64) -> Result<Option<i64>, StoreError> {
        let Some(statements) = &self.tables[at] else { return Ok(None) };
        let Some(number) = statements.number else {
            return self.take_all(at).map(|()| None);
        };
        let rows = format!(" AND {number} > ?1 ORDER BY {number} LIMIT ?2");
        let copied = self.insert(statements, &rows, params![after, most])?;
        self.copied[at] += copied;
        if copied < most.unsigned_abs() {
            return Ok(None);
        }
        let last = format!("SELECT max({number}) FROM {FILE}.{}", TABLES[at].name);
        Ok(self.db.sqlite()?.prepare_cached(&last)?.query_row([], |row| row.get(0))?)
    }

    fn insert(
        &self,
        statements: &Statements,
        rows: &str,
        params: impl Params,
    ) -> Result<u64, StoreError> {
        let statement = format!("{}{rows}", statements.copying);
        Ok(self.db.sqlite()?.prepare_cached(&statement)?.execute(params)? as u64)
    }

    /// Checks that every row is there and writes all to the file.
    fn finish(&self) -> Result<(), StoreError> {
        self.check()?;
        self.index()?;
        self.commit()
    }

    /// Whether every row of the database is there.
    fn check(&self) -> Result<(), StoreError> {
        for (table, copied) in TABLES.iter().zip(self.copied) {
            // What came back of sessions that were ended is left out.
            let hidden = if *table == SESSIONS { hidden_sessions(self.db)? } else { 0 };
            if count_rows(self.db.sqlite()?, table)?.saturating_sub(hidden) != copied {
                return Err(StoreError::Backup("the backup does not hold every row".into()));
            }
        }
        Ok(())
    }

    /// Makes the indexes of the file, which reads nothing else.
    fn index(&self) -> Result<(), StoreError> {
        let indexes = self.tables.iter().flatten().filter_map(|found| found.index.as_ref());
        for statement in indexes {
            self.db.sqlite()?.execute_batch(statement).map_err(unwritten)?;
        }
        Ok(())
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
        let which = table.which("main", clients);
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let all = list(names.iter().copied());
        let all = number.map_or(all.clone(), |number| format!("{number}, {all}"));
        let hiding = if *table == SESSIONS && keeps_ended { HIDING } else { "1" };
        let copying = format!(
            "INSERT INTO {FILE}.{name} ({all})
             SELECT {all} FROM main.{name} AS u WHERE {which} AND {hiding}"
        );
        let index = names
            .contains(owner)
            .then(|| format!("CREATE INDEX {FILE}.{name}_{owner} ON {name} ({})", quoted(owner)));
        Self { copying, number: *number, index }
    }
}
