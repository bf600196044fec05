//! When what failed is tried again.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// After a failure of one session, or where PhotoPrism does not answer.
const FIRST: Duration = Duration::from_secs(1);

/// After a token was refused.
const FIRST_TOKEN: Duration = Duration::from_secs(10);

/// Each doubles up to this.
const LONGEST: Duration = Duration::from_mins(1);

/// Tokens that may be refused within [`HOUR`]: each counts against the daemon's address in
/// PhotoPrism's own limiter, and 60 would shut out everybody who has the same one.
const MOST_REFUSED: usize = 30;

const HOUR: Duration = Duration::from_hours(1);

/// Failing sessions that have times of their own.
const MOST_FAILING: usize = 10_000;

/// How often something failed in a row, and when it is tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Backoff {
    failures: u32,
    due: Duration,
}

impl Backoff {
    fn failed(&mut self, now: Duration, first: Duration) {
        // Two to the power of six seconds is more than the longest.
        self.due = now + (first * 2_u32.pow(self.failures.min(6))).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
    }
}

/// The times at which what failed is tried again, on the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    sessions: HashMap<String, Backoff>,
    /// PhotoPrism does not answer.
    silence: Backoff,
    token: Backoff,
    /// When tokens were refused, the oldest first.
    refused: VecDeque<Duration>,
}

impl Schedule {
    /// Whether a session may be tried.
    pub(super) fn is_due(&self, id: &str, now: Duration) -> bool {
        self.sessions.get(id).is_none_or(|backoff| backoff.due <= now)
    }

    /// When PhotoPrism may be asked at all.
    pub(super) fn begins(&self) -> Duration {
        let full = self.refused.len() >= MOST_REFUSED;
        let room = self.refused.front().filter(|_| full).map_or(Duration::ZERO, |at| *at + HOUR);
        self.silence.due.max(self.token.due).max(room)
    }

    /// The next session that failed and is due after `now`.
    pub(super) fn next(&self, now: Duration) -> Option<Duration> {
        self.sessions.values().map(|backoff| backoff.due).filter(|due| *due > now).min()
    }

    /// Whether anything fails.
    pub(super) fn is_failing(&self) -> bool {
        !self.sessions.is_empty() || self.silence.failures > 0 || self.token.failures > 0
    }

    /// Something new is to be done: PhotoPrism may be there again.
    pub(super) fn try_now(&mut self) {
        self.silence.due = Duration::ZERO;
    }

    pub(super) fn answered(&mut self) {
        self.silence = Backoff::default();
    }

    pub(super) fn unanswered(&mut self, now: Duration) {
        self.silence.failed(now, FIRST);
    }

    /// PhotoPrism took the token.
    pub(super) fn token_accepted(&mut self) {
        self.token = Backoff::default();
    }

    pub(super) fn token_refused(&mut self, now: Duration) {
        self.token.failed(now, FIRST_TOKEN);
        while self.refused.front().is_some_and(|at| *at + HOUR <= now) {
            self.refused.pop_front();
        }
        if self.refused.len() == MOST_REFUSED {
            self.refused.pop_front();
        }
        self.refused.push_back(now);
    }

    pub(super) fn done(&mut self, id: &str) {
        self.sessions.remove(id);
    }

    pub(super) fn failed(&mut self, id: &str, now: Duration) {
        if let Some(known) = self.sessions.get_mut(id) {
            known.failed(now, FIRST);
        } else if self.sessions.len() < MOST_FAILING {
            let mut new = Backoff::default();
            new.failed(now, FIRST);
            self.sessions.insert(id.to_owned(), new);
        } else {
            self.unanswered(now);
        }
    }

    /// Nothing is left to be done.
    pub(super) fn clear(&mut self) {
        self.sessions.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_session_that_fails_is_tried_after_a_second_and_then_ever_later() {
        let mut schedule = Schedule::default();
        assert!(schedule.is_due("a", at(0)) && !schedule.is_failing());
        let mut now = 0;
        for wait in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            schedule.failed("a", at(now));
            assert!(!schedule.is_due("a", at(now + wait - 1)) && schedule.is_due("b", at(now)));
            assert_eq!(schedule.next(at(now)), Some(at(now + wait)));
            now += wait;
            assert!(schedule.is_due("a", at(now)));
        }
        schedule.done("a");
        assert!(schedule.is_due("a", at(0)) && !schedule.is_failing());
    }

    #[test]
    fn while_it_does_not_answer_all_wait_but_what_is_new_is_tried_once() {
        let mut schedule = Schedule::default();
        for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
            schedule.unanswered(at(100));
            assert_eq!(schedule.begins(), at(100 + wait));
        }
        schedule.try_now();
        assert_eq!(schedule.begins(), at(0));
        schedule.unanswered(at(100));
        assert_eq!(schedule.begins(), at(160));
        schedule.answered();
        assert_eq!(schedule.begins(), at(0));
    }

    #[test]
    fn thirty_tokens_are_refused_an_hour_and_what_is_new_does_not_change_that() {
        let mut schedule = Schedule::default();
        let mut times = Vec::new();
        let mut now = at(5);
        while now < at(3 * 3600) {
            schedule.token_refused(now);
            times.push(now);
            schedule.try_now();
            now = schedule.begins();
        }
        assert_eq!(times[..6], [at(5), at(15), at(35), at(75), at(135), at(195)]);
        for (index, begin) in times.iter().enumerate() {
            let within = times[index..].iter().filter(|at| **at < *begin + HOUR).count();
            assert!(within <= MOST_REFUSED, "{within} from {begin:?}");
        }
        schedule.token_accepted();
        assert!(!schedule.is_failing());
    }

    #[test]
    fn so_many_failing_sessions_have_times_of_their_own_and_no_more() {
        let mut schedule = Schedule::default();
        for number in 0..=MOST_FAILING {
            schedule.failed(&number.to_string(), at(1));
        }
        assert_eq!(schedule.sessions.len(), MOST_FAILING);
        assert_eq!(schedule.begins(), at(2), "the rest waits with all");
    }
}
