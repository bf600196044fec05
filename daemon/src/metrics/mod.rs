//! Counters and gauges, and their text in the OpenMetrics format.

mod counters;
mod exposition;
#[cfg(test)]
mod grammar;

pub use self::counters::Metrics;
pub use self::exposition::{CONTENT_TYPE, DatabaseFigures, Snapshot, exposition};
