//! The ids of ended sessions that a running PhotoPrism is still to be notified of, for those who
//! wait for it. Like the session index, it is changed by commits only.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::{MOST_HELD, SessionId, parse_id};
use crate::clock::Stopwatch;
use crate::model::Effect;

/// The ids; cheap to clone.
#[derive(Clone)]
pub(crate) struct Unnotified {
    ids: Arc<Mutex<HashSet<SessionId>>>,
    added: Arc<Notify>,
    /// Counts removals.
    removed: watch::Sender<u64>,
}

impl Default for Unnotified {
    fn default() -> Self {
        let (removed, _) = watch::channel(0);
        Self { ids: Arc::default(), added: Arc::default(), removed }
    }
}

impl Unnotified {
    fn ids(&self) -> MutexGuard<'_, HashSet<SessionId>> {
        // A set is never left half changed.
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies an effect of a commit.
    pub(crate) fn apply(&self, effect: &Effect) {
        match effect {
            Effect::ToNotify(new) => {
                let mut ids = self.ids();
                for id in new.iter().filter_map(|id| parse_id(id)) {
                    if ids.len() < MOST_HELD {
                        ids.insert(id);
                    }
                }
                drop(ids);
                self.added.notify_one();
            }
            Effect::Notified(done) | Effect::IdsReleased(done) => {
                let mut ids = self.ids();
                for id in done.iter().filter_map(|id| parse_id(id)) {
                    ids.remove(&id);
                }
                drop(ids);
                self.removed.send_modify(|count| *count += 1);
            }
            _ => {}
        }
    }

    /// Waits until some were added.
    pub(crate) async fn added(&self) {
        self.added.notified().await;
    }

    /// Waits until PhotoPrism was notified of all of these, for so long at most; returns how many
    /// are left.
    pub(crate) async fn wait_for(&self, ids: &[String], time: Duration) -> usize {
        let wanted: Vec<SessionId> = ids.iter().filter_map(|id| parse_id(id)).collect();
        let (watch, mut removed) = (Stopwatch::start(), self.removed.subscribe());
        loop {
            removed.borrow_and_update();
            let left = {
                let ids = self.ids();
                wanted.iter().filter(|id| ids.contains(*id)).count()
            };
            let rest = time.saturating_sub(watch.elapsed());
            if left == 0 || timeout(rest, removed.changed()).await.is_err() {
                return left;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    fn hex(number: usize) -> String {
        format!("{number:064x}")
    }

    #[tokio::test(flavor = "current_thread")]
    async fn who_waits_goes_on_when_all_is_done() {
        let unnotified = Unnotified::default();
        assert_eq!(unnotified.wait_for(&[hex(1)], LONG).await, 0, "nothing is to be done");
        unnotified.apply(&Effect::ToNotify(vec![hex(1), hex(2), hex(3)]));
        unnotified.added().await;
        let short = Duration::from_millis(1);
        assert_eq!(unnotified.wait_for(&[hex(1), hex(2), hex(9)], short).await, 2);
        let (waiter, own) = (unnotified.clone(), [hex(1), hex(2)]);
        let waiting = async { waiter.wait_for(&own, LONG).await };
        let ends = async {
            unnotified.apply(&Effect::Notified(vec![hex(1)]));
            tokio::task::yield_now().await;
            unnotified.apply(&Effect::IdsReleased(vec![hex(2), "no id".into()]));
        };
        assert_eq!(futures_util::future::join(waiting, ends).await.0, 0);
        assert_eq!(unnotified.wait_for(&[hex(3)], Duration::ZERO).await, 1);
    }

    #[test]
    fn it_holds_so_many_and_no_more() {
        let unnotified = Unnotified::default();
        unnotified.apply(&Effect::ToNotify((0..=MOST_HELD).map(hex).collect()));
        assert_eq!(unnotified.ids().len(), MOST_HELD);
    }
}
