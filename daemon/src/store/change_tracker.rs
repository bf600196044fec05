//! Collects which rows of the account tables change while a backup is running.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::account_tables::TABLES;

/// A row: the place of its table in [`TABLES`], and its number.
pub(super) type RowAt = (usize, i64);

/// Shared with SQLite's update hook, which reports each changed row.
#[derive(Clone, Debug, Default)]
pub(super) struct ChangeTracker(Arc<Mutex<Watch>>);

#[derive(Debug, Default)]
struct Watch {
    /// The number of the latest backup.
    number: u64,
    rows: Option<BTreeSet<RowAt>>,
}

impl ChangeTracker {
    fn watch(&self) -> MutexGuard<'_, Watch> {
        // A set is never left half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A row of that table of that database changed. For a table that is emptied as a whole, the hook
    /// reports no row.
    pub(super) fn note(&self, database: &str, table: &str, row: i64) {
        if let Some(rows) = self.watch().rows.as_mut()
            && database == "main"
            && let Some(at) = TABLES.iter().position(|known| known.name == table)
        {
            rows.insert((at, row));
        }
    }

    /// Collects from here on, for this backup instead of an earlier one.
    pub(super) fn begin(&self) -> u64 {
        let mut watch = self.watch();
        watch.number += 1;
        watch.rows = Some(BTreeSet::new());
        watch.number
    }

    /// Stops, and returns what changed since; `None` if another backup has begun.
    pub(super) fn end(&self, number: u64) -> Option<BTreeSet<RowAt>> {
        let mut watch = self.watch();
        if watch.number == number { watch.rows.take() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_knows_what_changed_since_it_began() {
        let changes = ChangeTracker::default();
        changes.note("main", "passwords", 1);
        let first = changes.begin();
        for (database, table) in
            [("main", "auth_users"), ("temp", "auth_users"), ("main", "photos")]
        {
            changes.note(database, table, 7);
        }
        assert_eq!(changes.end(first), Some(BTreeSet::from([(0, 7)])));
        assert_eq!(changes.end(first), None);
        let second = changes.begin();
        let third = changes.begin();
        changes.note("main", "auth_sessions", 3);
        assert_eq!(changes.end(second), None, "and leaves the third alone");
        assert_eq!(changes.end(third), Some(BTreeSet::from([(7, 3)])));
    }
}
