//! The writes of one group: all in one transaction, each but the first in a savepoint, replied to
//! after the commit.

use tracing::error;

use super::attached;
use super::db::{Db, Tx};
use super::error::StoreError;
use super::transaction::end_with_sync;
use super::work::{Change, Step};
use crate::model::EffectHandler;

/// A write that has run, before the commit.
pub(super) struct Done {
    pub(super) change: Box<dyn Change>,
    pub(super) keep: bool,
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
    if db.in_transaction()
        && let Err(error) = db.rollback()
    {
        error!(%error, "a transaction could not be rolled back");
    }
}

/// What came of a write that has run.
pub(super) struct Ran {
    /// What it wrote is kept.
    pub(super) keep: bool,
    /// It waited in vain for a lock.
    pub(super) locked: Option<StoreError>,
}

/// Runs the only write of a transaction. It needs no savepoint, which would hold every page that it
/// changes in memory.
pub(super) fn run_alone(db: &Db, change: &mut dyn Change) -> Result<Ran, StoreError> {
    db.own_tables.tracked.mark();
    // A backup may be written in the middle of it.
    db.let_idle(|| run(db, change))
}

fn run(db: &Db, change: &mut dyn Change) -> Result<Ran, StoreError> {
    let tx = Tx::new(db);
    let Step { failure, keep } = change.run(&tx);
    if !db.in_transaction() {
        let ended = || {
            if db.is_lost() {
                let what = "the connection was lost, and nothing was changed";
                return StoreError::Unreachable(what.into());
            }
            StoreError::Other("the transaction ended inside a command".into())
        };
        return Err(failure.unwrap_or_else(ended));
    }
    // What it was made of is looked up again before it runs once more.
    if let Some(error @ StoreError::OtherSchema(_)) = failure {
        return Err(error);
    }
    if keep && let Some(head) = tx.take_audit_head() {
        db.mark.set_audit_head(head);
    }
    let locked = failure.filter(|failure| matches!(failure, StoreError::Locked(_)));
    Ok(Ran { keep, locked })
}

/// Runs the first write of a group. It needs no savepoint: where it is not kept, nothing is, and the
/// next group begins.
pub(super) fn run_first(db: &Db, change: &mut dyn Change) -> Result<Ran, StoreError> {
    db.own_tables.tracked.mark();
    run(db, change)
}

/// Runs another write in its savepoint. After an error the caller must roll back the whole transaction.
pub(super) fn run_in_savepoint(db: &Db, change: &mut dyn Change) -> Result<Ran, StoreError> {
    db.savepoint()?;
    let ran = run(db, change)?;
    if ran.keep {
        db.release()?;
    } else {
        db.rollback_to()?;
    }
    Ok(ran)
}

/// Applies the effects of the commit, then replies: all effects first, so that no reply is ahead of
/// the state that it describes.
pub(super) fn complete_all(
    mut done: Vec<Done>,
    end: &Result<(), StoreError>,
    effects: &mut EffectHandler,
) {
    if end.is_ok() {
        let kept = done.iter_mut().filter(|done| done.keep);
        kept.flat_map(|done| done.change.take_effects()).for_each(effects);
    }
    for Done { change, .. } in done {
        change.finish(end.clone());
    }
}
