//! The one "now" of every expiry check: the machine's clock, and never before the floor.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tracing::{info, warn};

use super::floor::Floor;
use super::{Clock, Monotonic};

/// Seconds by which a clock may be wrong, or gain on the time that went by, without a word.
const SLACK: i64 = 60;

/// How the clock stands to the floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockState {
    /// As it should.
    Right,
    /// So many seconds behind it: the floor is "now".
    Behind(i64),
    /// So many seconds ahead of it, and has not run there for a day: nothing is swept.
    Ahead(i64),
}

/// What the clock shows, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct ClockReading {
    /// What the machine's clock shows.
    pub clock: Timestamp,
    /// What counts as "now".
    pub now: Timestamp,
    /// The floor under it.
    pub floor: Floor,
    /// How the clock stands to the floor.
    pub state: ClockState,
}

/// Sets the floor to the clock from another thread, once that is committed. A clock observes it
/// before it says what "now" is.
#[derive(Clone, Debug, Default)]
pub struct FloorReset(Arc<Reset>);

#[derive(Debug, Default)]
struct Reset {
    at: AtomicI64,
    record: AtomicI64,
}

impl FloorReset {
    /// The floor is `at` from now on, which the audit record of that number says.
    pub fn set(&self, at: i64, record: i64) {
        self.0.at.store(at, Ordering::Relaxed);
        self.0.record.store(record, Ordering::Release);
    }

    /// The floor that was set after `floor`.
    fn after(&self, floor: Floor) -> Option<Floor> {
        let record = self.0.record.load(Ordering::Acquire);
        (record > floor.from_record)
            .then(|| Floor::set_to(self.0.at.load(Ordering::Relaxed), record))
    }
}

/// A clock whose "now" never goes back behind the newest instant that was known.
#[derive(Debug)]
pub struct MonotoneClock {
    source: Clock,
    monotonic: Monotonic,
    reset: FloorReset,
    state: RefCell<State>,
}

#[derive(Debug)]
struct State {
    floor: Floor,
    /// What the clock showed last, and the elapsed seconds at that time.
    last: Option<(i64, i64)>,
    current: ClockState,
}

/// A moment on the monotonic clock and on that of the calendar, for what may not last longer than
/// it should by either of them: one stands still while the machine sleeps, the other may be set back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    at: i64,
    elapsed: Duration,
}

impl Moment {
    /// One at so many Unix seconds, so long after the start.
    pub const fn new(at: i64, elapsed: Duration) -> Self {
        Self { at, elapsed }
    }

    /// Whether it came later in this run.
    pub fn is_after(self, other: Self) -> bool {
        self.elapsed > other.elapsed
    }

    /// How long it was ago, by the clock that says more.
    pub fn age(self, now: Self) -> Duration {
        let seconds = u64::try_from(now.at.saturating_sub(self.at)).unwrap_or(0);
        now.elapsed.saturating_sub(self.elapsed).max(Duration::from_secs(seconds))
    }
}

impl MonotoneClock {
    /// A clock above that floor.
    pub fn new(source: Clock, monotonic: Monotonic, floor: Floor) -> Self {
        let state = State { floor, last: None, current: ClockState::Right };
        Self { source, monotonic, reset: FloorReset::default(), state: RefCell::new(state) }
    }

    /// Sets the floor of this clock.
    pub fn floor_reset(&self) -> FloorReset {
        self.reset.clone()
    }

    /// The present instant, or the floor where that is later. A clock that was set is logged, once.
    pub fn now(&self) -> Timestamp {
        self.reading().now
    }

    /// What the clock shows at this moment, and what is known of it.
    pub fn reading(&self) -> ClockReading {
        let clock = self.source.now();
        let floor = self.observe(clock.as_second());
        let now = match Timestamp::from_second(floor.at.unwrap_or(i64::MIN)) {
            Ok(floor) if floor.as_second() > clock.as_second() => floor,
            _ => clock,
        };
        ClockReading { clock, now, floor, state: self.state.borrow().current }
    }

    /// The same in whole Unix seconds.
    pub fn unix(&self) -> i64 {
        self.now().as_second()
    }

    /// What the machine's clock shows, right or wrong: for records, and for what other clocks agree
    /// with.
    pub fn machine(&self) -> Timestamp {
        self.source.now()
    }

    /// This moment on both clocks.
    pub fn moment(&self) -> Moment {
        Moment { at: self.unix(), elapsed: self.monotonic.now() }
    }

    /// The floor, to be stored.
    pub fn floor(&self) -> Floor {
        self.observe(self.source.unix())
    }

    /// How the machine's clock stands to the floor.
    pub fn clock_state(&self) -> ClockState {
        self.observe(self.source.unix());
        self.state.borrow().current
    }

    fn observe(&self, clock: i64) -> Floor {
        let elapsed = i64::try_from(self.monotonic.now().as_secs()).unwrap_or(i64::MAX);
        let mut state = self.state.borrow_mut();
        if let Some(floor) = self.reset.after(state.floor) {
            state.floor = floor;
        }
        state.observe(clock, elapsed)
    }
}

