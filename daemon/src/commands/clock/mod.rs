//! The noun `clock`: the instant that counts as "now" for all that expires.

pub(super) mod reset;
pub(super) mod show;

use jiff::Timestamp;

use crate::clock::ClockReading;

/// The floor as an instant: a stored one beyond all that can be shown is the last one.
fn floor(reading: &ClockReading) -> Timestamp {
    let second = reading.floor.at.unwrap_or_else(|| reading.clock.as_second());
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}
