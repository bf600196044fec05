//! The bounded queue of a database thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::error::StoreError;

/// Most jobs that wait. Connections bound those that somebody waits for; an abandoned job stays in
/// the queue until the thread gets to it, and while the thread is blocked each request adds
/// another.
pub(super) const WAITING: usize = 16_384;

/// Seconds after which a request that found the queue full may retry.
const RETRY_AFTER_S: u64 = 1;

/// What a thread finds in its queue.
pub(super) enum Message<J> {
    Job(J),
    Stop,
}

/// A job that did not fit, and why.
pub(super) struct Rejected<J> {
    pub(super) job: J,
    pub(super) error: StoreError,
}

/// The sending end; cheap to clone.
pub(super) struct Jobs<J> {
    to: Sender<Message<J>>,
    waiting: Arc<AtomicUsize>,
    stopping: Arc<AtomicBool>,
}

impl<J> Clone for Jobs<J> {
    fn clone(&self) -> Self {
        Self {
            to: self.to.clone(),
            waiting: Arc::clone(&self.waiting),
            stopping: Arc::clone(&self.stopping),
        }
    }
}

/// The end of the database thread.
pub(super) struct Inbox<J> {
    from: Receiver<Message<J>>,
    waiting: Arc<AtomicUsize>,
    stopping: Arc<AtomicBool>,
}

/// Creates both ends.
pub(super) fn jobs<J>() -> (Jobs<J>, Inbox<J>) {
    let (to, from) = channel();
    let (waiting, stopping) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
    let jobs = Jobs { to, waiting: Arc::clone(&waiting), stopping: Arc::clone(&stopping) };
    (jobs, Inbox { from, waiting, stopping })
}

impl<J> Jobs<J> {
    /// Puts a job in the queue.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where the queue is full, [`StoreError::Stopped`] where the thread has
    /// ended; the job comes back.
    pub(super) fn add(&self, job: J) -> Result<(), Rejected<J>> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Rejected { job, error: StoreError::Busy { retry_after_s: RETRY_AFTER_S } });
        }
        match self.to.send(Message::Job(job)) {
            Err(std::sync::mpsc::SendError(Message::Job(job))) => {
                Err(Rejected { job, error: StoreError::Stopped })
            }
            _ => Ok(()),
        }
    }

    /// Asks the thread to stop, however many jobs wait.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.waiting.fetch_add(1, Ordering::Relaxed);
        // If the thread is gone it has stopped already.
        let _ = self.to.send(Message::Stop);
    }
}

impl<J> Inbox<J> {
    /// Waits for the next job.
    pub(super) fn wait(&self, limit: Duration) -> Result<Message<J>, RecvTimeoutError> {
        self.from.recv_timeout(limit).inspect(|_| self.taken())
    }

    /// The next job, if there is one.
    pub(super) fn take(&self) -> Option<Message<J>> {
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
