//! `metrics`: figures for monitoring.

use crate::command::{Command, CommandName};
use crate::status::NoArgs;
use serde::{Deserialize, Serialize};

/// Result of `metrics`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Exposition {
    /// Media type of the text, as a scrape over HTTP would carry it.
    pub content_type: String,
    /// OpenMetrics 1.0, ends with `# EOF` and a newline.
    pub text: String,
}

pub struct Metrics;

impl Command for Metrics {
    const NAME: CommandName = CommandName::Metrics;
    type Args = NoArgs;
    type Reply = Exposition;
}
