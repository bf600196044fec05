//! MariaDB, through the crate mysql.
//!
//! The rows of a statement are read at once, as a connection runs no other statement before the last
//! row of one was read, and operations do; only a copy of whole tables reads them as they arrive.

mod error;
mod schema;
mod session;
mod text;
mod values;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::vec::IntoIter;

use mysql::consts::ColumnType;
use mysql::prelude::Queryable;
use mysql::{Conn, Params};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};

use self::schema::Schema;
use self::session::Lock;
pub(in crate::store) use self::session::{ConnectError, Use};
use self::text::Text;
use super::Connection;
use super::ordered::Ordered;
use super::sqlite::Version;
use super::stored::Stored;
use super::value::Value;
use crate::clock::Stopwatch;
use crate::failpoints::{Failpoint, enabled};
use crate::server_address::ServerAddress;
use crate::store::error::StoreError;

/// Statements that are known at most; the server has so many of a connection prepared.
const STATEMENTS: usize = 256;

/// The character set of bytes.
const BINARY: u16 = 63;

/// A connection.
#[derive(Debug)]
pub(in crate::store) struct MariaDb {
    conn: RefCell<Conn>,
    texts: RefCell<HashMap<String, Arc<Text>>>,
    /// It must not be used again.
    lost: Cell<bool>,
    /// A transaction was begun, and nothing has failed since that could have undone it.
    open: Cell<bool>,
    /// A statement met a table or a column that was not there.
    other_schema: Cell<bool>,
    schema: Cell<Schema>,
    /// Counts the questions for a version.
    asked: Cell<u64>,
    used: Cell<Stopwatch>,
    server: String,
    what_for: Use,
    /// Moves with each answer, and with each that did not come in time.
    turns: RefCell<Arc<AtomicU64>>,
    /// The lock by whose name the server's connection is known to be this one.
    lock: RefCell<Lock>,
}

/// The answer to a COMMIT that is not "done".
#[derive(Debug)]
pub(in crate::store) enum CommitError {
    /// The server rolled back.
    Refused(StoreError),
    /// There is none.
    NoAnswer(String),
}

impl From<MariaDb> for Connection {
    fn from(connection: MariaDb) -> Self {
        Self::MariaDb(Box::new(connection))
    }
}

impl MariaDb {
    /// Connects, and sets what every session needs.
    pub(in crate::store) fn connect(
        address: &ServerAddress,
        what_for: Use,
    ) -> Result<Self, ConnectError> {
        let (conn, server, lock) = session::connect(address, what_for)?;
        Ok(Self {
            what_for,
            turns: RefCell::default(),
            lock: RefCell::new(lock),
            conn: RefCell::new(conn),
            texts: RefCell::default(),
            lost: Cell::new(false),
            open: Cell::new(false),
            other_schema: Cell::new(false),
            schema: Cell::default(),
            asked: Cell::new(0),
            used: Cell::new(Stopwatch::start()),
            server,
        })
    }

    /// The server limits how long a statement takes, and the connection how long an answer does.
    pub(super) fn count_progress(&self, turns: &Arc<AtomicU64>) {
        self.turns.replace(Arc::clone(turns));
    }

    fn move_on(&self) {
        self.turns.borrow().fetch_add(1, Ordering::Relaxed);
    }

    /// Connects anew in the place of a connection that was lost, and ends that on the server: it may
    /// have locks still.
    pub(in crate::store) fn replace(&self, address: &ServerAddress) -> Result<(), StoreError> {
        let connected = session::connect(address, self.what_for);
        self.move_on();
        let (conn, _, lock) = connected.map_err(ConnectError::into_unreachable)?;
        self.conn.replace(conn);
        let old = self.lock.replace(lock);
        self.lost.set(false);
        old.end(&mut self.conn.borrow_mut()).map_err(|error| self.failed(&error))
    }

    /// Begins a transaction that writes.
    pub(super) fn begin(&self) -> Result<(), StoreError> {
        self.prepare_once("START TRANSACTION")?.change(&[])?;
        self.open.set(true);
        Ok(())
    }

    /// Ends it, by a statement that does so.
    pub(super) fn end(&self, statement: &str) -> Result<(), StoreError> {
        self.open.set(false);
        self.prepare_once(statement)?.change(&[]).map(drop)
    }

