//! The queue of jobs for the database thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::db::Db;
use super::error::StoreError;
use super::group::{Finish, WriteRun};
use super::job_state::JobState;

/// Most jobs that wait. Connections bound those that somebody waits for; an abandoned job stays in
/// the queue until the thread gets to it, and while the thread is blocked each request adds
/// another.
pub(super) const WAITING: usize = 16_384;

/// Seconds after which a request that found the queue full may retry.
const RETRY_AFTER_S: u64 = 1;

pub(super) type ReadRun = Box<dyn FnOnce(Result<&Db, StoreError>) + Send>;

pub(super) enum Job {
    Read { ticket: JobState, run: ReadRun },
    Write { ticket: JobState, run: WriteRun, refuse: Finish },
    Stop,
}

/// The sending end; cheap to clone.
#[derive(Clone)]
pub(super) struct Jobs {
    to: Sender<Job>,
    waiting: Arc<AtomicUsize>,
    stopping: Arc<AtomicBool>,
}

/// The end of the database thread.
pub(super) struct Inbox {
    from: Receiver<Job>,
    waiting: Arc<AtomicUsize>,
    stopping: Arc<AtomicBool>,
}

/// Creates both ends.
pub(super) fn jobs() -> (Jobs, Inbox) {
    let (to, from) = channel();
    let (waiting, stopping) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
    let jobs = Jobs { to, waiting: Arc::clone(&waiting), stopping: Arc::clone(&stopping) };
    (jobs, Inbox { from, waiting, stopping })
}

impl Jobs {
    /// Puts a job in the queue.
    pub(super) fn add(&self, job: Job) -> Result<(), StoreError> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(StoreError::Busy { retry_after_s: RETRY_AFTER_S });
        }
        self.to.send(job).map_err(|_| StoreError::Stopped)
    }

    /// Asks the thread to stop, however many jobs wait.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.waiting.fetch_add(1, Ordering::Relaxed);
        // If the thread is gone it has stopped already.
        let _ = self.to.send(Job::Stop);
    }
}

impl Inbox {
    /// Waits for the next job.
    pub(super) fn wait(&self, limit: Duration) -> Result<Job, RecvTimeoutError> {
        self.from.recv_timeout(limit).inspect(|_| self.taken())
    }

    /// The next job, if there is one.
    pub(super) fn take(&self) -> Option<Job> {
        self.from.try_recv().ok().inspect(|_| self.taken())
    }

    /// True once the thread was asked to end.
    pub(super) fn stopping(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stopping)
    }

    /// How many jobs are in the queue now.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    fn taken(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
