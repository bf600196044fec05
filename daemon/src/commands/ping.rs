//! `ping`.

use photoprism_protocol::VERSION;
use photoprism_protocol::build;
use photoprism_protocol::status::{Ping, Pong};

use super::runner::{Outcome, Runner};

/// Replies that the daemon runs.
pub(in crate::commands) fn run(runner: &Runner<'_>) -> Outcome {
    runner.reply::<Ping>(&Pong { pong: true, protocol: VERSION, version: build::VERSION.into() })
}
