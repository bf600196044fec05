//! What is counted, and its text in the OpenMetrics format.

mod counted;
mod exposition;
#[cfg(test)]
mod grammar;

pub use self::counted::Metrics;
pub use self::exposition::{CONTENT_TYPE, DatabaseFigures, Figures, exposition};
