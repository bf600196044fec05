//! What the running group has changed so far in PhotoPrism's file, as SQLite's update hook reports
//! it, and what else is stored about the group until its commit is complete.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Tables that are compared, each with a column whose values are random or an account's UID: row
/// numbers are reused.
pub(super) const KEYS: [(&str, &str); 6] = [
    ("auth_users", "user_uid"),
    ("auth_users_details", "user_uid"),
    ("auth_users_settings", "user_uid"),
    ("passwords", "uid"),
    ("passcodes", "uid"),
    ("auth_sessions", "id"),
];

/// Rows that are stored of one command: a few are enough, as the group is committed as a whole.
const ROWS_OF_COMMAND: usize = 8;

/// Rows that are stored of one group.
const ROWS: usize = 64;

/// A row of PhotoPrism's tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Touched {
    /// The index of its table in [`KEYS`].
    pub(super) table: usize,
    pub(super) row: i64,
    /// It did not exist before.
    pub(super) inserted: bool,
}

/// What was recorded of the group.
#[derive(Clone, Debug, Default)]
pub(super) struct Noted {
    pub(super) rows: Vec<Touched>,
    /// Idempotency keys with the uid of their owner.
    pub(super) keys: Vec<(u32, String)>,
    /// Numbers of audit records.
    pub(super) records: Vec<i64>,
    /// Whether anything in PhotoPrism's file was changed.
    pub(super) touched: bool,
}

#[derive(Debug, Default)]
struct State {
    noted: Noted,
    /// The lengths of the lists when the running command began, and whether anything was changed.
    mark: (usize, usize, usize, bool),
}

/// Shared with the update hook.
#[derive(Clone, Debug, Default)]
pub(super) struct Tracked(Arc<Mutex<State>>);

impl Tracked {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic never leaves a list half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a group.
    pub(super) fn clear(&self) {
        *self.state() = State::default();
    }

    /// Starts a command of the group.
    pub(super) fn mark(&self) {
        let mut state = self.state();
        let Noted { rows, keys, records, touched } = &state.noted;
        state.mark = (rows.len(), keys.len(), records.len(), *touched);
    }

    /// The running command was rolled back.
    pub(super) fn forget(&self) {
        let mut state = self.state();
        let (rows, keys, records, touched) = state.mark;
        state.noted.touched = touched;
        state.noted.rows.truncate(rows);
        state.noted.keys.truncate(keys);
        state.noted.records.truncate(records);
    }

    /// Records that the row of that number changed or was inserted.
    pub(super) fn row(&self, database: &str, table: &str, change: (i64, bool)) {
        let (row, inserted) = change;
        if database != "main" {
            return;
        }
        let mut state = self.state();
        state.noted.touched = true;
        let Some(table) = KEYS.iter().position(|(known, _)| *known == table) else { return };
        let from = state.mark.0;
        let rows = &mut state.noted.rows;
        let known = rows.iter().any(|touched| (touched.table, touched.row) == (table, row));
        if !known && rows.len() < ROWS && rows.len() - from < ROWS_OF_COMMAND {
            rows.push(Touched { table, row, inserted });
        }
    }

    /// Records that a result was stored under that key.
    pub(super) fn key(&self, uid: u32, key: &str) {
        self.state().noted.keys.push((uid, key.to_owned()));
    }

    /// Records that an audit record was appended.
    pub(super) fn record(&self, number: i64) {
        self.state().noted.records.push(number);
    }

    /// Everything that was recorded.
    pub(super) fn noted(&self) -> Noted {
        self.state().noted.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_is_undone_leaves_nothing_and_a_long_one_little() {
        let tracked = Tracked::default();
        tracked.mark();
        tracked.row("main", "auth_users", (1, false));
        tracked.row("main", "auth_users", (1, false));
        tracked.row("main", "photos", (1, false));
        tracked.row("admin", "auth_users", (2, false));
        tracked.key(0, "a");
        tracked.record(7);
        tracked.mark();
        for row in 0..100 {
            tracked.row("main", "passwords", (row, true));
        }
        tracked.key(0, "b");
        tracked.record(8);
        assert_eq!(tracked.noted().rows.len(), 1 + ROWS_OF_COMMAND);
        tracked.forget();
        let noted = tracked.noted();
        assert!(noted.touched);
        assert_eq!(noted.rows, [Touched { table: 0, row: 1, inserted: false }]);
        assert_eq!((noted.keys, noted.records), (vec![(0, "a".to_owned())], vec![7]));
        for command in 0..100 {
            tracked.mark();
            tracked.row("main", "auth_sessions", (command, true));
        }
        assert_eq!(tracked.noted().rows.len(), ROWS);
        tracked.clear();
        assert!(tracked.noted().rows.is_empty());
    }
}
