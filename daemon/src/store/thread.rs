//! The database thread: reads at once, writes in groups that share one sync.
//!
//! A group is the first waiting job and whatever else waits, at most [`GROUP`]. Each write runs in
//! a savepoint of its own; replies leave only after the commit, so that nothing is acknowledged
//! that a power cut could take back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use super::audit::log_audit_head;
use super::commit_stats::CommitStats;
use super::database::Database;
use super::error::StoreError;
use super::group::{
    Finish, Step, WriteRun, commit, complete_all, fail_all, rollback_if_open, run_in_savepoint,
};
use super::jobs::{Inbox, Job, ReadRun};
use super::lock_gap::LockGap;
use super::lock_timeout;
use super::outbox::ReplyQueue;
use crate::clock::Stopwatch;
use crate::failpoints::{Failpoint, enabled};
use crate::model::EffectHandler;

/// Most jobs of one group: a commit of so many small writes still takes about a millisecond.
const GROUP: usize = 256;

/// How often the thread looks up while nothing is asked of it.
const IDLE: Duration = Duration::from_secs(1);

/// What a group has taken from the inbox.
#[derive(Default)]
struct Taken {
    writes: Vec<(WriteRun, Finish)>,
    stop: bool,
    /// One of the writes waited while another job gave PhotoPrism's lock up.
    waited: bool,
    /// Since the group waits for PhotoPrism's lock.
    locked: Option<Stopwatch>,
}

pub(super) struct DbThread {
    slot: Database,
    sink: EffectHandler,
    inbox: Inbox,
    turns: Arc<AtomicU64>,
    committed: Arc<CommitStats>,
    outbox: ReplyQueue,
    gap: LockGap,
    /// Jobs at the head of the queue that waited while another gave up PhotoPrism's lock.
    waited: usize,
}

impl DbThread {
    pub(super) fn new(
        slot: Database,
        sink: EffectHandler,
        inbox: Inbox,
        outbox: ReplyQueue,
    ) -> Self {
        let (turns, committed) = (Arc::default(), Arc::default());
        Self { slot, sink, inbox, turns, committed, outbox, gap: LockGap::default(), waited: 0 }
    }

    /// Moves with each job, and at least once a second while there is none.
    pub(super) fn turns(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.turns)
    }

    pub(super) fn committed(&self) -> Arc<CommitStats> {
        Arc::clone(&self.committed)
    }

    pub(super) fn run(&mut self) {
        lock_timeout::stop_with(self.inbox.stopping());
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
                Err(error) => fail_all(taken.writes, &error),
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
        let waited = self.waited > 0;
        self.waited = self.waited.saturating_sub(1);
        match job {
            Job::Read { ticket, run } => {
                if ticket.begin() {
                    let spent = taken.locked.map_or(Duration::ZERO, Stopwatch::elapsed);
                    let timeout = if waited {
                        Duration::ZERO
                    } else {
                        lock_timeout::full().saturating_sub(spent)
                    };
                    self.read(run, timeout);
                }
            }
            Job::Write { ticket, run, refuse } => {
                if ticket.begin() {
                    taken.waited |= waited;
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
        taken.locked = Some(watch);
        loop {
            match self.slot.begin() {
                Err(StoreError::Locked(_))
                    if !taken.waited
                        && !taken.stop
                        && watch.elapsed() < self.slot.lock_timeout() => {}
                Err(error @ StoreError::Locked(_)) => {
                    self.waited = self.inbox.waiting();
                    return Err(error);
                }
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

    /// What may take its time, or wait for a lock of PhotoPrism, keeps nobody's answer waiting. Of
    /// those who wait for such a lock at the same time the first one waits for all.
    fn read(&mut self, run: ReadRun, timeout: Duration) {
        self.outbox.flush();
        self.slot.check();
        lock_timeout::gave_up();
        lock_timeout::within(timeout, || run(self.slot.get()));
        if lock_timeout::gave_up() && !timeout.is_zero() {
            self.waited = self.inbox.waiting();
        }
        self.outbox.flush();
    }

    /// The transaction is begun.
    fn write_group(&mut self, writes: Vec<(WriteRun, Finish)>) -> Result<(), StoreError> {
        let Some(db) = self.slot.db() else {
            fail_all(writes, &StoreError::Missing);
            return Err(StoreError::Missing);
        };
        let mut steps = Vec::with_capacity(writes.len());
        let mut writes = writes.into_iter();
        while let Some((run, refuse)) = writes.next() {
            match run_in_savepoint(db, &run) {
                Ok(step) => steps.push(step),
                Err(error) => {
                    // SQLite rolled all of it back, or it is in a state that nobody knows.
                    rollback_if_open(db);
                    refuse(Err(error.clone()));
                    complete_all(steps, &Err(error.clone()), &mut self.sink);
                    fail_all(writes.collect(), &error);
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
        if enabled(Failpoint::AcknowledgeEarly) {
            complete_all(steps, &Ok(()), &mut self.sink);
            self.outbox.flush();
            return commit(db, anything).and(self.slot.check_written());
        }
        let mut end = commit(db, anything);
        if let Err(StoreError::Locked(_)) = end {
            self.waited = self.inbox.waiting();
        }
        let written = self.slot.check_written();
        if anything {
            end = end.and(written);
        }
        if end.is_ok() {
            self.committed.note(kept);
        }
        complete_all(steps, &end, &mut self.sink);
        self.slot.checkpoint();
        end
    }
}
