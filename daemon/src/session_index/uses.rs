//! Last uses of sessions that are not yet written: by session, and in the order of their time, so
//! that a page of a list takes only its own.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use data_encoding::HEXLOWER;

use super::{SessionId, parse_id};
use crate::model::{LastUse, Session};

/// A use that is not yet written.
struct Use {
    /// Unix seconds.
    last_active: i64,
    client_ip: Option<Box<str>>,
}

#[derive(Default)]
struct Uses {
    by_session: HashMap<SessionId, Use>,
    by_time: BTreeSet<(i64, SessionId)>,
}

/// The uses; cheap to clone. There is at most one for each session.
#[derive(Clone, Default)]
pub struct PendingUses(Arc<Mutex<Uses>>);

impl PendingUses {
    fn uses(&self) -> MutexGuard<'_, Uses> {
        // Nothing in it panics half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a use; one without an address keeps the last address that was given.
    pub(crate) fn note(&self, id: &SessionId, client_ip: Option<&str>, now: i64) {
        let mut uses = self.uses();
        let Uses { by_session, by_time } = &mut *uses;
        match by_session.entry(*id) {
            Entry::Occupied(entry) => {
                let known = entry.into_mut();
                if now > known.last_active {
                    by_time.remove(&(known.last_active, *id));
                    by_time.insert((now, *id));
                    known.last_active = now;
                }
                if client_ip.is_some() && client_ip != known.client_ip.as_deref() {
                    known.client_ip = client_ip.map(Into::into);
                }
            }
            Entry::Vacant(entry) => {
                by_time.insert((now, *id));
                entry.insert(Use { last_active: now, client_ip: client_ip.map(Into::into) });
            }
        }
    }

    pub(super) fn remove(&self, id: &SessionId) {
        self.uses().remove(id);
    }

    pub(super) fn clear(&self) {
        *self.uses() = Uses::default();
    }

    /// The last use of a session, in Unix seconds.
    pub(crate) fn last_use(&self, id: &SessionId) -> Option<i64> {
        self.uses().by_session.get(id).map(|used| used.last_active)
    }

    /// The same of a session by its id in hex.
    pub(crate) fn last_use_of(&self, id: &str) -> Option<i64> {
        let uses = self.uses();
        if uses.by_session.is_empty() {
            return None;
        }
        uses.by_session.get(&parse_id(id)?).map(|used| used.last_active)
    }

    /// How many sessions were used.
    pub(crate) fn len(&self) -> usize {
        self.uses().by_session.len()
    }

    /// Shows the use in the session.
    pub(crate) fn apply_to(&self, session: &mut Session) {
        let uses = self.uses();
        let found = parse_id(&session.id).and_then(|id| uses.by_session.get(&id));
        if let Some(last) = found {
            session.last_active = session.last_active.max(last.last_active);
            if let Some(client_ip) = &last.client_ip {
                session.client_ip = client_ip.as_ref().into();
            }
        }
    }

    /// Ids of sessions in hex that were used last within these Unix seconds, the latest first, with
    /// the time: at least so many where there are, and all of a second.
    pub(crate) fn latest(&self, from: i64, until: i64, least: usize) -> Vec<(i64, String)> {
        let uses = self.uses();
        let mut found: Vec<(i64, String)> = Vec::new();
        if from > until {
            return found;
        }
        for (at, id) in uses.by_time.range((from, [0; 32])..=(until, [u8::MAX; 32])).rev() {
            if found.len() >= least && found.last().is_some_and(|(last, _)| last != at) {
                break;
            }
            found.push((*at, HEXLOWER.encode(id)));
        }
        found
    }

    /// The oldest uses, at most so many.
    pub(crate) fn oldest(&self, most: usize) -> Vec<LastUse> {
        let uses = self.uses();
        let some = uses.by_time.iter().take(most);
        some.filter_map(|(last_active, id)| {
            let client_ip = uses.by_session.get(id)?.client_ip.as_deref().map(Into::into);
            Some(LastUse { id: HEXLOWER.encode(id), last_active: *last_active, client_ip })
        })
        .collect()
    }

    /// These uses are written now; later ones stay.
    pub(crate) fn mark_flushed(&self, written: &[LastUse]) {
        let mut uses = self.uses();
        for LastUse { id, last_active, client_ip } in written {
            let Some(id) = parse_id(id) else { continue };
            let is_same = |used: &Use| {
                used.last_active == *last_active
                    && used.client_ip.as_deref() == client_ip.as_deref()
            };
            if uses.by_session.get(&id).is_some_and(is_same) {
                uses.remove(&id);
            }
        }
        // A burst leaves no memory behind.
        if uses.by_session.is_empty() {
            *uses = Uses::default();
        }
    }
}

impl Uses {
    fn remove(&mut self, id: &SessionId) {
        if let Some(used) = self.by_session.remove(id) {
            self.by_time.remove(&(used.last_active, *id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn id(number: u8) -> SessionId {
        [number; 32]
    }

    fn hex(number: u8) -> String {
        HEXLOWER.encode(&id(number))
    }

    #[test]
    fn the_latest_come_by_whole_seconds_and_no_more_than_are_needed() {
        let uses = PendingUses::default();
        for (number, second) in [(1, 5), (2, 3), (3, 3), (4, 3), (5, 1)] {
            uses.note(&id(number), None, NOW + second);
        }
        let latest = |from: i64, until: i64, least| -> Vec<(i64, String)> {
            uses.latest(NOW + from, NOW + until, least)
        };
        assert_eq!(latest(0, 9, 1), [(NOW + 5, hex(1))]);
        assert_eq!(latest(0, 9, 2).len(), 4, "a second is never cut");
        assert_eq!(latest(0, 3, 1).len(), 3);
        assert_eq!(latest(2, 9, 100).len(), 4);
        assert_eq!(latest(9, 2, 100), []);
        uses.note(&id(5), None, NOW + 9);
        uses.note(&id(1), None, NOW);
        assert_eq!(latest(0, 9, 2), [(NOW + 9, hex(5)), (NOW + 5, hex(1))], "never back");
        uses.remove(&id(5));
        assert_eq!((latest(0, 9, 1), uses.len()), (vec![(NOW + 5, hex(1))], 4));
    }

    #[test]
    fn the_oldest_are_written_first_and_a_use_meanwhile_stays() {
        let uses = PendingUses::default();
        for number in [3, 1, 2] {
            uses.note(&id(number), Some("192.0.2.1"), NOW + i64::from(number));
        }
        let first = uses.oldest(2);
        assert_eq!(first.iter().map(|used| &used.id).collect::<Vec<_>>(), [&hex(1), &hex(2)]);
        uses.note(&id(2), Some("192.0.2.2"), NOW + 2);
        uses.mark_flushed(&first);
        assert_eq!(uses.last_use_of(&hex(1)), None);
        let second = uses.oldest(1);
        assert_eq!(second[0].client_ip.as_deref(), Some("192.0.2.2"));
        uses.mark_flushed(&second);
        uses.mark_flushed(&uses.oldest(10));
        assert_eq!(uses.len(), 0);
    }
}
