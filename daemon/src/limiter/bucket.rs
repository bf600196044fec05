//! The places of one subject.

use std::collections::BTreeSet;
use std::time::Duration;

use super::rate::Rate;

/// Rows have whole seconds, and are followed only where they differ by more.
const EXACT: Duration = Duration::from_secs(1);

/// Places are counted by when the last one will be back: exact in any order of events, and
/// nothing has to run for time to pass.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// When every place that a failure took is back; the past where none is taken.
    back_at: Duration,
    /// Attempts that are not yet decided and have taken a place.
    undecided: u32,
    /// Attempts that wait, in the order in which they came.
    pub(super) waiting: BTreeSet<u64>,
    /// When it was last touched, in touches of the whole limiter.
    pub(super) touched: u64,
    /// Its last decision, in decisions of the whole limiter.
    pub(super) decided: u64,
}

impl Bucket {
    fn debt(&self, now: Duration) -> Duration {
        self.back_at.saturating_sub(now)
    }

    /// How long decided failures alone refuse an attempt; zero where they do not.
    pub(super) fn refuses_for(&self, now: Duration, rate: Rate) -> Duration {
        (self.debt(now) + rate.refill()).saturating_sub(rate.whole())
    }

    /// Whether there is a place that neither a failure nor an undecided attempt has.
    pub(super) fn has_room(&self, now: Duration, rate: Rate) -> bool {
        self.debt(now) + rate.time_of(self.undecided + 1) <= rate.whole()
    }

    /// An undecided attempt takes a place.
    pub(super) fn take(&mut self) {
        self.undecided += 1;
    }

    /// An undecided attempt gives its place back.
    pub(super) fn release(&mut self) {
        self.undecided = self.undecided.saturating_sub(1);
    }

    /// An undecided attempt failed: its place comes back after those that were taken before.
    /// `stored` is what the row owes with it, where other daemons count there too.
    pub(super) fn fail(&mut self, now: Duration, rate: Rate, stored: Option<Duration>) {
        self.release();
        let known = self.debt(now);
        let own = (known + rate.refill()).min(rate.whole());
        let owed = match stored {
            // Rows are committed in another order than this is called in.
            Some(stored) if stored.abs_diff(own) > EXACT => known.max(stored),
            Some(_) | None => own,
        };
        self.set_debt(now, owed, rate);
    }

    /// The row was read, and owes that. It may be older than what is known since: then it only
    /// adds.
    pub(super) fn follow(&mut self, now: Duration, rate: Rate, stored: Duration, is_newer: bool) {
        let known = self.debt(now);
        if known.abs_diff(stored) > EXACT && (is_newer || stored > known) {
            self.set_debt(now, stored, rate);
        }
    }

    /// All that is owed is back after `owed`; more than every place cannot be.
    pub(super) fn set_debt(&mut self, now: Duration, owed: Duration, rate: Rate) {
        self.back_at = now + owed.min(rate.whole());
    }

    /// Failures are forgotten.
    pub(super) fn clear(&mut self) {
        self.back_at = Duration::ZERO;
    }

    /// As many places are taken under the new rate as were under the old one.
    pub(super) fn change_rate(&mut self, now: Duration, old: Rate, new: Rate) {
        let owed = self.debt(now).as_nanos() * new.refill().as_nanos() / old.refill().as_nanos();
        self.set_debt(now, Duration::from_nanos_u128(owed), new);
    }

    /// Whether an attempt holds it or waits for it.
    pub(super) fn is_in_use(&self) -> bool {
        self.undecided > 0 || !self.waiting.is_empty()
    }

    /// Whether forgetting it changes nothing.
    pub(super) fn is_empty(&self, now: Duration) -> bool {
        !self.is_in_use() && self.debt(now).is_zero()
    }
}
