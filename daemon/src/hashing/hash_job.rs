//! The caller's end of work that waits for a hash thread.

use thiserror::Error;
use tokio::sync::oneshot;

/// Why there is no hash and no verdict. Never says anything about the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PoolError {
    /// The queue is full; nothing was done.
    #[error("too many passwords are being checked, try again later")]
    Busy {
        /// When a place is likely to be free, in seconds, at least 1.
        retry_after_s: u64,
    },
    /// The pool stops: the daemon is shutting down.
    #[error("the daemon is shutting down")]
    Stopped,
    /// bcrypt would see only the beginning of this password.
    #[error("a password for bcrypt has at most 72 bytes and no NUL")]
    CutShort,
    /// No memory, no randomness, or a panic: a fault of the daemon.
    #[error("the password hash could not be computed")]
    Failed,
}

/// Work in the queue. Dropped before the work begins, the work is skipped when its turn comes
/// (its place stays taken until then); dropped later, the work is done for nobody.
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

    /// Waits until a thread has taken the work up, or will never do so. A request's deadline
    /// ends here: put a timeout around this, not around [`HashJob::outcome`].
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

    /// The same for a caller that is no task; panics inside a runtime.
    pub(super) fn wait(self) -> Result<T, PoolError> {
        self.done.blocking_recv().unwrap_or(Err(PoolError::Stopped))
    }
}

/// The thread's end of a [`Ticket`].
pub(super) struct Reply<T> {
    start: Option<oneshot::Sender<()>>,
    finish: oneshot::Sender<Result<T, PoolError>>,
}

impl<T> Reply<T> {
    /// Whether nobody waits any more.
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