    /// Commits, which is never asked for twice.
    pub(in crate::store) fn commit(&self) -> Result<(), CommitError> {
        self.open.set(false);
        let asked = self.conn.borrow_mut().query_drop("COMMIT");
        self.move_on();
        asked.map_err(|error| {
            let failure = self.failed(&error);
            if self.lost.get() {
                CommitError::NoAnswer(error::message(&error))
            } else {
                CommitError::Refused(failure)
            }
        })
    }

    /// The version of the server.
    pub(in crate::store) fn server(&self) -> &str {
        &self.server
    }

    /// Whether the connection must not be used again. Asked between two statements: nothing was asked
    /// that the server could answer then, and it may have ended the connection.
    pub(in crate::store) fn is_lost(&self) -> bool {
        if !self.lost.get() && !enabled(Failpoint::UseLostConnection) {
            let socket = self.conn.borrow().as_raw_fd();
            let sent = recv(socket, &mut [0], MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT);
            self.lost.set(sent != Err(Errno::EAGAIN));
        }
        self.lost.get()
    }

    /// Changes with PhotoPrism's migrations, with each table and column that comes or goes, and after
    /// a statement that met another schema.
    pub(in crate::store) fn schema_version(&self) -> Result<i64, StoreError> {
        let mut schema = self.schema.get();
        if self.other_schema.take() {
            schema.surprise();
            self.schema.set(schema);
        } else if !schema.is_due() {
            return Ok(schema.number());
        }
        if let Some(row) = self.prepare_once(schema::ASKED)?.query(&[])?.next() {
            schema.see((row.stored(0)?.integer(), row.stored(1)?.integer()));
        }
        self.schema.set(schema);
        Ok(schema.number())
    }

    /// Runs work that may ask nothing of the server for minutes in the middle of a transaction, which
    /// it would end otherwise.
    pub(in crate::store) fn let_idle<T>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let set = |seconds| {
            let set = format!("SET SESSION idle_transaction_timeout = {seconds}");
            let set = self.conn.borrow_mut().query_drop(set);
            set.map_err(|error| self.failed(&error))
        };
        set(session::LONG_IDLE)?;
        let done = work();
        let restored = set(session::IDLE);
        done.and_then(|done| restored.map(|()| done))
    }

    /// Asks the server for a sign of life where nothing else was asked for that long.
    pub(in crate::store) fn keep_alive(&self, idle: Duration) {
        if self.lost.get() || self.used.get().elapsed() < idle {
            return;
        }
        self.used.set(Stopwatch::start());
        if self.conn.borrow_mut().ping().is_err() {
            self.lost.set(true);
        }
    }

    pub(super) fn prepare_once(&self, statement: &str) -> Result<MariaDbStatement<'_>, StoreError> {
        if self.lost.get() {
            return Err(StoreError::Unreachable("the connection was lost".into()));
        }
        let mut texts = self.texts.borrow_mut();
        if let Some(text) = texts.get(statement) {
            return Ok(MariaDbStatement { engine: self, text: Arc::clone(text) });
        }
        if texts.len() == STATEMENTS {
            texts.clear();
        }
        let text = Arc::new(Text::of(statement));
        texts.insert(statement.to_owned(), Arc::clone(&text));
        Ok(MariaDbStatement { engine: self, text })
    }

    /// Reads the rows of a statement as they arrive.
    pub(super) fn each_row(
        &self,
        statement: &str,
        mut read: impl FnMut(MariaDbRow<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if self.lost.get() {
            return Err(StoreError::Unreachable("the connection was lost".into()));
        }
        let Text { text, .. } = Text::of(statement);
        let mut refused = Ok(());
        let read_all = || {
            let mut conn = self.conn.borrow_mut();
            let mut found = conn.exec_iter(text, ())?;
            let is_bytes: Vec<bool> = found.columns().as_ref().iter().map(is_bytes).collect();
            for row in found.by_ref() {
                let row = cells(row?, &is_bytes);
                self.move_on();
                refused = read(MariaDbRow(&row));
                if refused.is_err() {
                    break;
                }
            }
            Ok(())
        };
        let answer = read_all();
        self.used.set(Stopwatch::start());
        answer.map_err(|error| self.failed(&error)).and(refused)
    }

    /// What is stored changes without a trace that could be asked for: each answer is another one.
    pub(super) fn version(&self) -> Version {
        self.asked.set(self.asked.get() + 1);
        Version::unknown(self.asked.get())
    }

    /// After some errors the server has rolled back everything: it is asked then. A lost connection has
    /// no transaction any more.
    pub(super) fn in_transaction(&self) -> bool {
        if self.open.get() {
            return !self.is_lost();
        }
        let asked = self.conn.borrow_mut().query_first::<u8, _>("SELECT @@in_transaction");
        self.lost.set(self.lost.get() || asked.is_err());
        asked.is_ok_and(|found| found == Some(1))
    }

    fn failed(&self, error: &mysql::Error) -> StoreError {
        self.open.set(false);
        if error::is_lost(error) && !enabled(Failpoint::UseLostConnection) {
            self.lost.set(true);
        }
        if error::is_other_schema(error) {
            self.other_schema.set(true);
        }
        error::stored(error)
    }
}

