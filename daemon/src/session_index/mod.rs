//! The session index: every session and the state of its account in memory, so that a token is
//! checked without the database. Only commits change it, in their order, before they are
//! answered: a token is never active after its revocation was acknowledged.

mod ended;
mod inner;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use photoprism_protocol::auth::Introspection;

pub(crate) use self::ended::{EndedIds, MOST_HELD};
use self::inner::{Maps, parse_id};
use crate::model::{Account, Effect, LastUse, Question, Session};

/// The SHA-256 of a secret.
pub(crate) type SessionId = [u8; 32];

/// The index; cheap to clone. The default is for PhotoPrism's database, whose sessions change
/// without the daemon: it only gathers their uses.
#[derive(Clone, Default)]
pub(crate) struct SessionIndex(Arc<Mutex<Maps>>);

impl SessionIndex {
    /// The index of these sessions, with the accounts that they belong to.
    pub(crate) fn load(sessions: &[Session], accounts: &[Account]) -> Self {
        let mut inner = Maps::whole();
        for account in accounts {
            inner.know_account(account);
        }
        for session in sessions {
            inner.add(session);
        }
        Self(Arc::new(Mutex::new(inner)))
    }

    fn inner(&self) -> MutexGuard<'_, Maps> {
        // Nothing in it panics half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies an effect of a commit.
    pub(crate) fn apply(&self, effect: Effect) {
        let mut inner = self.inner();
        match effect {
            // These concern PhotoPrism's database alone, or the log.
            Effect::Audited(_)
            | Effect::IdsEnded(_)
            | Effect::IdsReleased(_)
            | Effect::CameBack(_)
            | Effect::MoreCameBack(_)
            | Effect::WentBack(_) => {}
            Effect::SessionCreated(row, account) => {
                if let Some(account) = account {
                    inner.know_account(&account);
                }
                inner.add(&row);
            }
            Effect::SessionEnded { id } => inner.remove_with_children(&id),
            Effect::SessionsEnded { uid, all } => inner.remove_of_account(&uid, all),
            Effect::EverySessionEnded => inner.clear(),
            Effect::AccountChanged(account) => inner.change_account(&account),
        }
    }

    /// Checks a token at `now` (Unix seconds) and records its use.
    pub(crate) fn verify(&self, id: &SessionId, question: &Question, now: i64) -> Introspection {
        let active = self.inner().verify(id, question, now);
        active.map_or(Introspection::Inactive { active: false }, |active| {
            Introspection::Active(Box::new(active))
        })
    }

    /// Records a use of a session that was found in the database itself.
    pub(crate) fn note(&self, id: &SessionId, question: &Question, now: i64) {
        self.inner().note(id, question, now);
    }

    /// The last use of a session that is not yet written, in Unix seconds.
    pub(crate) fn last_use(&self, id: &SessionId) -> Option<i64> {
        self.inner().last_use(id)
    }

    /// The uses that are not yet written.
    pub(crate) fn pending_uses(&self) -> Vec<LastUse> {
        self.inner().pending_uses()
    }

    /// These uses are written now; later ones stay.
    pub(crate) fn mark_flushed(&self, seen: &[LastUse]) {
        self.inner().mark_flushed(seen);
    }
}
