//! The race between a deadline and the thread that does the work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const GIVEN_UP: u8 = 2;

/// The first side to change it wins.
#[derive(Clone, Debug, Default)]
pub(super) struct JobState(Arc<AtomicU8>);

impl JobState {
    /// True unless the caller has given up: the job runs now.
    pub(super) fn begin(&self) -> bool {
        self.take(BEGUN)
    }

    /// Whether the caller has given up.
    pub(super) fn is_given_up(&self) -> bool {
        self.0.load(Ordering::Acquire) == GIVEN_UP
    }

    /// True if the job has not started: it never will.
    pub(super) fn give_up(&self) -> bool {
        self.take(GIVEN_UP)
    }

    fn take(&self, state: u8) -> bool {
        self.0.compare_exchange(WAITING, state, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}
