//! The database thread: reads at once, writes in groups that share one sync.
//!
//! A group is the first waiting job and whatever else waits, at most [`GROUP`]. Each write runs in
//! a savepoint of its own; replies leave only after the commit, so that nothing is acknowledged
//! that a power cut could take back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::audit::log_audit_head;
use super::committed::Committed;
use super::db::{Db, Kind, Tx};
use super::error::StoreError;
use super::group::{
    Finish, Step, WriteRun, caught, commit, end_what_is_left, finish_all, one_write, refuse_all,
};
use super::jobs::{Inbox, Job, Jobs, ReadRun, jobs};
use super::lock_gap::LockGap;
use super::outbox::{Answers, Outbox, Reply, outbox};
use super::slot::Slot;
use super::ticket::Ticket;
use crate::clock::Stopwatch;
use crate::effect::{Done, Sink};
use crate::error::CommandError;
use crate::faults::{Fault, is_off};

/// Most jobs of one group: a commit of so many small writes still takes about a millisecond.
const GROUP: usize = 256;

/// How often the thread looks up while nothing is asked of it.
const IDLE: Duration = Duration::from_secs(1);

/// The handle to the database thread; cheap to clone.
#[derive(Clone)]
pub struct Store {
    jobs: Jobs,
    turns: Arc<AtomicU64>,
    outbox: Outbox,
    committed: Arc<Committed>,
}

