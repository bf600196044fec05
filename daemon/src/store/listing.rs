//! Pages of long lists. Where few rows match they are gathered through an index and sorted;
//! where many do, the list is read in its order, where such rows are found soon. Which of the two
//! ends sooner is not known before: each is tried for a little, then for longer, by turns. Each page
//! ends after a bounded time.

use std::collections::BTreeSet;
use std::time::Duration;

use super::error::StoreError;
use crate::clock::Stopwatch;

/// How much a page reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Matches that are gathered in the first round, where there are no more.
    pub(super) gather: usize,
    /// Rows that are read in the order of the list in that round, where there are more.
    pub(super) walk: usize,
    /// Values of a column that are read at most, each in the order of the list.
    pub(super) values: usize,
    /// When a page ends at the latest, full or not.
    pub(super) time: Duration,
}

/// A page ends after 50 ms of reading, and its rows are still to be fetched and encoded.
pub(super) const BOUNDS: Bounds =
    Bounds { gather: 256, walk: 1024, values: 64, time: Duration::from_millis(40) };

/// How many times as much each round may gather and read: together they take at most a third more
/// than the last one.
const GROWTH: usize = 4;

/// Rows that are read in the order of the list before the clock is read again: some milliseconds.
const STEP: usize = 4096;

#[cfg(test)]
impl Bounds {
    /// Bounds that lead to each of the ways in which a page is found.
    pub(super) fn each() -> [Self; 6] {
        let time = Duration::from_mins(1);
        let of = |gather, walk, values| Self { gather, walk, values, time };
        [
            BOUNDS,
            of(0, 1, 0),
            of(2, 3, 1),
            of(1, 100, 9),
            of(100, 1, 2),
            Self { time: Duration::ZERO, ..of(2, 2, 9) },
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
    /// Matches that may still be gathered.
    pub(super) left: usize,
    /// Values of a column that may be read.
    pub(super) values: usize,
    until: Duration,
    watch: Stopwatch,
}

#[cfg(test)]
impl Reading {
    /// As many matches, and values of a column.
    pub(super) fn of(left: usize, values: usize) -> Self {
        Self { left, values, until: Duration::MAX, watch: Stopwatch::start() }
    }
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

    /// The places of all matches after `after`, the first `most` of them, in order; `None` where no
    /// index finds them, or where `reading` ends.
    fn gather(
        &self,
        after: Option<&Self::Key>,
        most: usize,
        reading: &mut Reading,
    ) -> Result<Option<Vec<Self::Key>>, StoreError>;

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
    let found = |keys, rest| Ok(Found { rows: list.rows(keys)?, rest });
    let mut keys = Vec::new();
    let mut at = after.cloned();
    let Bounds { gather: mut left, walk: mut rows, values, time } = bounds;
    loop {
        // What is left of the time is for reading on, where there are too many to gather.
        if left == bounds.gather || watch.elapsed() < time / 2 {
            let mut reading = Reading { left, values, until: time / 2, watch };
            if let Some(keys) = list.gather(after, limit, &mut reading)? {
                return found(keys, None);
            }
        }
        match list.walk(at.as_ref(), rows, &mut keys, limit)? {
            Walked::Done => return found(keys, None),
            Walked::At(place) => at = Some(place),
        }
        if watch.elapsed() >= time {
            return found(keys, at);
        }
        left = left.saturating_mul(GROWTH).max(bounds.gather + 1);
        rows = rows.saturating_mul(GROWTH).min(STEP);
    }
}
