//! `metrics`: figures for monitoring.

use serde::{Deserialize, Serialize};

/// Result of `metrics`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposition {
    /// Media type of the text, as a scrape over HTTP would carry it.
    pub content_type: String,
    /// OpenMetrics 1.0, ends with `# EOF` and a newline.
    pub text: String,
}