/// A statement; the server prepares it when it runs first.
pub(in crate::store) struct MariaDbStatement<'a> {
    engine: &'a MariaDb,
    text: Arc<Text>,
}

impl MariaDbStatement<'_> {
    pub(super) fn query(&mut self, values: &[Value<'_>]) -> Result<MariaDbRows, StoreError> {
        let rows = self.run(values, |conn, text, params| {
            let mut found = conn.exec_iter(text, params)?;
            let is_bytes: Vec<bool> = found.columns().as_ref().iter().map(is_bytes).collect();
            let mut rows = Vec::new();
            for row in found.by_ref() {
                rows.push(cells(row?, &is_bytes));
            }
            Ok(rows)
        })?;
        Ok(MariaDbRows { rows: rows.into_iter(), current: Vec::new() })
    }

    pub(super) fn change(&mut self, values: &[Value<'_>]) -> Result<u64, StoreError> {
        self.run(values, |conn, text, params| Ok(conn.exec_iter(text, params)?.affected_rows()))
    }

    fn run<T>(
        &self,
        values: &[Value<'_>],
        ask: impl FnOnce(&mut Conn, &str, Params) -> Result<T, mysql::Error>,
    ) -> Result<T, StoreError> {
        let Text { text, parameters } = &*self.text;
        let value = |number: &usize| values.get(*number).copied().map(values::parameter);
        let params: Option<Vec<mysql::Value>> = parameters.iter().map(value).collect();
        let Some(params) = params else {
            return Err(StoreError::Other("a statement was given too few values".into()));
        };
        let params = if params.is_empty() { Params::Empty } else { Params::Positional(params) };
        self.engine.used.set(Stopwatch::start());
        let answer = ask(&mut self.engine.conn.borrow_mut(), text, params);
        self.engine.move_on();
        answer.map_err(|error| self.engine.failed(&error))
    }
}

fn cells(row: mysql::Row, is_bytes: &[bool]) -> Vec<Ordered> {
    let cells = row.unwrap().into_iter().zip(is_bytes);
    cells.map(|(value, bytes)| values::found(value, *bytes)).collect()
}

/// Whether a column has bytes that are not a text: PhotoPrism's identifiers are short bytes.
fn is_bytes(column: &mysql::Column) -> bool {
    let is_long = matches!(
        column.column_type(),
        ColumnType::MYSQL_TYPE_BLOB
            | ColumnType::MYSQL_TYPE_TINY_BLOB
            | ColumnType::MYSQL_TYPE_MEDIUM_BLOB
            | ColumnType::MYSQL_TYPE_LONG_BLOB
    );
    is_long && column.character_set() == BINARY
}

/// The rows of a statement.
pub(in crate::store) struct MariaDbRows {
    rows: IntoIter<Vec<Ordered>>,
    current: Vec<Ordered>,
}

impl MariaDbRows {
    pub(super) fn next(&mut self) -> Option<MariaDbRow<'_>> {
        self.current = self.rows.next()?;
        Some(MariaDbRow(&self.current))
    }
}

/// The row that was read last.
#[derive(Clone, Copy)]
pub(in crate::store) struct MariaDbRow<'a>(&'a [Ordered]);

impl MariaDbRow<'_> {
    pub(super) fn stored(&self, column: usize) -> Result<Stored<'_>, StoreError> {
        let found = self.0.get(column).map(Ordered::stored);
        found.ok_or_else(|| StoreError::Other(format!("there is no column {column}")))
    }
}
