//! How an import is carried out, and its outcome.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use photoprism_protocol::role::Role;
use photoprism_protocol::transfer::{ImportCounts, ImportItem};

/// How an import is carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Change nothing.
    pub dry_run: bool,
    /// Change accounts that differ.
    pub update: bool,
    /// Delete accounts that no row names, after a backup.
    pub prune: bool,
    /// Role of new accounts whose rows give none.
    pub role: Option<Role>,
    /// Carry out as many rows as one transaction may have, and leave the rest.
    pub part: Option<Part>,
}

/// A part of a text, by what comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// More of the text.
    Middle,
    /// What is left of it.
    End,
}

/// The results of an import, which may be more than a reply can contain.
#[derive(Clone, Debug, Default)]
pub(crate) struct Results {
    /// How many of each.
    pub counts: ImportCounts,
    /// One for each row, then one for each account that was pruned.
    pub items: Vec<ImportItem>,
    /// Messages for people about the whole of it.
    pub warnings: Vec<String>,
    /// Path of the backup of what was there before, where accounts were pruned.
    pub backup: Option<String>,
}

/// Cancels an import: a flag that is checked between two rows. All clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cancel(Arc<AtomicBool>);

impl Cancel {
    pub(crate) fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether cancellation was requested.
    pub(crate) fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
