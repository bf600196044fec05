//! Copies the accounts of one moment to the file of a backup.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement as Insert};

use super::layout::{Form, ServerColumn, columns, list, which};
use crate::store::account_tables::{CLIENTS, SESSIONS, TABLES, Table};
use crate::store::backup::state_id::StateId;
use crate::store::backup::tables::{Column, list as sqlite_list};
use crate::store::backup::unfinished::{Unfinished, unwritten};
use crate::store::db::Db;
use crate::store::engine::{Ordered, Row};
use crate::store::error::StoreError;
use crate::store::schema::{BACKUP_ID, SCHEMA_VERSION};
use crate::store::times::parse_stored;
use crate::store::visible::visible;

/// How often copying begins again because the tables were changed in between.
const ATTEMPTS: u32 = 5;

/// The offset that PhotoPrism's times have in SQLite.
const UTC: &str = "+00:00";

/// What begins to read all tables as they are at one moment, whatever is committed meanwhile.
const SNAPSHOT: [&str; 2] = [
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
];

/// Copies the account tables as they are at one moment, which it returns.
///
/// # Errors
/// The store's; [`StoreError::Locked`] where PhotoPrism changed its tables each time.
pub(in crate::store::backup) fn copy_server(
    db: &Db,
    file: &Unfinished,
) -> Result<StateId, StoreError> {
    for _ in 0..ATTEMPTS {
        let copied = copy_once(db, file);
        if copied.is_err() && db.in_transaction() {
            db.rollback()?;
        }
        match copied {
            Err(StoreError::Undone(_) | StoreError::OtherSchema(_)) => file.clear()?,
            end => return end,
        }
    }
    Err(StoreError::Locked("PhotoPrism changed its tables again and again".into()))
}

fn copy_once(db: &Db, file: &Unfinished) -> Result<StateId, StoreError> {
    let mut copy = open(file)?;
    let writing = copy.transaction()?;
    for statement in SNAPSHOT {
        run(db, statement)?;
    }
    let state = state_of_server(db)?;
    let clients = !columns(db, &CLIENTS)?.is_empty();
    for table in &TABLES {
        // A table that was read would stay locked against PhotoPrism's migrations.
        run(db, "SAVEPOINT copied")?;
        copy_table(db, &writing, table, clients)?;
        run(db, "ROLLBACK TO SAVEPOINT copied")?;
    }
    db.rollback()?;
    writing.commit().map_err(unwritten)?;
    copy.close().map_err(|(_, error)| unwritten(error))?;
    Ok(state)
}

fn run(db: &Db, statement: &str) -> Result<(), StoreError> {
    db.conn.prepare_once(statement)?.change(&[]).map(drop)
}

/// What changes with each commit of this daemon or another: the row by which they take turns.
pub(in crate::store::backup) fn state_of_server(db: &Db) -> Result<StateId, StoreError> {
    if !db.columns.admin {
        return Ok(StateId::Server(String::new()));
    }
    let statement = "SELECT value FROM admin_meta WHERE `key` = 'writer'";
    let value = db.conn.prepare_once(statement)?.one(&[], |row| row.text(0))?;
    Ok(StateId::Server(value.unwrap_or_default()))
}

fn open(file: &Unfinished) -> Result<Connection, StoreError> {
    let copy = file.connect()?;
    let set = |pragma, value: i64| copy.pragma_update(None, pragma, value);
    // It is thrown away where anything fails, and synced as a whole before it gets its name.
    copy.pragma_update(None, "journal_mode", "memory").map_err(unwritten)?;
    set("synchronous", 0).map_err(unwritten)?;
    set("application_id", BACKUP_ID).map_err(unwritten)?;
    set("user_version", SCHEMA_VERSION.into()).map_err(unwritten)?;
    Ok(copy)
}

fn copy_table(db: &Db, copy: &Connection, table: &Table, clients: bool) -> Result<(), StoreError> {
    let columns = columns(db, table)?;
    if columns.is_empty() {
        return Ok(());
    }
    let name = table.name;
    let names = || columns.iter().map(|column| column.name.as_str());
    let declared: Vec<Column> =
        names().map(|name| Column { name: name.into(), declared: String::new() }).collect();
    let declaration = table.declaration(&table.undeclared(&declared, db.kind()));
    copy.execute_batch(&declaration).map_err(unwritten)?;
    let places = vec!["?"; columns.len()].join(", ");
    let insert = format!("INSERT INTO {name} ({}) VALUES ({places})", sqlite_list(names()));
    let mut insert = copy.prepare(&insert)?;
    // What came back of sessions that were ended is left out.
    let shown = if *table == SESSIONS { visible(&db.columns) } else { "1" };
    let select = format!(
        "SELECT {} FROM {name} AS u WHERE {} AND {shown}",
        list(names()),
        which(table, clients)
    );
    db.conn.each_row(&select, |row| add(&mut insert, row, &columns))?;
    if names().any(|name| name == table.owner) {
        let index = format!("CREATE INDEX {name}_{0} ON {name} ({0})", table.owner);
        copy.execute_batch(&index).map_err(unwritten)?;
    }
    Ok(())
}

fn add(insert: &mut Insert<'_>, row: &Row<'_>, columns: &[ServerColumn]) -> Result<(), StoreError> {
    for (at, column) in columns.iter().enumerate() {
        let found = row.ordered(at)?;
        let time;
        let value = match (&found, column.form) {
            (Ordered::Null, _) => ValueRef::Null,
            (Ordered::Integer(number), _) => ValueRef::Integer(*number),
            (Ordered::Real(number), _) => ValueRef::Real(*number),
            (Ordered::Text(_), Form::Time { .. }) => {
                time = in_sqlite(&found.text());
                time.as_deref().map_or(ValueRef::Null, |time| ValueRef::Text(time.as_bytes()))
            }
            (Ordered::Text(bytes), Form::Bytes) | (Ordered::Bytes(bytes), _) => {
                ValueRef::Blob(bytes)
            }
            (Ordered::Text(bytes), Form::Other) => ValueRef::Text(bytes),
        };
        insert.raw_bind_parameter(at + 1, ToSqlOutput::Borrowed(value))?;
    }
    insert.raw_execute().map(drop).map_err(unwritten)
}

/// A time of the server as PhotoPrism's SQLite driver writes it; none for one that never was.
fn in_sqlite(time: &str) -> Option<String> {
    parse_stored(time).map(|_| format!("{time}{UTC}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_become_those_of_sqlite() {
        for (server, sqlite) in [
            ("2026-11-29 01:02:03", Some("2026-11-29 01:02:03+00:00")),
            ("2026-11-29 01:02:03.000045", Some("2026-11-29 01:02:03.000045+00:00")),
            ("0000-00-00 00:00:00", None),
            ("0001-01-01 00:00:00", None),
        ] {
            assert_eq!(in_sqlite(server).as_deref(), sqlite, "{server}");
        }
    }
}
