//! The only reader of the clock in this crate.

use std::time::{Duration, Instant, SystemTime};

/// The time of day, for `--expires-at 90d`.
#[expect(clippy::disallowed_methods, reason = "this crate's one reader of the clock")]
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// The moment at which one request gives up, on the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// That long from now.
    #[expect(clippy::disallowed_methods, reason = "this crate's one reader of the clock")]
    pub fn after(timeout: Duration) -> Self {
        Self(Instant::now() + timeout)
    }

    /// The time left; `None` once it passed.
    #[expect(clippy::disallowed_methods, reason = "this crate's one reader of the clock")]
    pub fn remaining(self) -> Option<Duration> {
        // Less than a millisecond would round to a timeout of zero, which means none.
        let least = Duration::from_millis(1);
        self.0.checked_duration_since(Instant::now()).filter(|rest| *rest >= least)
    }
}
