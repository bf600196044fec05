//! `clock.show`.

use jiff::Timestamp;
use photoprism_protocol::clock::{ClockReply, ClockShow};

use super::floor;
use crate::clock::{ClockReading, ClockState};
use crate::commands::runner::{Outcome, Runner};
use crate::model::to_rfc3339;

/// Replies while the database is missing as well.
pub(in crate::commands) fn run(runner: &Runner<'_>) -> Outcome {
    runner.reply::<ClockShow>(&to_wire(&runner.app.clock.reading()))
}

fn to_wire(reading: &ClockReading) -> ClockReply {
    let accepted_at = reading.floor.accepted_at().map(Timestamp::from_second);
    let floor = floor(reading);
    ClockReply {
        now: to_rfc3339(reading.now),
        clock: to_rfc3339(reading.clock),
        floor: to_rfc3339(floor),
        ahead_s: reading.clock.as_second() - floor.as_second(),
        state: match reading.state {
            ClockState::Right => "ok",
            ClockState::Behind(_) => "behind",
            ClockState::Ahead(_) => "ahead",
        }
        .into(),
        accepted_at: accepted_at.map(|at| to_rfc3339(at.unwrap_or(Timestamp::MAX))),
    }
}
