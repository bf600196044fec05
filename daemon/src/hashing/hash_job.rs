//! The caller's handle for work that waits for a hash thread.

use thiserror::Error;
use tokio::sync::oneshot;

/// Why there is no hash and no answer. Never contains anything about the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PoolError {
    /// The queue is full; nothing was done.
    #[error("too many passwords are being checked, try again later")]
    Busy {
        /// Seconds until a place is likely to be free, at least 1.
        retry_after_s: u64,
    },
    /// The pool has stopped: the daemon is shutting down.
    #[error("the daemon is shutting down")]
    Stopped,
    /// bcrypt would read only the beginning of this password.
    #[error("a password for bcrypt has at most 72 bytes and no NUL")]
    TooLong,
    /// Out of memory, no randomness, or a panic: a fault of the daemon.
    #[error("the password hash could not be computed")]
    Failed,
}

/// Work in the queue. Dropped before the work begins, the work is skipped when it is next (it
/// occupies its place until then); dropped later, the result is discarded.
#[derive(Debug)]
pub struct HashJob<T> {
    begun: Option<oneshot::Receiver<()>>,
    done: oneshot::Receiver<Result<T, PoolError>>,
}

impl<T> HashJob<T> {
    pub(super) fn new() -> (Self, Reply<T>) {
        let (start, begun) = oneshot::channel();
        let (finish, done) = oneshot::channel();
        (Self { begun: Some(begun), done }, Reply { start: Some(start), finish })
    }

    /// Waits until a thread has begun the work, or never will. A request's deadline ends here: put
    /// a timeout around this, not around [`HashJob::outcome`].
    ///
    /// May be dropped and called again.
    pub async fn begun(&mut self) {
        if let Some(begun) = &mut self.begun {
            let _ = begun.await;
            self.begun = None;
        }
    }

    /// Waits for the result.
    pub async fn outcome(self) -> Result<T, PoolError> {
        self.done.await.unwrap_or(Err(PoolError::Stopped))
    }

    /// The same for a caller outside a task; panics inside a runtime.
    pub(super) fn wait(self) -> Result<T, PoolError> {
        self.done.blocking_recv().unwrap_or(Err(PoolError::Stopped))
    }
}

/// The thread's end of a [`HashJob`].
pub(super) struct Reply<T> {
    start: Option<oneshot::Sender<()>>,
    finish: oneshot::Sender<Result<T, PoolError>>,
}

impl<T> Reply<T> {
    /// Whether the caller has stopped waiting.
    pub(super) fn is_unwanted(&self) -> bool {
        self.finish.is_closed()
    }

    pub(super) fn begin(&mut self) {
        if let Some(start) = self.start.take() {
            let _ = start.send(());
        }
    }

    pub(super) fn finish(self, outcome: Result<T, PoolError>) {
        let _ = self.finish.send(outcome);
    }
}
