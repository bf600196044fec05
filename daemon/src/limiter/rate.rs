//! How many places there are, and how soon one comes back.

use std::time::Duration;

use thiserror::Error;

/// Passcodes and recovery codes of an account: 10 places, one back an hour.
pub(crate) const PASSCODE_RATE: Rate = Rate { burst: 10, refill: Duration::from_hours(1) };

/// Too many attempts failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too many attempts failed; try again in {retry_after_s} s")]
pub(crate) struct RateLimited {
    /// Whole seconds until a place comes back, at least 1; the longest where several are missing.
    pub retry_after_s: u64,
}

/// The settings `login-burst` and `login-refill`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    burst: u32,
    refill: Duration,
}

impl Rate {
    /// So many places, one of which comes back after each `refill`. Neither is ever less than 1
    /// (place, second), and a refill has whole seconds.
    pub(crate) fn new(burst: u32, refill: Duration) -> Self {
        Self { burst: burst.max(1), refill: Duration::from_secs(refill.as_secs().max(1)) }
    }

    /// Places.
    pub(crate) const fn burst(self) -> u32 {
        self.burst
    }

    /// Time after which one comes back.
    pub(crate) const fn refill(self) -> Duration {
        self.refill
    }

    /// Time after which that many are back.
    pub(super) fn time_of(self, places: u32) -> Duration {
        self.refill.saturating_mul(places)
    }

    /// Time after which all are back.
    pub(super) fn whole(self) -> Duration {
        self.time_of(self.burst)
    }
}
