//! Notifies a running PhotoPrism of the sessions that were ended here, so that it forgets them at
//! once: a DELETE over its API for each, in the name of a super admin, until it has forgotten all.

mod rounds;
mod schedule;
mod token;

use std::time::Duration;

pub(crate) use self::token::Token;
use crate::clock::Clock;
use crate::photoprism::PhotoPrism;
use crate::session_index::Unnotified;
use crate::store::{Store, StoreError};

/// How long a step may wait for the database.
const DEADLINE: Duration = Duration::from_secs(30);

/// How long a reply waits for it.
const WAIT: Duration = Duration::from_secs(2);

/// What notifies PhotoPrism.
pub(crate) struct Notifier {
    photoprism: PhotoPrism,
    store: Store,
    unnotified: Unnotified,
    random: fn(&mut [u8]),
}

impl Notifier {
    pub(crate) const fn new(
        photoprism: PhotoPrism,
        store: Store,
        unnotified: Unnotified,
        random: fn(&mut [u8]),
    ) -> Self {
        Self { photoprism, store, unnotified, random }
    }

    /// The PhotoPrism that is notified.
    pub(crate) const fn photoprism(&self) -> &PhotoPrism {
        &self.photoprism
    }

    /// Waits until PhotoPrism has forgotten all of these, as long as a reply may wait; returns how
    /// many are left.
    pub(crate) async fn wait_for(&self, ids: &[String]) -> usize {
        self.unnotified.wait_for(ids, WAIT).await
    }
}

/// What PhotoPrism compares expiries with.
fn now() -> i64 {
    Clock::System.unix()
}

/// The outcome of a step that needs the database.
type Step<T> = Result<T, StoreError>;
