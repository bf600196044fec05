//! The handle to the database thread: what is asked of it, and how long its answer is waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::commit_stats::CommitStats;
use super::database::Database;
use super::db::{Db, Tx};
use super::error::{StoreError, WorkError};
use super::group::{Finish, Step, WriteRun, caught};
use super::job_state::JobState;
use super::jobs::{Job, Jobs, ReadRun, jobs};
use super::outbox::{Replies, Reply, ReplyQueue, outbox};
use super::thread::DbThread;
use crate::model::{EffectHandler, WithEffects};

/// The handle to the database thread; cheap to clone.
#[derive(Clone)]
pub struct Store {
    jobs: Jobs,
    turns: Arc<AtomicU64>,
    outbox: ReplyQueue,
    committed: Arc<CommitStats>,
}

impl Store {
    /// Starts the thread that owns `slot`. What commits mean elsewhere goes to `sink`; what is
    /// answered comes out of the answers, which somebody must pass on.
    pub fn start(
        slot: Database,
        sink: EffectHandler,
    ) -> std::io::Result<(Self, JoinHandle<()>, Replies)> {
        let (jobs, inbox) = jobs();
        let (outbox, answers) = outbox();
        let mut thread = DbThread::new(slot, sink, inbox, outbox.clone());
        let store = Self { jobs, turns: thread.turns(), outbox, committed: thread.committed() };
        let handle =
            std::thread::Builder::new().name("database".into()).spawn(move || thread.run())?;
        Ok((store, handle, answers))
    }

    /// Runs `work` outside of any transaction.
    ///
    /// # Errors
    /// The work's own error, the store's, or [`StoreError::Late`] where the work had not begun
    /// at the end of `deadline`.
    pub async fn read<T: Send + 'static, E: WorkError>(
        &self,
        deadline: Duration,
        work: impl FnOnce(&Db) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let (reply, answer) = self.reply();
        let run: ReadRun = Box::new(move |db| reply.send(caught(|| work(db?))));
        self.submit(|ticket| Job::Read { ticket, run }, answer, deadline).await
    }

    /// As [`Store::read`], for work that has something to say while there is no database.
    pub async fn read_or_missing<T: Send + 'static, E: WorkError>(
        &self,
        deadline: Duration,
        work: impl FnOnce(Result<&Db, StoreError>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let (reply, answer) = self.reply();
        let run: ReadRun = Box::new(move |db| reply.send(caught(|| work(db))));
        self.submit(|ticket| Job::Read { ticket, run }, answer, deadline).await
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
    pub async fn write_with_effects<T: Send + 'static, E: WorkError>(
        &self,
        deadline: Duration,
        work: impl Fn(&Tx<'_>) -> Result<WithEffects<T>, E> + Send + 'static,
    ) -> Result<T, E> {
        self.write_or_try(deadline, true, work).await
    }

    /// Runs `work` as [`Store::write`] does and takes back all that it did, whatever it came to.
    pub async fn write_and_rollback<T: Send + 'static, E: WorkError>(
        &self,
        deadline: Duration,
        work: impl Fn(&Tx<'_>) -> Result<WithEffects<T>, E> + Send + 'static,
    ) -> Result<T, E> {
        self.write_or_try(deadline, false, work).await
    }

    async fn write_or_try<T: Send + 'static, E: WorkError>(
        &self,
        deadline: Duration,
        keep: bool,
        work: impl Fn(&Tx<'_>) -> Result<WithEffects<T>, E> + Send + 'static,
    ) -> Result<T, E> {
        let (reply, answer) = self.reply();
        let refusal = reply.clone();
        let run: WriteRun = Box::new(move |tx| {
            let outcome = caught(|| work(tx));
            let failure = outcome.as_ref().err().and_then(E::store_error).cloned();
            let (outcome, effects) = match outcome {
                Ok(WithEffects { value, effects }) if keep => (Ok(value), effects),
                Ok(WithEffects { value, .. }) => (Ok(value), Vec::new()),
                Err(error) => (Err(error), Vec::new()),
            };
            let keep = keep && outcome.is_ok();
            let reply = reply.clone();
            let finish: Finish = Box::new(move |end| reply.send(end.map_err(E::from).and(outcome)));
            Step { failure, keep, effects, finish }
        });
        let refuse: Finish = Box::new(move |end| {
            if let Err(error) = end {
                refusal.send(Err(error.into()));
            }
        });
        self.submit(|ticket| Job::Write { ticket, run, refuse }, answer, deadline).await
    }

    /// Where the answer to a request goes, and where it is awaited.
    fn reply<T: Send + 'static>(&self) -> (Reply<T>, oneshot::Receiver<T>) {
        let (to, answer) = oneshot::channel();
        (Reply::new(to, self.outbox.clone()), answer)
    }

    async fn submit<T, E: WorkError>(
        &self,
        job: impl FnOnce(JobState) -> Job,
        mut answer: oneshot::Receiver<Result<T, E>>,
        deadline: Duration,
    ) -> Result<T, E> {
        let ticket = JobState::default();
        self.jobs.add(job(ticket.clone()))?;
        let outcome = match timeout(deadline, &mut answer).await {
            Ok(outcome) => outcome,
            Err(_) if ticket.give_up() => return Err(StoreError::Late.into()),
            // It has begun: its outcome is the answer, however long it takes.
            Err(_) => answer.await,
        };
        outcome.unwrap_or(Err(StoreError::Stopped.into()))
    }

    /// Counts up each time the thread comes round: it moves, or it does not.
    pub fn heartbeat(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    /// Commits since the start, one sync each, and the writes in them.
    pub fn committed(&self) -> (u64, u64) {
        self.committed.read()
    }

    /// Asks the thread to finish what waits, checkpoint and end. Join its handle afterwards.
    pub fn stop(&self) {
        self.jobs.stop();
    }
}
