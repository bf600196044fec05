//! How long the checks of stored hashes take: a refusal must not show by its time that a name exists
//! whose hash is more expensive than the dummy of the others.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::scheme::Stored;

/// Kinds of hashes that are remembered; bcrypt alone has 11.
const MOST_KINDS: usize = 64;

/// The longest that refusals wait for the sake of expensive hashes, as the setting's own limit.
const LONGEST: Duration = Duration::from_secs(5);

/// The least time that a check of each kind of hash took: what others on the machine took is not
/// the hash's.
#[derive(Default)]
pub(super) struct Durations(Mutex<BTreeMap<(bool, u64), Duration>>);

impl Durations {
    /// Remembers how long a check took.
    pub(super) fn note(&self, kind: (bool, u64), took: Duration) {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kinds.len() < MOST_KINDS || kinds.contains_key(&kind) {
            let least = kinds.entry(kind).or_insert(took);
            *least = took.min(*least);
        }
    }

    /// Whether a check of that kind of hash was seen.
    pub(super) fn knows(&self, kind: (bool, u64)) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&kind)
    }

    /// When a refusal may leave: at `floor`, and later where a stored hash takes most of that. Half
    /// as long again as the slowest kind, for the rest of the work. Zero stays off.
    pub(super) fn refusal_delay(&self, floor: Duration) -> Duration {
        if floor.is_zero() {
            return floor;
        }
        let kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slowest = kinds.values().max().copied().unwrap_or_default();
        floor.max((slowest + slowest / 2).min(LONGEST))
    }
}

/// What the time of a check depends on.
pub(super) fn kind(stored: &Stored) -> (bool, u64) {
    match stored {
        Stored::Bcrypt(hash) => (true, u64::from(hash.cost())),
        Stored::Argon2(hash) => {
            let costs = hash.costs();
            (false, u64::from(costs.memory_kib) * u64::from(costs.passes))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOOR: Duration = Duration::from_millis(400);

    #[test]
    fn the_slowest_kind_of_hash_raises_the_delay_of_every_refusal() {
        let durations = Durations::default();
        assert_eq!(durations.refusal_delay(FLOOR), FLOOR);
        durations.note((true, 12), Duration::from_millis(250));
        assert_eq!(durations.refusal_delay(FLOOR), FLOOR, "it fits");
        durations.note((true, 14), Duration::from_secs(9));
        assert_eq!(durations.refusal_delay(FLOOR), LONGEST);
        for took in [1000, 1400] {
            durations.note((true, 14), Duration::from_millis(took));
            assert_eq!(durations.refusal_delay(FLOOR), Duration::from_millis(1500), "the least");
        }
        assert_eq!(durations.refusal_delay(Duration::ZERO), Duration::ZERO, "off stays off");
        assert_eq!(durations.refusal_delay(LONGEST), LONGEST);
    }

    #[test]
    fn however_many_kinds_there_are_few_are_remembered() {
        let durations = Durations::default();
        for work in 0..1000 {
            durations.note((false, work), FLOOR);
        }
        assert_eq!(durations.0.lock().unwrap().len(), MOST_KINDS);
    }
}
