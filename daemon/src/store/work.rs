//! What the database threads are asked to do, each with where its outcome goes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use super::db::{Db, Tx};
use super::error::{StoreError, WorkError};
use super::job_state::JobState;
use crate::failpoints::{Failpoint, enabled};
use crate::model::{Effect, WithEffects};

/// A panic of `work` fails its own request and no other.
fn caught<T, E: From<StoreError>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    if enabled(Failpoint::LetPanicsPass) {
        return work();
    }
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(StoreError::Panicked.into()))
}

/// Where the outcome of work goes. A caller that went away has no use for it.
pub(super) type Reply<T, E> = oneshot::Sender<Result<T, E>>;

/// Work that only reads, whatever it returns.
trait Look: Send {
    /// Runs it, and keeps its outcome: the store's error, where it failed with one.
    fn run(&mut self, db: Result<&Db, StoreError>) -> Option<StoreError>;

    /// Replies with the last outcome.
    fn reply(self: Box<Self>);
}

/// A read in the queue.
pub(super) struct Read {
    state: JobState,
    look: Box<dyn Look>,
    /// How often it may run again.
    again: u32,
    has_begun: bool,
}

impl Read {
    /// Work that can run again, where it met other tables than were known.
    pub(super) fn new<T: Send + 'static, E: WorkError>(
        state: JobState,
        reply: Reply<T, E>,
        work: impl Fn(Result<&Db, StoreError>) -> Result<T, E> + Send + 'static,
    ) -> Self {
        let look = Box::new(Looking { work, outcome: None, reply });
        Self { state, look, again: 1, has_begun: false }
    }

    /// Work that runs once.
    pub(super) fn once<T: Send + 'static, E: WorkError>(
        state: JobState,
        reply: Reply<T, E>,
        work: impl FnOnce(Result<&Db, StoreError>) -> Result<T, E> + Send + 'static,
    ) -> Self {
        let mut work = Some(work);
        let work = move |db: Result<&Db, StoreError>| match work.take() {
            Some(work) => work(db),
            None => Err(StoreError::Stopped.into()),
        };
        let look = Box::new(Looking { work, outcome: None, reply });
        Self { state, look, again: 0, has_begun: false }
    }

    /// Runs it, unless its caller has given up. Returns it where it has to run again, with what is
    /// looked up anew.
    pub(super) fn run(mut self, db: Result<&Db, StoreError>) -> Option<Self> {
        if !self.has_begun && !self.state.begin() {
            return None;
        }
        self.has_begun = true;
        let failure = self.look.run(db);
        if self.again > 0 && matches!(failure, Some(StoreError::OtherSchema(_))) {
            self.again -= 1;
            return Some(self);
        }
        self.look.reply();
        None
    }

    /// Whether its caller has given up.
    pub(super) fn is_abandoned(&self) -> bool {
        self.state.is_given_up()
    }
}

/// A read of one type, and where its outcome goes.
struct Looking<T, E, W> {
    work: W,
    outcome: Option<Result<T, E>>,
    reply: Reply<T, E>,
}

impl<T, E, W> Look for Looking<T, E, W>
where
    T: Send + 'static,
    E: WorkError,
    W: FnMut(Result<&Db, StoreError>) -> Result<T, E> + Send,
{
    fn run(&mut self, db: Result<&Db, StoreError>) -> Option<StoreError> {
        let outcome = caught(|| (self.work)(db));
        let failure = outcome.as_ref().err().and_then(E::store_error).cloned();
        self.outcome = Some(outcome);
        failure
    }

    fn reply(self: Box<Self>) {
        if let Some(outcome) = self.outcome {
            let _ = self.reply.send(outcome);
        }
    }
}

/// What a write came to inside the transaction.
pub(super) struct Step {
    /// The store's error, where it failed with one: it decides what becomes of the whole group.
    pub(super) failure: Option<StoreError>,
    /// Whether what it wrote is kept.
    pub(super) keep: bool,
}

/// Work that writes, whatever it returns.
pub(super) trait Change: Send {
    /// Runs it. Where the group is undone it may run again.
    fn run(&mut self, tx: &Tx<'_>) -> Step;

    /// The effects of its commit.
    fn take_effects(&mut self) -> Vec<Effect>;

    /// Replies: its own outcome, or the error with which its group ended.
    fn finish(self: Box<Self>, end: Result<(), StoreError>);
}

/// A write in the queue.
pub(super) struct Write {
    pub(super) state: JobState,
    pub(super) change: Box<dyn Change>,
    /// It needs a transaction of its own, and something done around it.
    pub(super) around: Option<Box<dyn Around>>,
}

/// What is done before and after a transaction of its own, for statements that SQLite refuses inside
/// of one.
pub trait Around: Send {
    /// Called before the transaction begins, again where its lock was not free, or the
    /// connection to the server was lost.
    ///
    /// # Errors
    /// The store's: the write fails with it.
    fn before(&mut self, db: &Db) -> Result<(), StoreError>;

    /// Called once the transaction has ended, however it ended.
    fn after(&mut self, db: &Db);
}

/// A write of one type, and where its outcome goes.
pub(super) struct Typed<T, E, W> {
    work: W,
    keep: bool,
    outcome: Option<Result<T, E>>,
    effects: Vec<Effect>,
    reply: Reply<T, E>,
}

impl<T, E, W> Typed<T, E, W> {
    /// Work whose writes are kept where it succeeds and `keep` is true.
    pub(super) const fn new(reply: Reply<T, E>, keep: bool, work: W) -> Self {
        Self { work, keep, outcome: None, effects: Vec::new(), reply }
    }
}

impl<T, E, W> Change for Typed<T, E, W>
where
    T: Send + 'static,
    E: WorkError,
    W: Fn(&Tx<'_>) -> Result<WithEffects<T>, E> + Send,
{
    fn run(&mut self, tx: &Tx<'_>) -> Step {
        let outcome = caught(|| (self.work)(tx));
        let failure = outcome.as_ref().err().and_then(E::store_error).cloned();
        let keep = self.keep && outcome.is_ok();
        let (outcome, effects) = match outcome {
            Ok(WithEffects { value, effects }) => (Ok(value), effects),
            Err(error) => (Err(error), Vec::new()),
        };
        self.effects = effects;
        self.effects.extend(tx.take_effects());
        self.outcome = Some(outcome);
        Step { failure, keep }
    }

    fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    fn finish(self: Box<Self>, end: Result<(), StoreError>) {
        let outcome = match end {
            Ok(()) => self.outcome.unwrap_or_else(|| Err(StoreError::Stopped.into())),
            Err(error) => Err(error.into()),
        };
        let _ = self.reply.send(outcome);
    }
}
