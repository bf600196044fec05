//! Cancels long work before it is done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that the work checks between two rows. All clones share it.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether cancellation was requested.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
