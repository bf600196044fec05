//! The ids of sessions that were ended in PhotoPrism's database and that a running PhotoPrism may
//! still hold in memory: no check accepts one of them, whatever its row contains. Like the session
//! index, it is changed by commits only.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{SessionId, parse_id};
use crate::model::Effect;

/// Most ids in memory, some 4 MiB. Where there are more entries, the checks of the others read the
/// table, as every list does.
pub(crate) const MOST_HELD: usize = 100_000;

/// The ids; cheap to clone. The daemon's own database has none.
#[derive(Clone, Default)]
pub(crate) struct EndedIds {
    ids: Arc<Mutex<HashSet<SessionId>>>,
    found: Arc<Notify>,
}

impl EndedIds {
    /// The ids that the table contains.
    pub(crate) fn load(ids: &[String]) -> Self {
        let ended = Self::default();
        ended.replace(ids);
        ended
    }

    fn ids(&self) -> MutexGuard<'_, HashSet<SessionId>> {
        // A set is never left half changed.
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the ids by these.
    pub(crate) fn replace(&self, ids: &[String]) {
        let ids = ids.iter().take(MOST_HELD).filter_map(|id| parse_id(id));
        *self.ids() = ids.collect();
    }

    /// Applies an effect of a commit.
    pub(crate) fn apply(&self, effect: &Effect) {
        match effect {
            Effect::IdsEnded(ended) => {
                let mut ids = self.ids();
                for id in ended.iter().filter_map(|id| parse_id(id)) {
                    if ids.len() < MOST_HELD {
                        ids.insert(id);
                    }
                }
            }
            Effect::IdsReleased(released) => {
                let mut ids = self.ids();
                for id in released.iter().filter_map(|id| parse_id(id)) {
                    ids.remove(&id);
                }
            }
            _ => {}
        }
    }

    /// Whether the session of that id is ended. If it is, its row is searched for soon, not only at
    /// the next round: PhotoPrism may have written it back.
    pub(crate) fn contains_reported(&self, id: &SessionId) -> bool {
        let ended = self.ids().contains(id);
        if ended {
            self.report();
        }
        ended
    }

    /// Reports that a check found the row of an ended session.
    pub(crate) fn report(&self) {
        self.found.notify_one();
    }

    /// Waits until a check has found one.
    pub(crate) async fn reported(&self) {
        self.found.notified().await;
    }

    /// Ids in memory.
    pub(crate) fn len(&self) -> usize {
        self.ids().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(number: usize) -> String {
        format!("{number:064x}")
    }

    fn id(number: usize) -> SessionId {
        parse_id(&hex(number)).unwrap()
    }

    #[tokio::test(flavor = "current_thread")]
    async fn only_commits_change_it_and_who_meets_one_wakes_the_writer() {
        let ended = EndedIds::load(&[hex(1)]);
        assert!(!ended.contains_reported(&id(2)));
        ended.apply(&Effect::IdsEnded(vec![hex(2), "no id".into()]));
        assert_eq!(ended.len(), 2);
        assert!(ended.contains_reported(&id(1)) && ended.contains_reported(&id(2)));
        ended.reported().await;
        ended.apply(&Effect::IdsReleased(vec![hex(1), hex(7)]));
        assert!(!ended.contains_reported(&id(1)) && ended.contains_reported(&id(2)));
        ended.apply(&Effect::EverySessionEnded);
        assert_eq!(ended.len(), 1, "what ends without an entry is nobody's business");
        ended.replace(&[]);
        assert!(ended.len() == 0 && !ended.contains_reported(&id(2)));
    }

    #[test]
    fn it_holds_so_many_and_no_more() {
        let all: Vec<String> = (0..=MOST_HELD).map(hex).collect();
        let loaded = EndedIds::load(&all);
        assert_eq!(loaded.len(), MOST_HELD);
        let grown = EndedIds::default();
        grown.apply(&Effect::IdsEnded(all));
        assert_eq!(grown.len(), MOST_HELD);
        assert!(!grown.contains_reported(&id(MOST_HELD)), "the table knows the rest");
        grown.apply(&Effect::IdsReleased(vec![hex(0)]));
        grown.apply(&Effect::IdsEnded(vec![hex(MOST_HELD)]));
        assert!(grown.contains_reported(&id(MOST_HELD)));
    }
}
