//! The reader thread: reads on a connection of its own, so that they wait for no write and no write
//! waits for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use tracing::debug;

use super::columns::{Columns, schema_version};
use super::db::Db;
use super::error::StoreError;
use super::file_identity::Stamp;
use super::jobs::{Inbox, Jobs, Message, Rejected};
use super::kind::Kind;
use super::lock_timeout;
use super::pragmas::pragma;
use super::published::{Opened, Published, identity};
use super::read_connection::open_for_reading;
use super::reconnect::Reconnect;
use super::work::Read;
use super::writer::{IDLE, WriterJob};
use crate::clock::Stopwatch;

/// A server that let the reader wait for so long, in vain, would let the writer wait once more.
const SLOW: Duration = Duration::from_millis(500);

pub(super) struct ReaderThread {
    connection: ReadConnection,
    inbox: Inbox<Read>,
    /// Reads go there while the reader has no connection that is up to date: the writer opens,
    /// follows and explains.
    writer: Jobs<WriterJob>,
    turns: Arc<AtomicU64>,
    /// Jobs at the head of the inbox that waited while another gave PhotoPrism's lock up.
    waited: usize,
}

impl ReaderThread {
    pub(super) fn new(published: Published, inbox: Inbox<Read>, writer: Jobs<WriterJob>) -> Self {
        let connection = ReadConnection::new(published);
        Self { connection, inbox, writer, turns: Arc::default(), waited: 0 }
    }

    /// Moves with each job, and at least once a second while there is none.
    pub(super) fn turns(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.turns)
    }

    pub(super) fn run(&mut self) {
        lock_timeout::stop_with(self.inbox.stopping());
        loop {
            self.turns.fetch_add(1, Ordering::Relaxed);
            match self.inbox.wait(IDLE) {
                Ok(Message::Job(read)) => self.read(read),
                Err(RecvTimeoutError::Timeout) => self.connection.keep_alive(),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.connection.close();
    }

    /// Of those who wait for PhotoPrism's lock at the same time the first one waits for all.
    fn read(&mut self, read: Read) {
        let timeout = if self.waited > 0 { Duration::ZERO } else { lock_timeout::full() };
        self.waited = self.waited.saturating_sub(1);
        if read.is_abandoned() {
            return;
        }
        lock_timeout::gave_up();
        let left = lock_timeout::within(timeout, || {
            let mut left = Some(read);
            while let Some(read) = left {
                match self.connection.get(&self.turns) {
                    Some(db) => left = read.run(db),
                    None => return Some(read),
                }
            }
            None
        });
        if lock_timeout::gave_up() && !timeout.is_zero() {
            self.waited = self.inbox.waiting();
        }
        if let Some(read) = left
            && let Err(Rejected { job: WriterJob::Read(read), error }) =
                self.writer.add(WriterJob::Read(read))
        {
            drop(read.run(Err(error)));
        }
    }
}

/// The reader's connection, which follows that of the writer.
struct ReadConnection {
    published: Published,
    revision: u64,
    opened: Option<Opened>,
    db: Option<Db>,
    /// When a server is tried again.
    reconnect: Reconnect,
    /// It did not answer when it was tried last.
    silent: Option<StoreError>,
}

impl ReadConnection {
    fn new(published: Published) -> Self {
        let reconnect = Reconnect::default();
        Self { published, revision: 0, opened: None, db: None, reconnect, silent: None }
    }

    /// A server ends a connection that nobody uses.
    fn keep_alive(&self) {
        if let Some(db) = &self.db {
            db.keep_alive();
        }
    }

    /// The database; `None` where the writer has to open or follow it first.
    fn get(&mut self, turns: &Arc<AtomicU64>) -> Option<Result<&Db, StoreError>> {
        if self.revision != self.published.revision() {
            self.close();
            self.silent = None;
            (self.revision, self.opened) = self.published.current();
        }
        match self.follow(turns) {
            Ok(Current::Yes) => self.db.as_ref().map(Ok),
            Ok(Current::Unknown) => None,
            Ok(Current::No) => {
                // It is opened anew once the writer has looked.
                self.close();
                None
            }
            Err(error) => Some(Err(error)),
        }
    }

    /// Opens it where it is not open, and finds out whether PhotoPrism has changed or replaced it.
    fn follow(&mut self, turns: &Arc<AtomicU64>) -> Result<Current, StoreError> {
        let Some(opened) = &self.opened else { return Ok(Current::No) };
        if opened.server.is_some() {
            return self.follow_server(turns);
        }
        let own = opened.kind == Kind::Own;
        if !own && identity(&opened.path) != opened.identity {
            return Ok(Current::No);
        }
        let db = match &mut self.db {
            Some(db) => db,
            None => match open_for_reading(opened) {
                Ok(db) => {
                    let db = self.db.insert(db);
                    db.count_progress(turns)?;
                    // A mistake in a statement changes nothing.
                    pragma(db.sqlite()?, "query_only", "1")?;
                    db
                }
                Err(error @ StoreError::Locked(_)) => return Err(error),
                Err(error) => {
                    debug!(%error, "the reader cannot open the database yet");
                    return Ok(Current::No);
                }
            },
        };
        if own {
            // The writer ends the process where it is not the file that it wrote.
            let found = Stamp::of(&opened.path);
            let known = found.is_ok_and(|found| self.published.is_known(&found));
            return Ok(if known { Current::Yes } else { Current::Unknown });
        }
        if db.own_tables.was_replaced(&db.path) {
            return Ok(Current::No);
        }
        match schema_version(&db.conn) {
            Ok(version) if version == db.columns.schema_version => Ok(Current::Yes),
            Err(error @ StoreError::Locked(_)) => Err(error),
            // The writer looks the columns up, or says what is wrong.
            Ok(_) | Err(_) => Ok(Current::No),
        }
    }

    /// The same with a server, which may have ended the connection. While it cannot be reached, the
    /// writer says why.
    fn follow_server(&mut self, turns: &Arc<AtomicU64>) -> Result<Current, StoreError> {
        if self.db.as_ref().is_some_and(Db::is_lost) {
            self.close();
        }
        let Some(opened) = &self.opened else { return Ok(Current::No) };
        if self.db.is_none() && !self.reconnect.is_due() {
            return self.silent.clone().map_or(Ok(Current::Unknown), Err);
        }
        let watch = Stopwatch::start();
        let db = match &mut self.db {
            Some(db) => db,
            None => match open_for_reading(opened) {
                Ok(db) => {
                    self.reconnect.succeed();
                    self.silent = None;
                    let db = self.db.insert(db);
                    db.count_progress(turns)?;
                    db
                }
                Err(error) => {
                    debug!(%error, "the reader cannot connect yet");
                    self.reconnect.fail(watch.elapsed());
                    self.silent = (watch.elapsed() >= SLOW).then_some(error);
                    return self.silent.clone().map_or(Ok(Current::Unknown), Err);
                }
            },
        };
        let version = schema_version(&db.conn)?;
        if version == db.columns.schema_version {
            return Ok(Current::Yes);
        }
        db.columns = Columns::read(&db.conn)?;
        Ok(if db.columns.missing().is_none() { Current::Yes } else { Current::No })
    }

    fn close(&mut self) {
        self.db = None;
    }
}

/// Whether the connection is to what is there now.
enum Current {
    Yes,
    No,
    /// The writer finds out.
    Unknown,
}
