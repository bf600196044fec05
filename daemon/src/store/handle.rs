//! The handle to the database threads: what is asked of them, and how long the answer is waited for.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::backup::{Backup, BackupBefore};
use super::commit_stats::CommitStats;
use super::database::Database;
use super::db::{Db, Tx};
use super::error::{StoreError, WorkError};
use super::job_state::JobState;
use super::jobs::{Jobs, Rejected, jobs};
use super::published::Published;
use super::read_connection::open_for_long_work;
use super::reader::ReaderThread;
use super::work::{Around, Change, Read, Typed, Write};
use super::writer::{WriterJob, WriterThread};
use crate::model::{EffectHandler, WithEffects};

/// The handle to the database threads; cheap to clone.
#[derive(Clone)]
pub struct Store {
    writer: Jobs<WriterJob>,
    reader: Jobs<Read>,
    turns: [Arc<AtomicU64>; 2],
    committed: Arc<CommitStats>,
    published: Published,
}

/// The threads, to be joined at the end.
#[derive(Debug)]
pub struct Threads {
    writer: JoinHandle<()>,
    reader: JoinHandle<()>,
}

impl Threads {
    /// Waits until both have ended.
    ///
    /// # Errors
    /// The panic of a thread.
    pub fn join(self) -> std::thread::Result<()> {
        self.reader.join().and(self.writer.join())
    }
}

impl Store {
    /// Starts the writer thread, which owns `slot`, and the reader thread. What commits mean
    /// elsewhere goes to `effects`.
    ///
    /// # Errors
    /// The system's, where a thread cannot be started.
    pub fn start(slot: Database, effects: EffectHandler) -> io::Result<(Self, Threads)> {
        let ((to_writer, inbox), (to_reader, reads)) = (jobs(), jobs());
        let published = slot.published();
        let mut writer = WriterThread::new(slot, effects, inbox);
        let mut reader = ReaderThread::new(published.clone(), reads, to_writer.clone());
        let store = Self {
            writer: to_writer,
            reader: to_reader,
            turns: [writer.turns(), reader.turns()],
            committed: writer.committed(),
            published,
        };
        let writer = Builder::new().name("database".into()).spawn(move || writer.run())?;
        let reader = Builder::new().name("reader".into()).spawn(move || reader.run())?;
        Ok((store, Threads { writer, reader }))
    }

