//! The writer thread: runs writes in groups that share one sync.
//!
//! A group is what waits when its transaction begins, at most [`GROUP`] writes and as many as run
//! within [`GROUP_TIME`]. Each write but the first runs in a savepoint of its own; replies leave only
//! after the commit, so that nothing is acknowledged that a power cut could take back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use super::audit::log_audit_head;
use super::commit_stats::CommitStats;
use super::database::Database;
use super::error::StoreError;
use super::group::{
    Done, commit, complete_all, rollback_if_open, run_alone, run_first, run_in_savepoint,
};
use super::job_state::JobState;
use super::jobs::{Inbox, Message};
use super::lock_gap::LockGap;
use super::lock_timeout;
use super::work::{Around, Read, Write};
use crate::clock::Stopwatch;
use crate::failpoints::{Failpoint, enabled};
use crate::model::EffectHandler;

/// Most writes of one group: a commit of so many small ones still takes about a millisecond.
const GROUP: usize = 256;

/// The same on a server: larger ones made statements of PhotoPrism's own the victims of deadlocks.
const GROUP_OF_SERVER: usize = 8;

/// How long the writes of a group run before it is committed and the rest forms the next one.
const GROUP_TIME: Duration = Duration::from_millis(5);

/// How often a group that the server undid runs again.
const MOST_UNDONE: u32 = 3;

/// How often the thread looks up while nothing is asked of it.
pub(super) const IDLE: Duration = Duration::from_secs(1);

/// What the writer thread is asked to do.
pub(super) enum WriterJob {
    /// Read between two commits, or while the reader cannot.
    Read(Read),
    Write(Write),
}

/// A write that was taken from the inbox.
struct Queued {
    write: Write,
    /// It waited while another job gave PhotoPrism's lock up.
    waited: bool,
}

pub(super) struct WriterThread {
    slot: Database,
    effects: EffectHandler,
    inbox: Inbox<WriterJob>,
    committed: Arc<CommitStats>,
    gap: LockGap,
    /// Writes that wait for their group, the oldest first.
    queue: VecDeque<Queued>,
    /// Jobs at the head of the inbox that waited while another gave PhotoPrism's lock up.
    waited: usize,
    /// Since the next group waits for PhotoPrism's lock.
    locked: Option<Stopwatch>,
    /// How often the group at the head of the queue was undone.
    undone: u32,
    stop: bool,
}

impl WriterThread {
    pub(super) fn new(mut slot: Database, effects: EffectHandler, inbox: Inbox<WriterJob>) -> Self {
        // The start wrote as well. Known before the reader begins, so that it need not ask.
        let _ = slot.check_written();
        Self {
            slot,
            effects,
            inbox,
            committed: Arc::default(),
            gap: LockGap::default(),
            queue: VecDeque::new(),
            waited: 0,
            locked: None,
            undone: 0,
            stop: false,
        }
    }

    /// Moves with each job, with each piece of a long one, and at least once a second while there
    /// is none.
    pub(super) fn turns(&self) -> Arc<AtomicU64> {
        self.slot.turns()
    }

    pub(super) fn committed(&self) -> Arc<CommitStats> {
        Arc::clone(&self.committed)
    }

