//! Which rows of the account tables changed while a backup is being made.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::tables::TABLES;

/// A row: the place of its table in [`TABLES`], and its number.
pub(super) type RowAt = (usize, i64);

/// Told of each changed row by SQLite; remembers them while somebody wants to know.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Changes(Arc<Mutex<Watch>>);

#[derive(Debug, Default)]
struct Watch {
    /// Counts those who wanted to know.
    number: u64,
    rows: Option<BTreeSet<RowAt>>,
}

impl Changes {
    fn watch(&self) -> MutexGuard<'_, Watch> {
        // A set is never left half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A row of that table of that database changed. A table that is emptied as a whole tells of
    /// no row.
    pub(in crate::store) fn note(&self, database: &str, table: &str, row: i64) {
        if let Some(rows) = self.watch().rows.as_mut()
            && database == "main"
            && let Some(at) = TABLES.iter().position(|known| known.name == table)
        {
            rows.insert((at, row));
        }
    }

    /// Remembers from here on, in place of whoever wanted to know before.
    pub(super) fn begin(&self) -> u64 {
        let mut watch = self.watch();
        watch.number += 1;
        watch.rows = Some(BTreeSet::new());
        watch.number
    }

    /// What changed since, and remembers nothing more; `None` where another one has begun.
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
        let changes = Changes::default();
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
