//! Pages of long lists. Where few rows match they are gathered through an index and sorted;
//! where many do, the list is read in its order, where such rows are found soon. Each page
//! ends after a bounded time.

use std::collections::BTreeSet;
use std::time::Duration;

use super::error::StoreError;
use crate::clock::Stopwatch;

/// How much a page reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Matches that are gathered before the list is tried in its order.
    pub(super) gather: usize,
    /// Rows that are read in the order of the list before all matches are gathered.
    pub(super) walk: usize,
    /// Rows that are read in one step after that.
    pub(super) step: usize,
    /// When a page ends at the latest, full or not.
    pub(super) time: Duration,
}

/// A page ends after 50 ms of reading, and its rows are still to be fetched and encoded.
pub(super) const BOUNDS: Bounds =
    Bounds { gather: 256, walk: 512, step: 512, time: Duration::from_millis(40) };

#[cfg(test)]
impl Bounds {
    /// Bounds that lead to each of the ways in which a page is found.
    pub(super) fn each() -> [Self; 5] {
        let time = Duration::from_mins(1);
        let of = |gather, walk, step| Self { gather, walk, step, time };
        [
            BOUNDS,
            of(0, 1, 1),
            of(2, 3, 2),
            of(1, 100, 1),
            Self { time: Duration::ZERO, ..of(2, 2, 1) },
        ]
    }
}

/// Rows that are read before the clock is read again.
const CLOCK_EVERY: usize = 64;

/// Rows of a page with their places.
#[derive(Debug, PartialEq, Eq)]
pub struct Found<K, R> {
    /// In the order of the list.
    pub rows: Vec<(K, R)>,
    /// Where reading ended if it was not finished: the list goes on after this place.
    pub rest: Option<K>,
}

/// How a walk ended.
pub(super) enum Walked<K> {
    /// At the end of the list, or with as many rows as were wanted.
    Done,
    /// After this place, as enough was read.
    At(K),
}

/// Counts what is gathered.
pub(super) struct Reading {
    left: usize,
    until: Duration,
    watch: Stopwatch,
}

impl Reading {
    /// Counts a row; false for one too many, and after too long a time.
    pub(super) fn count(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        !self.left.is_multiple_of(CLOCK_EVERY) || self.watch.elapsed() < self.until
    }
}

/// Rows with their places.
pub(super) type Placed<K, R> = Vec<(K, R)>;

/// A list, with the condition that its rows meet.
pub(super) trait List {
    /// The place of a row.
    type Key: Ord + Clone;
    /// A row.
    type Row;

    /// The places of all matches after `after`, the first `most` of them; `None` where no index
    /// finds them, or where `reading` ends.
    fn gather(
        &self,
        after: Option<&Self::Key>,
        most: usize,
        reading: &mut Reading,
    ) -> Result<Option<BTreeSet<Self::Key>>, StoreError>;

    /// Reads about `rows` rows after `after` in the order of the list, and adds those that match
    /// to `found` until it holds `most`.
    fn walk(
        &self,
        after: Option<&Self::Key>,
        rows: usize,
        found: &mut Vec<Self::Key>,
        most: usize,
    ) -> Result<Walked<Self::Key>, StoreError>;

    /// The rows at these places; one that is gone is left out.
    fn rows(&self, keys: Vec<Self::Key>) -> Result<Placed<Self::Key, Self::Row>, StoreError>;
}

/// Keeps the first `most` places of those that are added.
pub(super) fn add_first<K: Ord>(keys: &mut BTreeSet<K>, key: K, most: usize) {
    if keys.len() < most || keys.last().is_some_and(|last| key < *last) {
        keys.insert(key);
        if keys.len() > most {
            keys.pop_last();
        }
    }
}

/// At most `limit` rows after `after`.
pub(super) fn page<L: List>(
    list: &L,
    after: Option<&L::Key>,
    limit: usize,
    bounds: Bounds,
) -> Result<Found<L::Key, L::Row>, StoreError> {
    let watch = Stopwatch::start();
    let gather = |left, until| list.gather(after, limit, &mut Reading { left, until, watch });
    let found = |keys, rest| Ok(Found { rows: list.rows(keys)?, rest });
    if let Some(keys) = gather(bounds.gather, bounds.time)? {
        return found(keys.into_iter().collect(), None);
    }
    let mut keys = Vec::new();
    let mut at = after.cloned();
    let mut rows = bounds.walk;
    loop {
        match list.walk(at.as_ref(), rows, &mut keys, limit)? {
            Walked::Done => return found(keys, None),
            Walked::At(place) => at = Some(place),
        }
        // What is left of the time is for reading on, where there are too many to gather.
        if rows == bounds.walk
            && let Some(keys) = gather(usize::MAX, bounds.time / 2)?
        {
            return found(keys.into_iter().collect(), None);
        }
        rows = bounds.step;
        if watch.elapsed() >= bounds.time {
            return found(keys, at);
        }
    }
}
