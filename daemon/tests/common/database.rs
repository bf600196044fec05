//! The database as another program has it open: a file of SQLite's, or a schema of a MariaDB server.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

use mysql::prelude::Queryable;
use mysql::{Conn, Params};
use regex::Regex;
use rusqlite::types::{FromSql, ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Result};

/// A connection. What it has no method for is asked of SQLite's: a test that does so is about a file.
pub(crate) enum Database {
    Sqlite(Connection),
    MariaDb(RefCell<Conn>),
}

/// A row of a result.
pub(crate) struct Row {
    pub(crate) names: Vec<String>,
    pub(crate) values: Vec<Value>,
}

impl Row {
    /// The value at a place.
    pub(crate) fn get<I: TryInto<usize>, T: FromSql>(&self, at: I) -> Result<T> {
        let at = at.try_into().unwrap_or(usize::MAX);
        Ok(T::column_result(ValueRef::from(&self.values[at]))?)
    }
}

impl Database {
    /// Whether it is a schema of a server.
    pub(crate) const fn is_mariadb(&self) -> bool {
        matches!(self, Self::MariaDb(_))
    }

    /// Runs a statement and gives the number of rows that it met.
    pub(crate) fn execute(&self, statement: &str, values: impl Values) -> Result<usize> {
        match self {
            Self::Sqlite(conn) => {
                conn.execute(statement, rusqlite::params_from_iter(values.values()))
            }
            Self::MariaDb(conn) => {
                let mut conn = conn.borrow_mut();
                let values = bound(statement, values.values());
                let done = conn.exec_iter(for_mariadb(statement), values);
                let done = done.unwrap_or_else(|error| panic!("{statement}: {error}"));
                Ok(usize::try_from(done.affected_rows()).unwrap())
            }
        }
    }

    /// Runs several statements.
    pub(crate) fn execute_batch(&self, statements: &str) -> Result<()> {
        match self {
            Self::Sqlite(conn) => conn.execute_batch(statements),
            Self::MariaDb(conn) => {
                let done = conn.borrow_mut().query_drop(for_mariadb(statements));
                done.unwrap_or_else(|error| panic!("{statements}: {error}"));
                Ok(())
            }
        }
    }

    /// All rows of a statement.
    pub(crate) fn rows(&self, statement: &str, values: impl Values) -> Vec<Row> {
        match self {
            Self::Sqlite(conn) => {
                let mut statement = conn.prepare(statement).unwrap();
                let names: Vec<String> = statement.column_names().map(Into::into).collect();
                let row = |row: &rusqlite::Row<'_>| {
                    let values: Result<_> = (0..names.len()).map(|at| row.get(at)).collect();
                    Ok(Row { names: names.clone(), values: values? })
                };
                let values = rusqlite::params_from_iter(values.values());
                statement.query_map(values, row).unwrap().map(Result::unwrap).collect()
            }
            Self::MariaDb(conn) => {
                let mut conn = conn.borrow_mut();
                let values = bound(statement, values.values());
                let found = conn.exec(for_mariadb(statement), values);
                let found: Vec<mysql::Row> =
                    found.unwrap_or_else(|error| panic!("{statement}: {error}"));
                let name = |column: &mysql::Column| column.name_str().into_owned();
                let row = |row: mysql::Row| Row {
                    names: row.columns_ref().iter().map(name).collect(),
                    values: row.unwrap().into_iter().map(read).collect(),
                };
                found.into_iter().map(row).collect()
            }
        }
    }

    /// What the one row of a statement has.
    pub(crate) fn query_row<T>(
        &self,
        statement: &str,
        values: impl Values,
        work: impl FnOnce(&Row) -> Result<T>,
    ) -> Result<T> {
        work(self.rows(statement, values).first().ok_or(rusqlite::Error::QueryReturnedNoRows)?)
    }
}

impl Deref for Database {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match self {
            Self::Sqlite(conn) => conn,
            Self::MariaDb(_) => panic!("{NO_FILE}"),
        }
    }
}

