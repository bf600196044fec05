//! The database engine below the operations: a connection, its statements and their rows. Each type
//! has one variant for each engine; operations see none of them.

mod dialect;
mod mariadb;
mod ordered;
mod row;
mod sqlite;
mod statement;
mod stored;
#[cfg(test)]
mod tests;
mod value;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

pub(super) use self::dialect::{Collation, Dialect};
pub(super) use self::mariadb::{CommitError, ConnectError, MariaDb, Use};
use self::mariadb::{MariaDbRows, MariaDbStatement};
pub(super) use self::ordered::Ordered;
pub(super) use self::row::Row;
use self::sqlite::{Sqlite, SqliteRows, SqliteStatement};
pub(super) use self::sqlite::{Version, count_progress};
pub(super) use self::statement::{Statement, places};
pub(super) use self::stored::{Kept, Stored};
pub(super) use self::value::Value;
use super::error::StoreError;

/// A connection to a database.
#[derive(Debug)]
pub(super) enum Connection {
    Sqlite(Sqlite),
    MariaDb(Box<MariaDb>),
}

impl Connection {
    /// For what only MariaDB has.
    pub(super) fn mariadb(&self) -> Option<&MariaDb> {
        match self {
            Self::Sqlite(_) => None,
            Self::MariaDb(connection) => Some(connection),
        }
    }
}

impl Connection {
    /// Prepares a statement, where this connection has not done so before.
    pub(super) fn prepare_once(&self, text: &str) -> Result<Prepared<'_>, StoreError> {
        match self {
            Self::Sqlite(connection) => connection.prepare_once(text).map(Prepared::Sqlite),
            Self::MariaDb(connection) => connection.prepare_once(text).map(Prepared::MariaDb),
        }
    }

    /// Reads the rows of a statement without values, however many there are.
    pub(super) fn each_row(
        &self,
        text: &str,
        mut read: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => self.prepare_once(text)?.all(&[], read).map(drop),
            Self::MariaDb(connection) => connection.each_row(text, |row| read(&row.into())),
        }
    }

    /// The words of its engine.
    pub(super) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::MariaDb(_) => Dialect::MariaDb,
        }
    }

    /// Begins a transaction that writes.
    pub(super) fn begin(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => self.run("BEGIN IMMEDIATE"),
            Self::MariaDb(connection) => connection.begin(),
        }
    }

    pub(super) fn commit(&self) -> Result<(), StoreError> {
        self.end("COMMIT")
    }

    pub(super) fn rollback(&self) -> Result<(), StoreError> {
        self.end("ROLLBACK")
    }

    fn end(&self, statement: &str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => self.run(statement),
            Self::MariaDb(connection) => connection.end(statement),
        }
    }

    /// Begins a part of the transaction that can be undone alone.
    pub(super) fn savepoint(&self, name: Savepoint) -> Result<(), StoreError> {
        self.run(name.begin())
    }

    /// Ends it, with what it changed. A server replaces one of the same name, and need not be asked.
    pub(super) fn release(&self, name: Savepoint) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => self.run(name.release()),
            Self::MariaDb(_) => Ok(()),
        }
    }

    /// Undoes what was changed since it began; it goes on.
    pub(super) fn rollback_to(&self, name: Savepoint) -> Result<(), StoreError> {
        self.run(name.rollback())
    }

    /// False outside of a transaction: after some errors the engine has rolled back everything.
    pub(super) fn in_transaction(&self) -> bool {
        match self {
            Self::Sqlite(connection) => connection.in_transaction(),
            Self::MariaDb(connection) => connection.in_transaction(),
        }
    }

    /// What changes with every change of what is stored; `attached`: in the daemon's own file too.
    pub(super) fn version(&self, attached: bool) -> Result<Version, StoreError> {
        match self {
            Self::Sqlite(connection) => connection.version(attached),
            Self::MariaDb(connection) => Ok(connection.version()),
        }
    }

    /// Whether the open transaction has written.
    pub(super) fn has_written(&self) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(connection) => connection.has_written(),
            Self::MariaDb(connection) => Ok(connection.in_transaction()),
        }
    }

    /// Counts up while a statement runs, so that long work does not look like a hang.
    pub(super) fn count_progress(&mut self, turns: &Arc<AtomicU64>) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => connection.count_progress(turns),
            Self::MariaDb(connection) => {
                connection.count_progress(turns);
                Ok(())
            }
        }
    }

    pub(super) fn close(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => connection.close(),
            Self::MariaDb(_) => Ok(()),
        }
    }

    fn run(&self, text: &str) -> Result<(), StoreError> {
        self.prepare_once(text)?.change(&[]).map(drop)
    }
}

/// A part of a transaction.
#[derive(Clone, Copy)]
pub(super) enum Savepoint {
    /// One command of a group.
    Command,
    /// One of several pieces of a command.
    Piece,
}

impl Savepoint {
    const fn begin(self) -> &'static str {
        match self {
            Self::Command => "SAVEPOINT command",
            Self::Piece => "SAVEPOINT piece",
        }
    }

    const fn release(self) -> &'static str {
        match self {
            Self::Command => "RELEASE SAVEPOINT command",
            Self::Piece => "RELEASE SAVEPOINT piece",
        }
    }

    const fn rollback(self) -> &'static str {
        match self {
            Self::Command => "ROLLBACK TO SAVEPOINT command",
            Self::Piece => "ROLLBACK TO SAVEPOINT piece",
        }
    }
}

/// A prepared statement, for one use or for many.
pub(super) enum Prepared<'a> {
    Sqlite(SqliteStatement<'a>),
    MariaDb(MariaDbStatement<'a>),
}

impl Prepared<'_> {
    /// Begins to read its rows.
    pub(super) fn query(&mut self, values: &[Value<'_>]) -> Result<Rows<'_>, StoreError> {
        match self {
            Self::Sqlite(statement) => statement.query(values).map(Rows::Sqlite),
            Self::MariaDb(statement) => statement.query(values).map(Rows::MariaDb),
        }
    }

    /// The first row, if there is one.
    pub(super) fn one<T>(
        &mut self,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.query(values)?.next()?.as_ref().map(read).transpose()
    }

    /// Every row.
    pub(super) fn all<T>(
        &mut self,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        let mut rows = self.query(values)?;
        while let Some(row) = rows.next()? {
            found.push(read(&row)?);
        }
        Ok(found)
    }

    /// Changes rows, and returns their number.
    pub(super) fn change(&mut self, values: &[Value<'_>]) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(statement) => statement.change(values),
            Self::MariaDb(statement) => statement.change(values),
        }
    }
}

/// Rows that are read one by one.
pub(super) enum Rows<'a> {
    Sqlite(SqliteRows<'a>),
    MariaDb(MariaDbRows),
}

impl Rows<'_> {
    /// The next one, until the one after it is read.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>, StoreError> {
        match self {
            Self::Sqlite(rows) => Ok(rows.next()?.map(Row::from)),
            Self::MariaDb(rows) => Ok(rows.next().map(Row::from)),
        }
    }
}
