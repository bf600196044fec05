//! `clock.show` and `clock.reset`: the instant that counts as "now" for all that expires.

use serde::{Deserialize, Serialize};

use crate::command::{Command, CommandName};
use crate::status::NoArgs;

/// Result of `clock.show`. Times are RFC 3339 in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClockReply {
    /// What counts for all that expires: the later of the next two.
    pub now: String,
    /// What the machine's clock shows.
    pub clock: String,
    /// The newest instant that is known.
    pub floor: String,
    /// Seconds by which the clock is ahead of the floor, negative where it is behind.
    pub ahead_s: i64,
    /// `ok`, `behind` (by more than a minute) or `ahead` (by more than a week).
    pub state: String,
    /// While it is `ahead`: when the clock will have run so for a day, and raises the floor.
    pub accepted_at: Option<String>,
}

/// Result of `clock.reset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClockResetReply {
    /// The floor now: what the machine's clock showed.
    pub floor: String,
    /// The floor before.
    pub before: String,
}

pub struct ClockShow;

impl Command for ClockShow {
    const NAME: CommandName = CommandName::ClockShow;
    type Args = NoArgs;
    type Reply = ClockReply;
}

pub struct ClockReset;

impl Command for ClockReset {
    const NAME: CommandName = CommandName::ClockReset;
    type Args = NoArgs;
    type Reply = ClockResetReply;
}
