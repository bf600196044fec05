//! The only reader of the clock, and the only source of randomness.

#![expect(clippy::disallowed_methods, reason = "this is the place that the ban points to")]

mod floor;
mod monotone;

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

pub use self::floor::Floor;
pub use self::monotone::{ClockReading, ClockState, FloorReset, Moment, MonotoneClock};

/// Where the time comes from: the system, or a fixed instant in tests.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// Always this instant.
    Fixed(Timestamp),
}

impl Clock {
    /// The present instant, UTC.
    pub fn now(self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Fixed(instant) => instant,
        }
    }

    /// The present instant in whole Unix seconds.
    pub fn unix(self) -> i64 {
        self.now().as_second()
    }
}

/// Measures durations on the monotonic clock, which setting the date does not move.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins to measure.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Blocks the thread for so long: for a handler that SQLite calls, and a start, which have nothing to wait
/// on.
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Time since an earlier instant, on the monotonic clock. Code that waits reads it again.
#[derive(Clone, Debug)]
pub enum Monotonic {
    /// The time since this start.
    System(Stopwatch),
    /// The value of the cell.
    Fixed(Rc<Cell<Duration>>),
}

impl Monotonic {
    /// The machine's clock, from now on.
    pub fn start() -> Self {
        Self::System(Stopwatch::start())
    }

    /// Time since the start.
    pub fn now(&self) -> Duration {
        match self {
            Self::System(stopwatch) => stopwatch.elapsed(),
            Self::Fixed(elapsed) => elapsed.get(),
        }
    }
}

/// Fills `bytes` from the operating system's generator.
///
/// # Panics
/// Where the system has none: no secret can be created then.
pub fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

/// Monotonic time since the first call.
pub fn since_first_asked() -> Duration {
    static FIRST: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed()
}