impl Store {
    /// Starts the thread that owns `slot`. What commits mean elsewhere goes to `sink`; what is
    /// answered comes out of the answers, which somebody must pass on.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(slot: Slot, sink: Sink) -> std::io::Result<(Self, JoinHandle<()>, Answers)> {
        let (jobs, inbox) = jobs();
        let ((outbox, answers), gap) = (outbox(), LockGap::default());
        let store = Self { jobs, turns: Arc::default(), outbox, committed: Arc::default() };
        let (turns, committed) = (Arc::clone(&store.turns), Arc::clone(&store.committed));
        let mut thread =
            DbThread { slot, sink, inbox, turns, outbox: store.outbox.clone(), committed, gap };
        let handle =
            std::thread::Builder::new().name("database".into()).spawn(move || thread.run())?;
        Ok((store, handle, answers))
    }

    /// Runs `work` outside of any transaction.
    ///
    /// # Errors
    /// The work's own error, the store's, or [`CommandError::Late`] where the work had not begun
    /// at the end of `deadline`.
    pub async fn read<T: Send + 'static>(
        &self,
        deadline: Duration,
        work: impl FnOnce(&Db) -> Result<T, CommandError> + Send + 'static,
    ) -> Result<T, CommandError> {
        self.look(deadline, |db| work(db?)).await
    }

    /// As [`Store::read`], for work of a few rows: its answer leaves together with those of its
    /// neighbours.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn look_up<T: Send + 'static>(
        &self,
        deadline: Duration,
        work: impl FnOnce(&Db) -> Result<T, CommandError> + Send + 'static,
    ) -> Result<T, CommandError> {
        self.ask(deadline, true, |db| work(db?)).await
    }

    /// As [`Store::read`], for work that has something to say while there is no database.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn look<T: Send + 'static>(
        &self,
        deadline: Duration,
        work: impl FnOnce(Result<&Db, StoreError>) -> Result<T, CommandError> + Send + 'static,
    ) -> Result<T, CommandError> {
        self.ask(deadline, false, work).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        deadline: Duration,
        short: bool,
        work: impl FnOnce(Result<&Db, StoreError>) -> Result<T, CommandError> + Send + 'static,
    ) -> Result<T, CommandError> {
        let (reply, answer) = oneshot::channel();
        let reply = Reply::new(reply, self.outbox.clone());
        let run: ReadRun = Box::new(move |db| reply.send(caught(|| work(db))));
        self.submit(|ticket| Job::Read { ticket, run, short }, answer, deadline).await
    }

    /// Runs `work` in a savepoint of a group; the outcome comes after the group's commit.
    ///
    /// # Errors
    /// As [`Store::read`]; an error of `work` rolls back what it did, and nothing else.
    pub async fn write<T: Send + 'static>(
        &self,
        deadline: Duration,
        work: impl FnOnce(&Tx<'_>) -> Result<T, CommandError> + Send + 'static,
    ) -> Result<T, CommandError> {
        let plain = |value| Done { value, effects: Vec::new() };
        self.write_with_effects(deadline, move |tx| work(tx).map(plain)).await
    }

    /// As [`Store::write`]; the effects are applied after the commit and before this returns, in
    /// the order of the commits.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn write_with_effects<T: Send + 'static>(
        &self,
        deadline: Duration,
        work: impl FnOnce(&Tx<'_>) -> Result<Done<T>, CommandError> + Send + 'static,
    ) -> Result<T, CommandError> {
        self.write_or_try(deadline, true, work).await
    }

    /// Runs `work` as [`Store::write`] does and takes back all that it did, whatever it came to.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn try_out<T: Send + 'static>(
        &self,
        deadline: Duration,
        work: impl FnOnce(&Tx<'_>) -> Result<Done<T>, CommandError> + Send + 'static,
    ) -> Result<T, CommandError> {
        self.write_or_try(deadline, false, work).await
    }

    async fn write_or_try<T: Send + 'static>(
        &self,
        deadline: Duration,
        keep: bool,
        work: impl FnOnce(&Tx<'_>) -> Result<Done<T>, CommandError> + Send + 'static,
    ) -> Result<T, CommandError> {
        let (reply, answer) = oneshot::channel();
        let reply = Reply::new(reply, self.outbox.clone());
        let refusal = reply.clone();
        let run: WriteRun = Box::new(move |tx| {
            let outcome = caught(|| work(tx));
            let failure = outcome.as_ref().err().and_then(CommandError::store_error).cloned();
            let (outcome, effects) = match outcome {
                Ok(Done { value, effects }) if keep => (Ok(value), effects),
                Ok(Done { value, .. }) => (Ok(value), Vec::new()),
                Err(error) => (Err(error), Vec::new()),
            };
            let keep = keep && outcome.is_ok();
            let finish: Finish = Box::new(move |end| reply.send(end.and(outcome)));
            Step { failure, keep, effects, finish }
        });
        let refuse: Finish = Box::new(move |end| {
            if let Err(error) = end {
                refusal.send(Err(error));
            }
        });
        self.submit(|ticket| Job::Write { ticket, run, refuse }, answer, deadline).await
    }

    async fn submit<T>(
        &self,
        job: impl FnOnce(Ticket) -> Job,
        mut answer: oneshot::Receiver<Result<T, CommandError>>,
        deadline: Duration,
    ) -> Result<T, CommandError> {
        let ticket = Ticket::default();
        self.jobs.add(job(ticket.clone()))?;
        let outcome = match timeout(deadline, &mut answer).await {
            Ok(outcome) => outcome,
            Err(_) if ticket.give_up() => return Err(CommandError::Late),
            // It has begun: its outcome is the answer, however long it takes.
            Err(_) => answer.await,
        };
        outcome.unwrap_or(Err(StoreError::Stopped.into()))
    }

    /// Counts up each time the thread comes round: it moves, or it does not.
    #[must_use]
    pub fn turns(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    /// Commits since the start, one sync each, and the writes in them.
    #[must_use]
    pub fn committed(&self) -> (u64, u64) {
        self.committed.read()
    }

    /// Asks the thread to finish what waits, checkpoint and end. Join its handle afterwards.
    pub fn stop(&self) {
        self.jobs.stop();
    }
}

/// What a group has taken from the inbox.
#[derive(Default)]
struct Taken {
    writes: Vec<(WriteRun, Finish)>,
    stop: bool,
}

struct DbThread {
    slot: Slot,
    sink: Sink,
    inbox: Inbox,
    turns: Arc<AtomicU64>,
    committed: Arc<Committed>,
    outbox: Outbox,
    gap: LockGap,
}

