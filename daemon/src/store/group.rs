//! The writes of one group: each in a savepoint, all in one transaction, replied to after its
//! commit.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tracing::error;

use super::attached;
use super::db::{Db, Tx, end_with_sync};
use super::error::StoreError;
use crate::failpoints::{Failpoint, enabled};
use crate::model::{Effect, EffectHandler};

pub(super) type Finish = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Result of one write of a group, before the commit.
pub(super) struct Step {
    pub(super) failure: Option<StoreError>,
    pub(super) keep: bool,
    pub(super) effects: Vec<Effect>,
    pub(super) finish: Finish,
}

pub(super) type WriteRun = Box<dyn Fn(&Tx<'_>) -> Step + Send>;

/// A panic of `work` fails its own request and no other.
pub(super) fn caught<T, E: From<StoreError>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    if enabled(Failpoint::LetPanicsPass) {
        return work();
    }
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(StoreError::Panicked.into()))
}

pub(super) fn commit(db: &Db, anything: bool) -> Result<(), StoreError> {
    if !anything {
        return db.rollback();
    }
    end_with_sync(commit_both(db))
}

/// With PhotoPrism's file, what the group did is kept in the attached one until it is known to be
/// committed in both.
fn commit_both(db: &Db) -> Result<(), StoreError> {
    if db.columns.attached
        && let Err(error) = attached::keep(db)
    {
        rollback_if_open(db);
        return Err(error);
    }
    db.commit()
}

/// A transaction left open would block every later one.
pub(super) fn rollback_if_open(db: &Db) {
    if !db.is_autocommit()
        && let Err(error) = db.rollback()
    {
        error!(%error, "a transaction could not be rolled back");
    }
}

/// Runs a write in its savepoint. After an error the caller must roll back the whole transaction.
pub(super) fn run_in_savepoint(db: &Db, run: &WriteRun) -> Result<Step, StoreError> {
    db.savepoint()?;
    let tx = Tx::new(db);
    let mut step = run(&tx);
    step.effects.extend(tx.take_effects());
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

pub(super) fn fail_all(writes: Vec<(WriteRun, Finish)>, error: &StoreError) {
    for (_, refuse) in writes {
        refuse(Err(error.clone()));
    }
}

/// Applies the effects of the commit, then replies: all effects first, so that no reply is ahead of
/// the state that it describes.
pub(super) fn complete_all(
    mut steps: Vec<Step>,
    end: &Result<(), StoreError>,
    sink: &mut EffectHandler,
) {
    if end.is_ok() {
        let kept = steps.iter_mut().filter(|step| step.keep);
        kept.flat_map(|step| std::mem::take(&mut step.effects)).for_each(sink);
    }
    for step in steps {
        (step.finish)(end.clone());
    }
}
