//! Replies on their way from the database thread to those who asked.
//!
//! Waking another thread is a system call on both sides. So the answers of a group wait for each
//! other here, and one wake serves them all.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

type Answer = Box<dyn FnOnce() + Send>;

/// The database thread's end; cheap to clone.
#[derive(Clone)]
pub(super) struct ReplyQueue {
    gathered: Arc<Mutex<Vec<Answer>>>,
    to: UnboundedSender<Vec<Answer>>,
}

/// The other end. Nobody is answered unless [`Replies::deliver`] runs.
pub struct Replies(UnboundedReceiver<Vec<Answer>>);

/// Both ends.
pub(super) fn outbox() -> (ReplyQueue, Replies) {
    let (to, from) = unbounded_channel();
    (ReplyQueue { gathered: Arc::default(), to }, Replies(from))
}

impl ReplyQueue {
    /// Keeps an answer until the next flush.
    pub(super) fn add(&self, answer: impl FnOnce() + Send + 'static) {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(answer));
    }

    /// Sends what was gathered.
    pub(super) fn flush(&self) {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        if !gathered.is_empty() {
            // Where nobody passes answers on any more, nobody waits for one.
            let _ = self.to.send(std::mem::take(&mut gathered));
        }
    }
}

/// Where the answer to one request goes. Of those that hold it the first decides.
pub(super) struct Reply<T> {
    to: Arc<Mutex<Option<oneshot::Sender<T>>>>,
    outbox: ReplyQueue,
}

impl<T> Clone for Reply<T> {
    fn clone(&self) -> Self {
        Self { to: Arc::clone(&self.to), outbox: self.outbox.clone() }
    }
}

impl<T: Send + 'static> Reply<T> {
    pub(super) fn new(to: oneshot::Sender<T>, outbox: ReplyQueue) -> Self {
        Self { to: Arc::new(Mutex::new(Some(to))), outbox }
    }

    /// Leaves with the next flush.
    pub(super) fn send(&self, outcome: T) {
        if let Some(to) = self.to.lock().map_or(None, |mut to| to.take()) {
            // A caller that went away has no use for the answer.
            self.outbox.add(move || drop(to.send(outcome)));
        }
    }
}

impl Replies {
    /// Gives each answer to who asked, on the thread of those who ask, until the database thread
    /// has ended.
    pub async fn deliver(mut self) {
        while let Some(together) = self.0.recv().await {
            for answer in together {
                answer();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn answers_leave_together_and_the_first_of_a_request_counts() {
        let (outbox, mut answers) = outbox();
        let (to, mut asked) = oneshot::channel();
        let reply = Reply::new(to, outbox.clone());
        let other = reply.clone();
        reply.send(1);
        other.send(2);
        outbox.add(|| {});
        assert!(answers.0.is_empty() && asked.try_recv().is_err());
        outbox.flush();
        outbox.flush();
        assert_eq!(answers.0.len(), 1);
        let together = answers.0.try_recv().unwrap();
        assert_eq!(together.len(), 2);
        for answer in together {
            answer();
        }
        assert_eq!(asked.try_recv(), Ok(1));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn they_are_passed_on_until_the_other_end_is_gone() {
        let (outbox, answers) = outbox();
        let (to, asked) = oneshot::channel();
        Reply::new(to, outbox.clone()).send("yes");
        outbox.flush();
        drop(outbox);
        answers.deliver().await;
        assert_eq!(asked.await, Ok("yes"));
    }
}
