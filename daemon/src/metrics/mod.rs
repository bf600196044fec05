//! Counters and gauges, and their text in the OpenMetrics format.

mod counters;
mod exposition;
#[cfg(test)]
mod grammar;

pub(crate) use self::counters::Metrics;
pub(crate) use self::exposition::{
    BackupFigures, CONTENT_TYPE, DatabaseFigures, Snapshot, exposition,
};
