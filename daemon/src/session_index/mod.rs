//! The session index: every session and the state of its account in memory, so that a token is
//! checked without the database. Only commits change it, in their order, before they are
//! answered: a token is never active after its revocation was acknowledged.
//!
//! It is filled in steps while the daemon serves already. A step runs on the database thread, so
//! that no commit comes between what it reads and what it adds; those between two steps apply their
//! effects as ever: at any time it contains what is before a place as it is in the database, and what
//! was created since. Until it is full, checks read the database.

mod accounts;
mod details;
mod ended;
mod entry;
mod inner;
mod sessions;
mod slab;
mod table;
#[cfg(test)]
mod tests;
mod unnotified;
mod uses;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use photoprism_protocol::auth::Introspection;
use tokio::sync::Notify;

pub(crate) use self::ended::{EndedIds, MOST_HELD};
use self::entry::parse_id;
use self::inner::Maps;
pub(crate) use self::inner::Place;
pub(crate) use self::unnotified::Unnotified;
pub(crate) use self::uses::PendingUses;
use crate::model::{Account, Effect, Question, Session};

/// The SHA-256 of a secret.
pub(crate) type SessionId = [u8; 32];

/// The index; cheap to clone. The default is for PhotoPrism's database, whose sessions change
/// without the daemon: it only gathers their uses.
#[derive(Clone, Default)]
pub(crate) struct SessionIndex {
    maps: Arc<Mutex<Maps>>,
    to_fill: Arc<Notify>,
}

impl SessionIndex {
    /// An empty index that is to be filled with every session.
    pub(crate) fn to_fill() -> Self {
        Self { maps: Arc::new(Mutex::new(Maps::to_fill())), to_fill: Arc::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Maps> {
        // Nothing in it panics half-way through a change.
        self.maps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where filling goes on; `None`: there is nothing to fill.
    pub(crate) fn place(&self) -> Option<Place> {
        self.inner().place()
    }

    /// Adds the next sessions and goes on after the row id `next`; `None`: these were the last. No
    /// commit may come between reading them and this.
    pub(crate) fn add_sessions(&self, sessions: &[Session], next: Option<i64>) {
        let mut inner = self.inner();
        for session in sessions {
            inner.add(session, None);
        }
        let accounts = Place::Accounts { after: i64::MIN };
        inner.set_place(Some(next.map_or(accounts, |after| Place::Sessions { after })));
    }

    /// Adds the next accounts, which come after all sessions, in the same way.
    pub(crate) fn add_accounts(&self, accounts: &[Account], next: Option<i64>) {
        let mut inner = self.inner();
        for account in accounts {
            inner.change_account(account);
        }
        inner.set_place(next.map(|after| Place::Accounts { after }));
    }

    /// Waits until it has to be filled again.
    pub(crate) async fn emptied(&self) {
        self.to_fill.notified().await;
    }

    /// Applies an effect of a commit.
    pub(crate) fn apply(&self, effect: Effect) {
        let mut inner = self.inner();
        let mut emptied = None;
        match effect {
            // These concern PhotoPrism's database alone, the clock, or the log.
            Effect::Audited(_)
            | Effect::IdsEnded(_)
            | Effect::IdsReleased(_)
            | Effect::ToNotify(_)
            | Effect::Notified(_)
            | Effect::CameBack(_)
            | Effect::MoreCameBack(_)
            | Effect::WentBack(_)
            | Effect::FloorReset { .. } => {}
            Effect::SessionCreated(row, account) => inner.add(&row, account.as_deref()),
            Effect::SessionEnded { id } => inner.remove_with_children(&id),
            Effect::SessionsEnded { uid, all } => inner.remove_of_account(&uid, all),
            Effect::EverySessionEnded => emptied = Some(inner.clear()),
            Effect::EverySessionReplaced => {
                emptied = Some(inner.clear_to_fill());
                self.to_fill.notify_one();
            }
            Effect::AccountChanged(account) => inner.change_account(&account),
        }
        // Checks do not wait while the memory of all sessions is freed.
        drop(inner);
        drop(emptied);
    }

    /// Checks a token at `now` (Unix seconds) and records its use. `None`: the database has to be
    /// read, as it is not full or the session has longer texts than are kept.
    pub(crate) fn verify(
        &self,
        id: &SessionId,
        question: &Question,
        now: i64,
    ) -> Option<Introspection> {
        self.inner().verify(id, question, now)
    }

    /// Records a use of a session that was found in the database itself.
    pub(crate) fn note(&self, id: &SessionId, client_ip: Option<&str>, now: i64) {
        let mut inner = self.inner();
        inner.uses.note(id, client_ip, now);
        inner.touch(id, now);
    }

    /// The uses of sessions that are not yet written.
    pub(crate) fn uses(&self) -> PendingUses {
        self.inner().uses.clone()
    }
}