impl DbThread {
    fn run(&mut self) {
        // The start wrote as well.
        let _ = self.slot.check_written();
        loop {
            self.turns.fetch_add(1, Ordering::Relaxed);
            match self.inbox.wait(IDLE) {
                Ok(first) => {
                    if self.group(first) {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.slot.idle(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        log_audit_head(self.slot.db(), "stop");
        self.slot.close();
    }

    /// Runs one group; true when the thread is to end.
    fn group(&mut self, first: Job) -> bool {
        let mut taken = Taken::default();
        self.take(first, &mut taken);
        self.take_what_waits(&mut taken);
        if !taken.writes.is_empty() {
            match self.begin(&mut taken) {
                Ok(()) => {
                    let watch = Stopwatch::start();
                    let end = self.write_group(taken.writes);
                    if self.slot.is_shared() {
                        self.gap.begin(watch.elapsed());
                    }
                    self.outbox.flush();
                    self.slot.after_commit(&end);
                }
                Err(error) => refuse_all(taken.writes, &error),
            }
            self.outbox.flush();
        }
        taken.stop
    }

    fn take_what_waits(&mut self, taken: &mut Taken) {
        let mut most = GROUP - 1;
        // A full group leaves the rest in the queue: what is taken out of it is carried out.
        while most > 0
            && taken.writes.len() < GROUP
            && let Some(job) = self.inbox.take()
        {
            self.take(job, taken);
            most -= 1;
        }
        self.outbox.flush();
    }

    /// Carries a look out, and keeps a write for the transaction.
    fn take(&mut self, job: Job, taken: &mut Taken) {
        match job {
            Job::Read { ticket, run, short } => {
                if ticket.begin() {
                    self.read(run, short);
                }
            }
            Job::Write { ticket, run, refuse } => {
                if ticket.begin() {
                    taken.writes.push((run, refuse));
                }
            }
            Job::Stop => taken.stop = true,
        }
    }

    /// Takes the lock of a write transaction. While PhotoPrism has it, those who only look are
    /// served.
    fn begin(&mut self, taken: &mut Taken) -> Result<(), StoreError> {
        self.leave_gap(taken);
        let watch = Stopwatch::start();
        loop {
            match self.slot.begin() {
                Err(StoreError::Locked(_)) if watch.elapsed() < self.slot.patience() => {}
                end => return end,
            }
            self.turns.fetch_add(1, Ordering::Relaxed);
            self.take_what_waits(taken);
        }
    }

    /// Lets PhotoPrism have its turn at the lock; those who only look are served meanwhile.
    fn leave_gap(&mut self, taken: &mut Taken) {
        while taken.writes.len() < GROUP
            && !taken.stop
            && let Some(left) = self.gap.left()
            && let Ok(job) = self.inbox.wait(left)
        {
            self.turns.fetch_add(1, Ordering::Relaxed);
            self.take(job, taken);
            self.outbox.flush();
        }
    }

    /// What may take its time, or wait for a lock of PhotoPrism, keeps nobody's answer waiting.
    fn read(&mut self, run: ReadRun, short: bool) {
        let quick = short && self.slot.db().is_some_and(|db| *db.kind() == Kind::Own);
        if !quick {
            self.outbox.flush();
            self.slot.check();
        }
        run(self.slot.get());
        if !quick {
            self.outbox.flush();
        }
    }

    /// The transaction is begun.
    fn write_group(&mut self, writes: Vec<(WriteRun, Finish)>) -> Result<(), StoreError> {
        let Some(db) = self.slot.db() else {
            refuse_all(writes, &StoreError::Missing);
            return Err(StoreError::Missing);
        };
        let mut steps = Vec::with_capacity(writes.len());
        let mut writes = writes.into_iter();
        while let Some((run, refuse)) = writes.next() {
            match one_write(db, run) {
                Ok(step) => steps.push(step),
                Err(error) => {
                    // SQLite rolled all of it back, or it is in a state that nobody knows.
                    end_what_is_left(db);
                    refuse(Err(error.clone().into()));
                    finish_all(steps, &Err(error.clone()), &mut self.sink);
                    refuse_all(writes.collect(), &error);
                    // What did not fit into memory was in the log already.
                    let _ = self.slot.check_written();
                    return Err(error);
                }
            }
        }
        self.end_group(steps)
    }

    fn end_group(&mut self, steps: Vec<Step>) -> Result<(), StoreError> {
        let Some(db) = self.slot.db() else { return Err(StoreError::Missing) };
        let kept = steps.iter().filter(|step| step.keep).count();
        let anything = kept > 0;
        if is_off(Fault::AcknowledgeEarly) {
            finish_all(steps, &Ok(()), &mut self.sink);
            self.outbox.flush();
            return commit(db, anything).and(self.slot.check_written());
        }
        let mut end = commit(db, anything);
        let written = self.slot.check_written();
        if anything {
            end = end.and(written);
        }
        if end.is_ok() {
            self.committed.note(kept);
        }
        finish_all(steps, &end, &mut self.sink);
        self.slot.checkpoint();
        end
    }
}
