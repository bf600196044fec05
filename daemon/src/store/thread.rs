//! The database thread: reads at once, writes in groups that share one sync.
//!
//! A group is the first waiting job and whatever else waits, at most [`GROUP`]. Each write runs in
//! a savepoint of its own; replies leave only after the commit, so that nothing is acknowledged
//! that a power cut could take back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::{error, info};

use super::audit::{AuditHead, audit_head};
use super::db::{Db, Tx};
use super::error::StoreError;
use super::slot::Slot;
use crate::effect::{Done, Effect, Sink};
use crate::error::CommandError;
use crate::faults::{Fault, is_off};

/// Most jobs of one group: a commit of so many small writes still takes about a millisecond.
const GROUP: usize = 256;

/// How often the thread looks up while nothing is asked of it.
const IDLE: Duration = Duration::from_secs(1);

/// Exit code of a storage error (`EX_IOERR`).
const EXIT_STORAGE: i32 = 74;

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const GIVEN_UP: u8 = 2;

/// Settles the race between a deadline and the thread: whoever moves it first wins.
#[derive(Clone, Debug, Default)]
struct Ticket(Arc<AtomicU8>);

impl Ticket {
    fn take(&self, state: u8) -> bool {
        self.0.compare_exchange(WAITING, state, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

type Finish = Box<dyn FnOnce(Result<(), CommandError>) + Send>;

/// What one write of a group came to, before the commit.
struct Step {
    failure: Option<StoreError>,
    keep: bool,
    effects: Vec<Effect>,
    finish: Finish,
}

type ReadRun = Box<dyn FnOnce(Result<&Db, StoreError>) + Send>;
type WriteRun = Box<dyn FnOnce(&Tx<'_>) -> Step + Send>;

enum Job {
    Read { ticket: Ticket, run: ReadRun },
    Write { ticket: Ticket, run: WriteRun, refuse: Finish },
    Stop,
}

/// The handle to the database thread; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    jobs: Sender<Job>,
    turns: Arc<AtomicU64>,
    committed: Arc<Committed>,
}

/// What was committed since the start.
#[derive(Debug, Default)]
struct Committed {
    groups: AtomicU64,
    writes: AtomicU64,
}

impl Store {
    /// Starts the thread that owns `slot`. What commits mean elsewhere goes to `sink`.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(slot: Slot, sink: Sink) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (jobs, inbox) = channel();
        let turns = Arc::new(AtomicU64::new(0));
        let committed = Arc::new(Committed::default());
        let (turning, committing) = (Arc::clone(&turns), Arc::clone(&committed));
        let mut thread = DbThread { slot, sink, inbox, turns: turning, committed: committing };
        let handle =
            std::thread::Builder::new().name("database".into()).spawn(move || thread.run())?;
        Ok((Self { jobs, turns, committed }, handle))
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

    /// As [`Store::read`], for work that has something to say while there is no database.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn look<T: Send + 'static>(
        &self,
        deadline: Duration,
        work: impl FnOnce(Result<&Db, StoreError>) -> Result<T, CommandError> + Send + 'static,
    ) -> Result<T, CommandError> {
        let (reply, answer) = oneshot::channel();
        let run: ReadRun = Box::new(move |db| {
            // A caller that went away has no use for the answer.
            let _ = reply.send(caught(|| work(db)));
        });
        self.submit(|ticket| Job::Read { ticket, run }, answer, deadline).await
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
        let (reply, answer) = oneshot::channel();
        let reply = Arc::new(Mutex::new(Some(reply)));
        let refusal = Arc::clone(&reply);
        let run: WriteRun = Box::new(move |tx| {
            let outcome = caught(|| work(tx));
            let failure = outcome.as_ref().err().and_then(CommandError::store_error).cloned();
            let (outcome, effects) = match outcome {
                Ok(Done { value, effects }) => (Ok(value), effects),
                Err(error) => (Err(error), Vec::new()),
            };
            let keep = outcome.is_ok();
            let finish: Finish = Box::new(move |end| send(&reply, end.and(outcome)));
            Step { failure, keep, effects, finish }
        });
        let refuse: Finish = Box::new(move |end| {
            if let Err(error) = end {
                send(&refusal, Err(error));
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
        if self.jobs.send(job(ticket.clone())).is_err() {
            return Err(StoreError::Stopped.into());
        }
        let outcome = match timeout(deadline, &mut answer).await {
            Ok(outcome) => outcome,
            Err(_) if ticket.take(GIVEN_UP) => return Err(CommandError::Late),
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
        let Committed { groups, writes } = &*self.committed;
        (groups.load(Ordering::Relaxed), writes.load(Ordering::Relaxed))
    }

    /// Asks the thread to finish what waits, checkpoint and end. Join its handle afterwards.
    pub fn stop(&self) {
        // A thread that is gone has stopped.
        let _ = self.jobs.send(Job::Stop);
    }
}

fn caught<T>(work: impl FnOnce() -> Result<T, CommandError>) -> Result<T, CommandError> {
    if is_off(Fault::LetPanicsPass) {
        return work();
    }
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(StoreError::Panicked.into()))
}

fn send<T>(reply: &Mutex<Option<oneshot::Sender<T>>>, outcome: T) {
    let reply = reply.lock().map_or(None, |mut reply| reply.take());
    if let Some(reply) = reply {
        let _ = reply.send(outcome);
    }
}

struct DbThread {
    slot: Slot,
    sink: Sink,
    inbox: Receiver<Job>,
    turns: Arc<AtomicU64>,
    committed: Arc<Committed>,
}

impl DbThread {
    fn run(&mut self) {
        loop {
            self.turns.fetch_add(1, Ordering::Relaxed);
            match self.inbox.recv_timeout(IDLE) {
                Ok(first) => {
                    if self.group(first) {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.slot.idle(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.tell_head();
        self.slot.close();
    }

    /// What the audit trail ended with: a tail that is cut before the next start shows against it.
    fn tell_head(&self) {
        if let Some(Ok(AuditHead { number, hash })) = self.slot.db().map(audit_head)
            && number > 0
        {
            info!(number, %hash, "head of the audit trail at stop");
        }
    }

    /// Runs one group; true when the thread is to end.
    fn group(&mut self, first: Job) -> bool {
        let mut stop = false;
        let mut writes = Vec::new();
        let rest: Vec<Job> = self.inbox.try_iter().take(GROUP - 1).collect();
        for job in std::iter::once(first).chain(rest) {
            match job {
                Job::Read { ticket, run } => {
                    if ticket.take(BEGUN) {
                        run(self.slot.get());
                    }
                }
                Job::Write { ticket, run, refuse } => {
                    if ticket.take(BEGUN) {
                        writes.push((run, refuse));
                    }
                }
                Job::Stop => stop = true,
            }
        }
        if !writes.is_empty() {
            self.write_group(writes);
        }
        stop
    }

    fn write_group(&mut self, writes: Vec<(WriteRun, Finish)>) {
        let sink = &mut self.sink;
        let db = match self.slot.begin() {
            Ok(db) => db,
            Err(error) => return refuse_all(writes, &error),
        };
        let mut steps = Vec::with_capacity(writes.len());
        let mut writes = writes.into_iter();
        while let Some((run, refuse)) = writes.next() {
            match one_write(db, run) {
                Ok(step) => steps.push(step),
                Err(error) => {
                    // SQLite rolled the whole transaction back, or it is in a state that nobody
                    // knows: nothing of the group happened.
                    end_what_is_left(db);
                    refuse(Err(error.clone().into()));
                    finish_all(steps, &Err(error.clone()), sink);
                    return refuse_all(writes.collect(), &error);
                }
            }
        }
        let kept = steps.iter().filter(|step| step.keep).count();
        let anything = kept > 0;
        if is_off(Fault::AcknowledgeEarly) {
            finish_all(steps, &Ok(()), sink);
            // What fails here was acknowledged already: that is the fault.
            let _ = commit(db, anything);
            return;
        }
        let end = commit(db, anything);
        if anything && end.is_ok() {
            self.committed.groups.fetch_add(1, Ordering::Relaxed);
            self.committed.writes.fetch_add(kept as u64, Ordering::Relaxed);
        }
        finish_all(steps, &end, sink);
    }
}

fn commit(db: &Db, anything: bool) -> Result<(), StoreError> {
    if !anything {
        return db.rollback();
    }
    let end = db.commit();
    if let Err(StoreError::Sync(cause)) = &end {
        if is_off(Fault::ForgiveSync) {
            return Ok(());
        }
        // Whether the pages reached the disk is unknown and will stay so: recovery at the next
        // start decides, nobody is told anything before.
        error!(%cause, "a sync failed, ending");
        std::process::exit(EXIT_STORAGE);
    }
    end
}

/// A transaction left open would be in the way of every later one.
fn end_what_is_left(db: &Db) {
    if !db.is_autocommit()
        && let Err(error) = db.rollback()
    {
        error!(%error, "a transaction could not be rolled back");
    }
}

/// Runs a write in its savepoint. After an error nothing of the whole transaction may stand.
fn one_write(db: &Db, run: WriteRun) -> Result<Step, StoreError> {
    db.savepoint()?;
    let step = run(&Tx::new(db));
    if db.is_autocommit() {
        let lost = || StoreError::Other("the transaction ended inside a command".into());
        return Err(step.failure.unwrap_or_else(lost));
    }
    if step.keep {
        db.release()?;
    } else {
        db.rollback_to()?;
    }
    Ok(step)
}

fn refuse_all(writes: Vec<(WriteRun, Finish)>, error: &StoreError) {
    for (_, refuse) in writes {
        refuse(Err(error.clone().into()));
    }
}

/// Applies what the commit means, then answers: all effects first, so that no answer is ahead of
/// the state that it speaks of.
fn finish_all(mut steps: Vec<Step>, end: &Result<(), StoreError>, sink: &mut Sink) {
    if end.is_ok() {
        steps.iter_mut().flat_map(|step| std::mem::take(&mut step.effects)).for_each(sink);
    }
    for step in steps {
        (step.finish)(end.clone().map_err(CommandError::from));
    }
}
