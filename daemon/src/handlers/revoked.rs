//! What a revocation means beside a running PhotoPrism.

use super::write::Written;
use crate::store::{Db, Kind};

/// Seconds for which a running PhotoPrism keeps sessions in its memory (`spec/data.md`: 15
/// minutes).
const CACHED_S: u32 = 900;

const WARNING: &str = "a running PhotoPrism may keep a session in its memory for up to 15 minutes \
                       after it was ended here; restart it where that is too long";

/// How long what ended may live on there; `None` where it ended at once, or nothing did.
pub(super) fn effective_within(db: &Db, ended: u64) -> Option<u32> {
    match db.kind() {
        Kind::Own => None,
        Kind::PhotoPrism { .. } => (ended > 0).then_some(CACHED_S),
    }
}

/// The sentence that goes with it.
pub(super) fn warning(effective_within: Option<u32>) -> Option<String> {
    effective_within.map(|_| WARNING.to_owned())
}

impl Written {
    /// With a warning where something that ended may live on.
    pub(super) fn warning_of(mut self, effective_within: Option<u32>) -> Self {
        self.warnings.extend(warning(effective_within));
        self
    }
}
