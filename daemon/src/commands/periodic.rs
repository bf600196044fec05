//! How the backups go that the daemon writes by itself, for `status`, `doctor` and `metrics`.

use std::cell::RefCell;
use std::time::Duration;

use photoprism_protocol::status::Backups;

use crate::error::CommandError;
use crate::model::to_rfc3339;

/// Characters of an error that `status` shows.
const MOST_SHOWN: usize = 400;

/// How often, how many, and how the last one went.
pub(crate) struct PeriodicBackups {
    every: Option<Duration>,
    keep: usize,
    last: RefCell<Last>,
}

#[derive(Clone, Default)]
struct Last {
    /// When the newest was written, Unix seconds.
    at: Option<i64>,
    error: Option<String>,
}

impl PeriodicBackups {
    pub(crate) fn new(every: Option<Duration>, keep: usize) -> Self {
        Self { every, keep, last: RefCell::default() }
    }

    /// The time between two; `None`: off.
    pub(crate) const fn every(&self) -> Option<Duration> {
        self.every
    }

    /// When the newest was written, Unix seconds.
    pub(crate) fn last_at(&self) -> Option<i64> {
        self.last.borrow().at
    }

    /// Whether the last attempt failed.
    pub(in crate::commands) fn has_failed(&self) -> bool {
        self.last.borrow().error.is_some()
    }

    /// For `status`; `None` where they are off.
    pub(in crate::commands) fn status(&self) -> Option<Backups> {
        let every_s = self.every?.as_secs();
        let Last { at, error } = self.last.borrow().clone();
        let last_at = at.and_then(|at| jiff::Timestamp::from_second(at).ok()).map(to_rfc3339);
        Some(Backups { every_s, last_at, last_error: error })
    }

    /// How many are kept.
    pub(in crate::commands) const fn keep(&self) -> usize {
        self.keep
    }

    /// The newest that is there.
    pub(in crate::commands) fn note_newest(&self, at: Option<i64>) {
        self.last.borrow_mut().at = at;
    }

    /// One was written.
    pub(in crate::commands) fn note_written(&self, at: i64) {
        *self.last.borrow_mut() = Last { at: Some(at), error: None };
    }

    /// None was written, and why.
    pub(in crate::commands) fn note_error(&self, error: &CommandError) {
        let shown: String = error.to_string().chars().take(MOST_SHOWN).collect();
        self.last.borrow_mut().error = Some(shown);
    }
}
