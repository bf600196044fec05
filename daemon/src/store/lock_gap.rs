//! Leaves gaps for PhotoPrism's lock attempts: SQLite has no lock queue, and a process that takes
//! the lock again at once starves one that pauses between its tries.

use std::time::Duration;

use crate::clock::Stopwatch;

/// SQLite's longest pause between two tries for a lock: a gap of that length contains one of them.
const LONGEST: Duration = Duration::from_millis(100);

/// How long the lock is left free after a group of writes: as long as the group held it, so that
/// each try of PhotoPrism succeeds half of the time.
#[derive(Debug, Default)]
pub(super) struct LockGap(Option<(Stopwatch, Duration)>);

impl LockGap {
    /// Records that the lock was held for that long, and is free from now on.
    pub(super) fn begin(&mut self, held: Duration) {
        self.0 = Some((Stopwatch::start(), held.min(LONGEST)));
    }

    /// The rest of the gap.
    pub(super) fn left(&self) -> Option<Duration> {
        let (watch, gap) = self.0?;
        gap.checked_sub(watch.elapsed()).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_as_long_as_the_lock_was_held_up_to_its_most() {
        let mut gap = LockGap::default();
        assert_eq!(gap.left(), None);
        gap.begin(Duration::ZERO);
        assert_eq!(gap.left(), None);
        gap.begin(Duration::from_mins(1));
        let left = gap.left().unwrap();
        assert!(left <= LONGEST && left > Duration::ZERO, "{left:?}");
    }
}
