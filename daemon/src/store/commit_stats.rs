//! Counters of commits since the start.

use std::sync::atomic::{AtomicU64, Ordering};

/// Written by the writer thread, read by all others.
#[derive(Debug, Default)]
pub(super) struct CommitStats {
    groups: AtomicU64,
    writes: AtomicU64,
}

impl CommitStats {
    /// Counts a group with that many writes; a group without writes does not count.
    pub(super) fn note(&self, writes: usize) {
        self.groups.fetch_add(u64::from(writes > 0), Ordering::Relaxed);
        self.writes.fetch_add(writes as u64, Ordering::Relaxed);
    }

    /// Groups, and the writes in them.
    pub(super) fn read(&self) -> (u64, u64) {
        (self.groups.load(Ordering::Relaxed), self.writes.load(Ordering::Relaxed))
    }
}
