//! The floor under "now": what has expired stays expired when the clock goes back.

/// Seconds by which an instant may be ahead of the newest one before it: a week.
const NEAR: i64 = 7 * 24 * 3600;

/// Seconds that the clock must have run further ahead before that is taken for the time: a day.
const SETTLED: i64 = 24 * 3600;

/// The newest instant that is known, and a clock far ahead of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Floor {
    /// The newest instant, Unix seconds; `None` before the first one.
    pub at: Option<i64>,
    /// Since when the clock runs more than a week ahead of it, Unix seconds of that clock.
    pub ahead_since: Option<i64>,
    /// Number of the audit record with which it was last set to the clock: no earlier record raises
    /// it. 0: it never was.
    pub from_record: i64,
}

impl Floor {
    /// The floor after it was set to the clock, which showed `at`, with that audit record.
    pub const fn set_to(at: i64, record: i64) -> Self {
        Self { at: Some(at), ahead_since: None, from_record: record }
    }

    /// When a clock that is far ahead will have run there for a day, Unix seconds of that clock.
    pub fn accepted_at(&self) -> Option<i64> {
        self.ahead_since.map(|since| since.saturating_add(SETTLED))
    }

    /// Takes in what was committed at an instant, before or after this floor was stored. Only one that
    /// raises it says anything about the clock of now.
    pub fn raise(&mut self, instant: i64) {
        if self.at.is_none_or(|at| instant > at && instant <= at.saturating_add(NEAR)) {
            self.observe(instant, false);
        }
    }

    /// Takes an instant in, Unix seconds. `jumped`: the clock was set since the last one, so that
    /// it has not run there.
    ///
    /// The floor never goes down. An instant more than a week ahead raises it only once the clock
    /// has run there for a day: a clock that was wrong for an hour locks nobody out for years.
    pub fn observe(&mut self, instant: i64, jumped: bool) {
        let Some(at) = self.at else {
            self.at = Some(instant);
            return;
        };
        if instant <= at.saturating_add(NEAR) {
            *self = Self { at: Some(at.max(instant)), ahead_since: None, ..*self };
            return;
        }
        match self.ahead_since {
            Some(since) if !jumped && (0..=NEAR).contains(&instant.saturating_sub(since)) => {
                if instant - since >= SETTLED {
                    *self = Self { at: Some(instant), ahead_since: None, ..*self };
                }
            }
            _ => self.ahead_since = Some(instant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_521_600;
    const HOUR: i64 = 3600;
    const DAY: i64 = 24 * HOUR;

    fn at(instant: i64) -> Floor {
        Floor { at: Some(instant), ..Floor::default() }
    }

    #[test]
    fn it_rises_with_the_clock_and_never_goes_down() {
        let mut floor = Floor::default();
        for (instant, expected) in [
            (NOW, NOW),
            (NOW + 5, NOW + 5),
            (NOW - HOUR, NOW + 5),
            (NOW - 50 * 365 * DAY, NOW + 5),
            (i64::MIN, NOW + 5),
            (NOW + 5 + 7 * DAY, NOW + 5 + 7 * DAY),
        ] {
            floor.observe(instant, true);
            assert_eq!(floor, at(expected), "{instant}");
        }
    }

    #[test]
    fn a_clock_far_ahead_raises_it_after_a_day_and_is_forgotten_when_it_is_back() {
        let far = NOW + 400 * DAY;
        let mut floor = at(NOW);
        for hour in 0..24 {
            floor.observe(far + hour * HOUR, hour == 0);
            assert_eq!(floor, Floor { ahead_since: Some(far), ..at(NOW) }, "hour {hour}");
            assert_eq!(floor.accepted_at(), Some(far + DAY));
        }
        let mut back = floor;
        back.observe(NOW + DAY, true);
        assert_eq!(back, at(NOW + DAY), "nobody is locked out");
        floor.observe(far + DAY, false);
        assert_eq!(floor, at(far + DAY));
    }

    #[test]
    fn what_was_committed_raises_it_and_says_nothing_of_a_clock_far_ahead() {
        let far = Floor { ahead_since: Some(NOW + 400 * DAY), ..at(NOW) };
        let mut floor = far;
        for instant in [NOW - DAY, NOW, NOW + 399 * DAY, NOW + 402 * DAY] {
            floor.raise(instant);
            assert_eq!(floor, far, "{instant}");
        }
        floor.raise(NOW + HOUR);
        assert_eq!(floor, at(NOW + HOUR));
        let mut first = Floor::default();
        first.raise(NOW);
        assert_eq!(first, at(NOW));
    }

    #[test]
    fn a_clock_that_is_set_again_has_not_run_for_a_day() {
        let far = NOW + 400 * DAY;
        let mut floor = at(NOW);
        for (instant, jumped) in
            [(far, true), (far + 2 * DAY, true), (far + 400 * DAY, false), (far, false)]
        {
            floor.observe(instant, jumped);
            assert_eq!(floor, Floor { ahead_since: Some(instant), ..at(NOW) }, "{instant}");
        }
        // The machine was off for some days.
        floor.observe(far + 3 * DAY, false);
        assert_eq!(floor, at(far + 3 * DAY));
        floor.observe(i64::MAX, false);
        assert_eq!(floor.at, Some(far + 3 * DAY));
    }
}
