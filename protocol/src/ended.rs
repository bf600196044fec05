//! When the end of sessions takes effect in a running PhotoPrism.

use serde::{Deserialize, Serialize};

/// Keys of each result that ended sessions in PhotoPrism's database; in all others they are left
/// out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Seconds for which a running PhotoPrism may go on honouring what ended; 0: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_within_s: Option<u32>,
    /// Sessions of which it is still to be notified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
}
