//! What the index contains and how far it is filled.

use photoprism_protocol::auth::Introspection;

use super::SessionId;
use super::entry::parse_id;
use super::sessions::Sessions;
use super::uses::PendingUses;
use crate::model::{Account, Question, Session, introspect};

/// Where filling goes on: at the sessions, and then at the accounts, after that row id. The index
/// contains all sessions before it, and all that was read or changed of their accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Sessions { after: i64 },
    Accounts { after: i64 },
}

impl Place {
    const START: Self = Self::Sessions { after: i64::MIN };
}

/// How much it contains.
#[derive(Default)]
enum State {
    /// Nothing but uses: the sessions are PhotoPrism's and change without the daemon.
    #[default]
    UsesOnly,
    /// What is before this place, and what commits changed meanwhile.
    Filling(Place),
    /// Every session.
    Full,
}

#[derive(Default)]
pub(super) struct Maps {
    sessions: Sessions,
    pub(super) uses: PendingUses,
    state: State,
}

impl Maps {
    /// Empty maps that are to be filled with every session.
    pub(super) fn to_fill() -> Self {
        Self { state: State::Filling(Place::START), ..Self::default() }
    }

    /// Where filling goes on; `None`: there is nothing to fill.
    pub(super) const fn place(&self) -> Option<Place> {
        match self.state {
            State::Filling(place) => Some(place),
            State::UsesOnly | State::Full => None,
        }
    }

    /// Filling goes on at this place; `None`: it is full.
    pub(super) fn set_place(&mut self, place: Option<Place>) {
        self.state = place.map_or(State::Full, State::Filling);
    }

    pub(super) fn change_account(&mut self, account: &Account) {
        self.sessions.change_account(account);
    }

    /// Adds a session with its last use, and its account where that is given.
    pub(super) fn add(&mut self, row: &Session, account: Option<&Account>) {
        let is_kept = !matches!(self.state, State::UsesOnly);
        let Some(id) = parse_id(&row.id).filter(|_| is_kept) else { return };
        self.sessions.add(id, row, account);
        if let Some(used) = self.uses.last_use(&id) {
            self.touch(&id, used);
        }
    }

    pub(super) fn remove_with_children(&mut self, hex: &str) {
        let Some(id) = parse_id(hex) else { return };
        self.uses.remove(&id);
        let removed = self.sessions.remove_with_children(&id);
        self.forget_uses(&removed);
    }

    pub(super) fn remove_of_account(&mut self, uid: &str, all: bool) {
        let removed = self.sessions.remove_of_account(uid, all);
        self.forget_uses(&removed);
    }

    fn forget_uses(&mut self, ids: &[SessionId]) {
        for id in ids {
            self.uses.remove(id);
        }
    }

    /// Empties it. What it contained is returned: to free so much takes a while.
    pub(super) fn clear(&mut self) -> Sessions {
        self.uses.clear();
        std::mem::take(&mut self.sessions)
    }

    /// Empties it and begins to fill it again.
    pub(super) fn clear_to_fill(&mut self) -> Sessions {
        if let State::Filling(_) | State::Full = self.state {
            self.state = State::Filling(Place::START);
        }
        self.clear()
    }

    /// Checks a token and records its use; `None`: the database has to be read.
    pub(super) fn verify(
        &mut self,
        id: &SessionId,
        question: &Question,
        now: i64,
    ) -> Option<Introspection> {
        let State::Full = self.state else { return None };
        let inactive = Some(Introspection::Inactive { active: false });
        let Some(number) = self.sessions.find(id) else { return inactive };
        let (token, owner) = (self.sessions.token(number)?, self.sessions.owner(number));
        let Some(active) = introspect(&token, owner.as_ref(), question, now) else {
            return inactive;
        };
        self.sessions.touch(number, now);
        self.uses.note(id, question.client_ip.as_deref(), now);
        Some(Introspection::Active(Box::new(active)))
    }

    /// A session was used that the database was read for.
    pub(super) fn touch(&mut self, id: &SessionId, now: i64) {
        if let Some(number) = self.sessions.find(id) {
            self.sessions.touch(number, now);
        }
    }

    #[cfg(test)]
    pub(super) const fn sessions(&self) -> &Sessions {
        &self.sessions
    }
}