impl State {
    fn observe(&mut self, clock: i64, elapsed: i64) -> Floor {
        let gained = self.last.map_or(0, |(last, then)| {
            clock.saturating_sub(last).saturating_sub(elapsed.saturating_sub(then))
        });
        self.last = Some((clock, elapsed));
        let jumped = gained.saturating_abs() > SLACK;
        self.floor.observe(clock, jumped);
        let before = self.current;
        self.current = self.stands(clock);
        match (before, self.current) {
            (ClockState::Behind(_), ClockState::Behind(_))
            | (ClockState::Ahead(_), ClockState::Ahead(_)) => {}
            (_, ClockState::Behind(seconds)) => warn!(
                seconds,
                "the clock went back behind the newest instant that is known, which is \"now\" for \
                 all that expires until the clock is there again: set it, by NTP; or, where it is \
                 right, run: photoprism admin clock --reset"
            ),
            (_, ClockState::Ahead(seconds)) => warn!(
                seconds,
                "the clock is more than a week ahead of the newest instant that is known: nothing \
                 that has expired is deleted before it has run so for a day, or somebody who knows \
                 that it is right runs: photoprism admin clock --reset"
            ),
            (ClockState::Right, ClockState::Right) if jumped => {
                warn!(seconds = gained, "the clock was set ahead");
            }
            (ClockState::Right, ClockState::Right) => {}
            (_, ClockState::Right) => info!("the clock is right again"),
        }
        self.floor
    }

    fn stands(&self, clock: i64) -> ClockState {
        let floor = self.floor.at.unwrap_or(clock);
        if self.floor.ahead_since.is_some() {
            ClockState::Ahead(clock.saturating_sub(floor))
        } else if floor.saturating_sub(clock) > SLACK {
            ClockState::Behind(floor.saturating_sub(clock))
        } else {
            ClockState::Right
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    const NOW: i64 = 1_795_521_600;
    const HOUR: i64 = 3600;
    const DAY: i64 = 24 * HOUR;

    #[test]
    fn now_never_goes_back_and_the_standing_says_what_the_clock_does() {
        let mut state = State {
            floor: Floor { at: Some(NOW), ..Floor::default() },
            last: None,
            current: ClockState::Right,
        };
        for (clock, elapsed, floor, clock_state) in [
            (NOW + 1, 0, NOW + 1, ClockState::Right),
            (NOW - 30, 1, NOW + 1, ClockState::Right),
            (NOW - HOUR, 2, NOW + 1, ClockState::Behind(HOUR + 1)),
            (NOW + 400 * DAY, 3, NOW + 1, ClockState::Ahead(400 * DAY - 1)),
            // It runs there for a day, and one hour before that is over it is set again.
            (
                NOW + 400 * DAY + 23 * HOUR,
                3 + 23 * HOUR,
                NOW + 1,
                ClockState::Ahead(400 * DAY + 23 * HOUR - 1),
            ),
            (NOW + 402 * DAY, 4 + 23 * HOUR, NOW + 1, ClockState::Ahead(402 * DAY - 1)),
            (NOW + DAY, 5 + 23 * HOUR, NOW + DAY, ClockState::Right),
        ] {
            assert_eq!(state.observe(clock, elapsed).at, Some(floor), "{clock}");
            assert_eq!(state.current, clock_state, "{clock}");
        }
    }

    #[test]
    fn an_age_is_that_of_the_clock_that_says_more() {
        let began = Moment::new(NOW, Duration::from_secs(100));
        for (at, elapsed, age) in [
            (NOW, 100, 0),
            (NOW, 160, 60),
            (NOW + HOUR, 160, 3600),
            // The clock was set back, and the machine slept.
            (NOW - DAY, 160, 60),
            (NOW + 60, 100, 60),
        ] {
            let now = Moment::new(at, Duration::from_secs(elapsed));
            assert_eq!(began.age(now), Duration::from_secs(age), "{at} {elapsed}");
        }
    }

    #[test]
    fn the_floor_is_now_where_the_clock_is_behind_it() {
        let monotonic = || Monotonic::Fixed(Rc::new(Cell::new(Duration::ZERO)));
        let source = Timestamp::from_second(NOW).unwrap();
        let at = |at: i64| {
            let floor = Floor { at: Some(at), ..Floor::default() };
            MonotoneClock::new(Clock::Fixed(source), monotonic(), floor)
        };
        assert_eq!(at(NOW + HOUR).unix(), NOW + HOUR);
        assert_eq!(at(NOW + HOUR).machine(), source);
        assert_eq!(at(NOW - HOUR).now(), source);
        // A stored instant beyond all that can be shown stops nothing.
        assert_eq!(at(i64::MAX).now(), source);
    }

    #[test]
    fn a_floor_that_is_set_to_the_clock_holds_at_once() {
        let monotonic = Monotonic::Fixed(Rc::new(Cell::new(Duration::ZERO)));
        let source = Timestamp::from_second(NOW).unwrap();
        let year_ahead = Floor { at: Some(NOW + 400 * DAY), from_record: 7, ..Floor::default() };
        let clock = MonotoneClock::new(Clock::Fixed(source), monotonic, year_ahead);
        assert_eq!(clock.clock_state(), ClockState::Behind(400 * DAY));
        // One that is known already.
        clock.floor_reset().set(NOW, 7);
        assert_eq!(clock.unix(), NOW + 400 * DAY);
        clock.floor_reset().set(NOW - 1, 8);
        assert_eq!(clock.unix(), NOW);
        assert_eq!(clock.floor(), Floor::set_to(NOW, 8));
        assert_eq!(clock.clock_state(), ClockState::Right);
    }
}