impl DerefMut for Database {
    fn deref_mut(&mut self) -> &mut Connection {
        match self {
            Self::Sqlite(conn) => conn,
            Self::MariaDb(_) => panic!("{NO_FILE}"),
        }
    }
}

/// Why a test that ends with it cannot run on a server.
pub(crate) const NO_FILE: &str = "this test is about SQLite: the database here is not a file";

/// The same in MariaDB's words, in a session whose `sql_mode` has `||` and quotes as SQLite has them.
fn for_mariadb(statement: &str) -> String {
    let replaced = [
        (r"\?\d", "?"),
        (r"unixepoch\(\)", "unix_timestamp()"),
        (r"GLOB '(\w+)\*'", "LIKE '$1%'"),
        (r"AS TEXT\)", "AS CHAR)"),
        (r"INSERT OR REPLACE", "REPLACE"),
        (r"\biif\(", "if("),
    ];
    replaced.iter().fold(statement.to_owned(), |text, (from, to)| {
        Regex::new(from).unwrap().replace_all(&text, *to).into_owned()
    })
}

/// The values in the order in which the statement uses them: `?2` is the second.
fn bound(statement: &str, values: Vec<Value>) -> Params {
    let bound = |value| match value {
        Value::Null => mysql::Value::NULL,
        Value::Integer(number) => number.into(),
        Value::Real(number) => number.into(),
        Value::Text(text) => text.into(),
        Value::Blob(bytes) => bytes.into(),
    };
    if values.is_empty() {
        return Params::Empty;
    }
    let values: Vec<mysql::Value> = values.into_iter().map(bound).collect();
    let number = Regex::new(r"\?(\d)").unwrap();
    let numbers = number.captures_iter(statement).map(|found| found[1].parse::<usize>().unwrap());
    let in_order: Vec<mysql::Value> = numbers.map(|number| values[number - 1].clone()).collect();
    Params::Positional(if in_order.is_empty() { values } else { in_order })
}

fn read(value: mysql::Value) -> Value {
    match value {
        mysql::Value::NULL => Value::Null,
        mysql::Value::Int(number) => Value::Integer(number),
        mysql::Value::UInt(number) => Value::Integer(number.try_into().unwrap()),
        mysql::Value::Float(number) => Value::Real(number.into()),
        mysql::Value::Double(number) => Value::Real(number),
        mysql::Value::Bytes(bytes) => {
            String::from_utf8(bytes).map_or_else(|error| error.into_bytes().into(), Value::Text)
        }
        mysql::Value::Date(year, month, day, hour, minute, second, _) => {
            Value::Text(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"))
        }
        mysql::Value::Time(..) => panic!("PhotoPrism has no column of this type"),
    }
}

/// The values of a statement, in all forms that rusqlite takes.
pub(crate) trait Values {
    fn values(self) -> Vec<Value>;
}

fn value(value: &dyn ToSql) -> Value {
    match value.to_sql().unwrap() {
        ToSqlOutput::Owned(value) => value,
        ToSqlOutput::Borrowed(value) => value.try_into().unwrap(),
        _ => panic!("a value of another kind"),
    }
}

impl Values for [&(dyn ToSql + Send + Sync); 0] {
    fn values(self) -> Vec<Value> {
        Vec::new()
    }
}

impl Values for &[&dyn ToSql] {
    fn values(self) -> Vec<Value> {
        self.iter().copied().map(value).collect()
    }
}

impl Values for Vec<Value> {
    fn values(self) -> Vec<Value> {
        self
    }
}

impl<A: ToSql, B: ToSql> Values for (A, B) {
    fn values(self) -> Vec<Value> {
        vec![value(&self.0), value(&self.1)]
    }
}

macro_rules! arrays {
    ($($length:literal)*) => {$(
        impl<T: ToSql> Values for [T; $length] {
            fn values(self) -> Vec<Value> {
                self.iter().map(|one| value(one)).collect()
            }
        }
    )*};
}

arrays!(1 2 3);
