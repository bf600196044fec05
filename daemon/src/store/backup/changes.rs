//! Which rows of the account tables changed while a backup is being made.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::tables::TABLES;

/// A row: the place of its table in [`TABLES`], and its number.
pub(super) type RowAt = (usize, i64);

/// Told of each changed row by SQLite; remembers them while somebody wants to know.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Changes(Arc<Mutex<Option<BTreeSet<RowAt>>>>);

impl Changes {
    fn rows(&self) -> MutexGuard<'_, Option<BTreeSet<RowAt>>> {
        // A set is never left half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A row of that table of that database changed. A table that is emptied as a whole tells of
    /// no row.
    pub(in crate::store) fn note(&self, database: &str, table: &str, row: i64) {
        if let Some(rows) = self.rows().as_mut()
            && database == "main"
            && let Some(at) = TABLES.iter().position(|known| known.name == table)
        {
            rows.insert((at, row));
        }
    }

    /// Remembers from here on.
    pub(super) fn begin(&self) {
        *self.rows() = Some(BTreeSet::new());
    }

    /// What changed since; forgets it, and remembers nothing more.
    pub(super) fn end(&self) -> BTreeSet<RowAt> {
        self.rows().take().unwrap_or_default()
    }
}
