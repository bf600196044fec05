//! `clock.reset`.

use photoprism_protocol::clock::{ClockReset, ClockResetReply};
use photoprism_protocol::status::NoArgs;

use super::floor;
use crate::commands::reply::Written;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::model::{Effect, to_rfc3339};
use crate::store::{Tx, reset_floor};

/// The floor before, for the reply and the audit record.
struct Before(String);

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let before = |_: NoArgs| Ok(Before(to_rfc3339(floor(&runner.app.clock.reading()))));
    runner.write::<ClockReset, _>(before, reset).await
}

/// Sets the floor to what the clock showed when the request came.
fn reset(tx: &Tx<'_>, request: &Request<Before>) -> Result<Written<ClockResetReply>, CommandError> {
    let clock = request.context.machine_time;
    let at = clock.as_second();
    let record = reset_floor(tx, at)?;
    let Before(before) = &request.args;
    let reply = ClockResetReply { floor: to_rfc3339(clock), before: before.clone() };
    Ok(Written::new(before, &reply)?.with_effects([Effect::FloorReset { at, record }]))
}