    pub(super) fn run(&mut self) {
        lock_timeout::stop_with(self.inbox.stopping());
        let turns = self.turns();
        while !self.stop || !self.queue.is_empty() {
            turns.fetch_add(1, Ordering::Relaxed);
            if self.queue.is_empty() {
                match self.inbox.wait(IDLE) {
                    Ok(first) => self.take(first),
                    Err(RecvTimeoutError::Timeout) => self.slot.idle(),
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            self.take_what_waits();
            self.queue.retain(|queued| !queued.write.state.is_given_up());
            if !self.queue.is_empty() {
                self.group();
            }
        }
        log_audit_head(self.slot.db(), "stop");
        self.slot.close();
    }

    /// Takes what is in the inbox now, but no more than a group and for no longer than one.
    fn take_what_waits(&mut self) {
        let watch = Stopwatch::start();
        for _ in 0..self.inbox.waiting().min(GROUP) {
            if self.queue.len() >= GROUP || watch.elapsed() >= GROUP_TIME {
                break;
            }
            let Some(job) = self.inbox.take() else { break };
            self.take(job);
        }
    }

    /// Carries a read out, and keeps a write for its group.
    fn take(&mut self, job: Message<WriterJob>) {
        let waited = self.waited > 0;
        self.waited = self.waited.saturating_sub(1);
        match job {
            Message::Job(WriterJob::Read(read)) => {
                let spent = self.locked.map_or(Duration::ZERO, Stopwatch::elapsed);
                let timeout = if waited {
                    Duration::ZERO
                } else {
                    lock_timeout::full().saturating_sub(spent)
                };
                self.read(read, timeout);
            }
            Message::Job(WriterJob::Write(write)) => self.queue.push_back(Queued { write, waited }),
            Message::Stop => self.stop = true,
        }
    }

    /// Of those who wait for PhotoPrism's lock at the same time the first one waits for all.
    fn read(&mut self, read: Read, timeout: Duration) {
        if read.is_abandoned() {
            return;
        }
        self.slot.check();
        lock_timeout::gave_up();
        lock_timeout::within(timeout, || {
            let mut left = Some(read);
            while let Some(read) = left {
                left = read.run(self.slot.get());
            }
        });
        if lock_timeout::gave_up() && !timeout.is_zero() {
            self.waited = self.inbox.waiting();
        }
    }

    /// Runs one group of the writes that wait.
    fn group(&mut self) {
        let mut around = self.queue.front_mut().and_then(|queued| queued.write.around.take());
        let alone = around.is_some();
        let begun = self.begin(&mut around);
        self.locked = None;
        match begun {
            Ok(()) => {
                let watch = Stopwatch::start();
                let most = if self.slot.has_server() { GROUP_OF_SERVER } else { GROUP };
                let end = self.write_group(if alone { 1 } else { most }, &mut around);
                if self.slot.is_shared() && !self.slot.has_server() {
                    self.gap.begin(watch.elapsed());
                }
                self.slot.after_commit(&end);
                self.slot.checkpoint();
                if let Err(error) = &end {
                    self.fail_who_waited(error);
                }
            }
            Err(error) => {
                self.end_around(&mut around);
                self.fail_who_waited(&error);
                // Those behind a write that is alone did not wait for what it needs.
                let failed = if alone { 1 } else { self.queue.len() };
                self.fail(failed, &error);
            }
        }
    }

    /// Takes the lock of a write transaction. While PhotoPrism has it, those who only look are
    /// served.
    fn begin(&mut self, around: &mut Option<Box<dyn Around>>) -> Result<(), StoreError> {
        self.leave_gap();
        let watch = Stopwatch::start();
        self.locked = Some(watch);
        let turns = self.turns();
        loop {
            let waited = self.queue.iter().any(|queued| queued.waited);
            let begun = self.slot.begin(|db| match around {
                Some(around) => around.before(db),
                None => Ok(()),
            });
            match begun {
                Err(StoreError::Locked(_))
                    if !waited
                        && !self.stop
                        && !self.slot.has_server()
                        && watch.elapsed() < self.slot.lock_timeout() => {}
                Err(error @ StoreError::Locked(_)) => {
                    self.waited = self.inbox.waiting();
                    return Err(error);
                }
                end => return end,
            }
            turns.fetch_add(1, Ordering::Relaxed);
            self.take_what_waits();
        }
    }

    /// Lets PhotoPrism have its turn at the lock; those who only look are served meanwhile.
    fn leave_gap(&mut self) {
        let turns = self.turns();
        while self.queue.len() < GROUP
            && !self.stop
            && let Some(left) = self.gap.left()
            && let Ok(job) = self.inbox.wait(left)
        {
            turns.fetch_add(1, Ordering::Relaxed);
            self.take(job);
        }
    }

    /// What was done around a transaction is taken back before its reply leaves: the next request
    /// of the same client may need it.
    fn end_around(&self, around: &mut Option<Box<dyn Around>>) {
        if let (Some(mut around), Some(db)) = (around.take(), self.slot.db()) {
            around.after(db);
        }
    }

    /// The transaction is begun.
    fn write_group(
        &mut self,
        most: usize,
        around: &mut Option<Box<dyn Around>>,
    ) -> Result<(), StoreError> {
        let mut left = self.queue.len().min(most);
        let Some(db) = self.slot.db() else {
            self.fail(left, &StoreError::Missing);
            return Err(StoreError::Missing);
        };
        let watch = Stopwatch::start();
        let (mut done, mut locked) = (Vec::<Done>::with_capacity(left), None);
        // The first is in no savepoint, so that undoing it undoes the group.
        let goes_on = |first: &Done| first.keep && watch.elapsed() < GROUP_TIME;
        while left > 0 && done.first().is_none_or(goes_on) {
            // One that needs a transaction of its own begins the next group.
            let joins = |queued: &mut Queued| queued.write.around.is_none();
            let Some(Queued { write, .. }) = self.queue.pop_front_if(joins) else { break };
            left -= 1;
            if !write.state.begin() {
                continue;
            }
            let mut change = write.change;
            let ran = if around.is_some() {
                run_alone(db, &mut *change)
            } else if done.is_empty() {
                run_first(db, &mut *change)
            } else {
                run_in_savepoint(db, &mut *change)
            };
            match ran {
                Ok(ran) => {
                    done.push(Done { change, keep: ran.keep });
                    locked = locked.or(ran.locked);
                }
                Err(error) => {
                    // SQLite rolled all of it back, or it is in a state that nobody knows.
                    rollback_if_open(db);
                    done.push(Done { change, keep: false });
                    self.end_around(around);
                    let done = match self.run_again(done, &error) {
                        Ok(()) => return Err(error),
                        Err(done) => done,
                    };
                    complete_all(done, &Err(error.clone()), &mut self.effects);
                    self.fail(left, &error);
                    // What did not fit into memory was in the log already.
                    let _ = self.slot.check_written();
                    return Err(error);
                }
            }
        }
        let end = self.end_group(done, around);
        if let Some(error) = locked {
            self.fail_who_waited(&error);
        }
        end
    }

    /// Puts the writes of a group that the server undid, since somebody else was in the way, or that
    /// met other tables than were known, back to the head of the queue; returns them where that was
    /// done often enough, or does not help.
    fn run_again(&mut self, done: Vec<Done>, error: &StoreError) -> Result<(), Vec<Done>> {
        let helps = matches!(error, StoreError::Undone(_) | StoreError::OtherSchema(_));
        if !helps || self.undone == MOST_UNDONE {
            self.undone = 0;
            return Err(done);
        }
        self.undone += 1;
        for Done { change, .. } in done.into_iter().rev() {
            let write = Write { state: JobState::default(), change, around: None };
            self.queue.push_front(Queued { write, waited: false });
        }
        Ok(())
    }

    /// A server lets one wait for a lock until its time-out. All who wait by then have waited for it,
    /// and would wait again one after the other.
    fn fail_who_waited(&mut self, error: &StoreError) {
        if !self.slot.has_server() || !matches!(error, StoreError::Locked(_)) {
            return;
        }
        for _ in 0..self.inbox.waiting() {
            let Some(job) = self.inbox.take() else { break };
            self.take(job);
        }
        self.waited = 0;
        self.fail(self.queue.len(), error);
    }

    /// Replies with an error to so many writes at the head of the queue.
    fn fail(&mut self, most: usize, error: &StoreError) {
        let most = most.min(self.queue.len());
        for Queued { write, .. } in self.queue.drain(..most) {
            if write.state.begin() {
                write.change.finish(Err(error.clone()));
            }
        }
    }

    fn end_group(
        &mut self,
        done: Vec<Done>,
        around: &mut Option<Box<dyn Around>>,
    ) -> Result<(), StoreError> {
        let Some(db) = self.slot.db() else { return Err(StoreError::Missing) };
        let kept = done.iter().filter(|done| done.keep).count();
        let anything = kept > 0;
        if enabled(Failpoint::AcknowledgeEarly) {
            complete_all(done, &Ok(()), &mut self.effects);
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
            self.undone = 0;
            self.committed.note(kept);
        } else {
            // What the two files of PhotoPrism's database hold now is found out before the next
            // read.
            self.slot.withdraw(&end);
        }
        self.end_around(around);
        let done = match &end {
            Err(error) if around.is_none() => match self.run_again(done, error) {
                Ok(()) => return end,
                Err(done) => done,
            },
            _ => done,
        };
        complete_all(done, &end, &mut self.effects);
        end
    }
}