    /// Runs `work`, which reads what has been committed, on the reader thread; once more where it met
    /// other tables than were known.
    ///
    /// # Errors
    /// The work's own error, the store's, or [`StoreError::Late`] where the work had not begun
    /// at the end of `deadline`.
    pub async fn read<T: Send + 'static, E: WorkError>(
        &self,
        deadline: Duration,
        work: impl Fn(&Db) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        self.read_or_missing(deadline, move |db| work(db?)).await
    }

    /// As [`Store::read`], for a step of longer work, which carries what is known so far with it: it
    /// never runs again.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn read_once<T: Send + 'static, E: WorkError>(
        &self,
        deadline: Duration,
        work: impl FnOnce(&Db) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let (reply, answer) = oneshot::channel();
        let work = move |db: Result<&Db, StoreError>| work(db?);
        let submit = |state| rejected(self.reader.add(Read::once(state, reply, work)));
        submitted(submit, answer, deadline).await
    }

    /// As [`Store::read`], for work that has something to say while there is no database.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn read_or_missing<T: Send + 'static, E: WorkError>(
        &self,
        deadline: Duration,
        work: impl Fn(Result<&Db, StoreError>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let (reply, answer) = oneshot::channel();
        let submit = |state| rejected(self.reader.add(Read::new(state, reply, work)));
        submitted(submit, answer, deadline).await
    }

    /// As [`Store::read_or_missing`], on the writer thread: nothing is committed between what the
    /// work reads and its end. Every write waits for it.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn read_between_commits<T: Send + 'static, E: WorkError>(
        &self,
        deadline: Duration,
        work: impl Fn(Result<&Db, StoreError>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let (reply, answer) = oneshot::channel();
        let submit =
            |state| rejected(self.writer.add(WriterJob::Read(Read::new(state, reply, work))));
        submitted(submit, answer, deadline).await
    }

    /// Runs `work` in a savepoint of a group; the outcome comes after the group's commit. The work
    /// changes nothing but the database, so that it can run again where a group was undone.
    ///
    /// # Errors
    /// As [`Store::read`]; an error of `work` rolls back what it did, and nothing else.
    pub async fn write<T: Send + 'static, E: WorkError>(
        &self,
        deadline: Duration,
        work: impl Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let plain = |value| WithEffects { value, effects: Vec::new() };
        self.write_with_effects(deadline, move |tx| work(tx).map(plain)).await
    }

    /// As [`Store::write`]; the effects are applied after the commit and before this returns, in
    /// the order of the commits.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_with_effects<T: Send + 'static, E: WorkError>(
        &self,
        deadline: Duration,
        work: impl Fn(&Tx<'_>) -> Result<WithEffects<T>, E> + Send + 'static,
    ) -> Result<T, E> {
        self.submit_write(deadline, None, |reply| Box::new(Typed::new(reply, true, work))).await
    }

    /// Runs `work` as [`Store::write`] does and takes back all that it did, whatever it came to.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_and_rollback<T: Send + 'static, E: WorkError>(
        &self,
        deadline: Duration,
        work: impl Fn(&Tx<'_>) -> Result<WithEffects<T>, E> + Send + 'static,
    ) -> Result<T, E> {
        self.submit_write(deadline, None, |reply| Box::new(Typed::new(reply, false, work))).await
    }

    /// As [`Store::write_with_effects`], in a transaction that no other write shares, with something
    /// done before and after it on the same connection.
    ///
    /// # Errors
    /// As [`Store::write`], and those of `around`.
    pub async fn write_alone<T: Send + 'static, E: WorkError>(
        &self,
        deadline: Duration,
        around: Box<dyn Around>,
        work: impl Fn(&Tx<'_>) -> Result<WithEffects<T>, E> + Send + 'static,
    ) -> Result<T, E> {
        let change = |reply| -> Box<dyn Change> { Box::new(Typed::new(reply, true, work)) };
        self.submit_write(deadline, Some(around), change).await
    }

    async fn submit_write<T, E: WorkError>(
        &self,
        deadline: Duration,
        around: Option<Box<dyn Around>>,
        change: impl FnOnce(oneshot::Sender<Result<T, E>>) -> Box<dyn Change>,
    ) -> Result<T, E> {
        let (reply, answer) = oneshot::channel();
        let change = change(reply);
        let submit =
            |state| rejected(self.writer.add(WriterJob::Write(Write { state, change, around })));
        submitted(submit, answer, deadline).await
    }

    /// Opens another connection, for work that takes long. It must not be used on the async thread.
    ///
    /// # Errors
    /// The store's; [`StoreError::Missing`] while there is no database.
    pub fn connect(&self) -> Result<Db, StoreError> {
        let (_, opened) = self.published.current();
        open_for_long_work(&opened.ok_or(StoreError::Missing)?)
    }

    /// The backup of what a transaction is about to destroy, which is to be called `auto-NAME.db`.
    /// `also` reads what else is needed of the same state. It must not be used on the async thread.
    ///
    /// # Errors
    /// As [`Store::connect`].
    pub fn backup_before(
        &self,
        name: String,
        also: impl FnMut(&Db, Option<&Backup>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<BackupBefore, StoreError> {
        let writer = Arc::clone(&self.turns[0]);
        Ok(BackupBefore::new(self.connect()?, writer, name, Box::new(also)))
    }

    /// Counts for each thread, which moves each time the thread comes round: where one stands
    /// still, that thread hangs.
    pub fn heartbeat(&self) -> [u64; 2] {
        self.turns.each_ref().map(|turns| turns.load(Ordering::Relaxed))
    }

    /// Commits since the start, one sync each, and the writes in them.
    pub fn committed(&self) -> (u64, u64) {
        self.committed.read()
    }

    /// Asks the threads to finish what waits, and the writer to checkpoint. Join them afterwards.
    pub fn stop(&self) {
        self.reader.stop();
        self.writer.stop();
    }
}

fn rejected<J>(added: Result<(), Rejected<J>>) -> Result<(), StoreError> {
    added.map_err(|Rejected { error, .. }| error)
}

/// Submits a job and waits for its outcome.
async fn submitted<T, E: WorkError>(
    submit: impl FnOnce(JobState) -> Result<(), StoreError>,
    mut answer: oneshot::Receiver<Result<T, E>>,
    deadline: Duration,
) -> Result<T, E> {
    let state = JobState::default();
    submit(state.clone())?;
    let outcome = match timeout(deadline, &mut answer).await {
        Ok(outcome) => outcome,
        Err(_) if state.give_up() => return Err(StoreError::Late.into()),
        // It has begun: its outcome is the answer, however long it takes.
        Err(_) => answer.await,
    };
    outcome.unwrap_or(Err(StoreError::Stopped.into()))
}
