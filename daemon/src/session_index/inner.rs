//! The maps of the index.

use std::collections::{HashMap, HashSet};

use data_encoding::HEXLOWER;
use photoprism_protocol::auth::Active;

use super::SessionId;
use crate::model::{
    Account, LastUse, Lifetime, Owner, Question, Session, SessionKind, Token, introspect,
};

/// A session, as far as a check needs it.
struct Entry {
    ref_id: Box<str>,
    uid: Box<str>,
    client_uid: Box<str>,
    client_name: Box<str>,
    scope: Box<str>,
    lifetime: Lifetime,
    parent: Option<SessionId>,
    app_password: bool,
}

impl Entry {
    fn token(&self) -> Token<'_> {
        Token {
            ref_id: &self.ref_id,
            uid: &self.uid,
            client_uid: &self.client_uid,
            client_name: &self.client_name,
            scope: &self.scope,
            lifetime: self.lifetime,
        }
    }
}

/// An account, as far as a check needs it, with its sessions.
struct KnownAccount {
    name: Box<str>,
    /// The effective role.
    role: Box<str>,
    /// As [`Owner::disabled_since`].
    disabled_since: Option<i64>,
    sessions: HashSet<SessionId>,
}

impl KnownAccount {
    fn of(account: &Account, sessions: HashSet<SessionId>) -> Self {
        let Owner { name, role, disabled_since } = Owner::from(account);
        Self { name: name.into(), role: role.into(), disabled_since, sessions }
    }

    fn owner(&self) -> Owner<'_> {
        Owner { name: &self.name, role: &self.role, disabled_since: self.disabled_since }
    }
}

/// A use that is not yet written.
#[derive(Clone, PartialEq, Eq)]
struct Use {
    last_active: i64,
    client_ip: Option<String>,
}

#[derive(Default)]
pub(super) struct Maps {
    sessions: HashMap<SessionId, Entry>,
    accounts: HashMap<String, KnownAccount>,
    children: HashMap<SessionId, Vec<SessionId>>,
    uses: HashMap<SessionId, Use>,
    /// Whether it contains every session. With PhotoPrism's database it only gathers their uses.
    whole: bool,
    /// The latest instant that was seen, so that a clock that jumps back lengthens no session.
    latest: i64,
}

pub(super) fn parse_id(hex: &str) -> Option<SessionId> {
    HEXLOWER.decode(hex.as_bytes()).ok()?.try_into().ok()
}

impl Maps {
    /// Empty maps that are to contain every session.
    pub(super) fn whole() -> Self {
        Self { whole: true, ..Self::default() }
    }

    pub(super) fn know_account(&mut self, account: &Account) {
        if self.whole {
            let known = KnownAccount::of(account, HashSet::new());
            self.accounts.entry(account.uid.clone()).or_insert(known);
            self.change_account(account);
        }
    }

    /// An account without sessions is not kept: it comes with the next one.
    pub(super) fn change_account(&mut self, account: &Account) {
        if let Some(known) = self.accounts.get_mut(&account.uid) {
            *known = KnownAccount::of(account, std::mem::take(&mut known.sessions));
        }
    }

    pub(super) fn add(&mut self, row: &Session) {
        let Some(id) = parse_id(&row.id).filter(|_| self.whole) else { return };
        let kind = row.kind();
        let child = kind == SessionKind::FromAppPassword;
        let parent = if child { parse_id(&row.auth_id) } else { None };
        if let Some(parent) = parent {
            self.children.entry(parent).or_default().push(id);
        }
        if let Some(account) = self.accounts.get_mut(&row.user_uid) {
            account.sessions.insert(id);
        }
        let entry = Entry {
            ref_id: row.ref_id.as_str().into(),
            uid: row.user_uid.as_str().into(),
            client_uid: row.client_uid.as_str().into(),
            client_name: row.client_name.as_str().into(),
            scope: row.scope.as_str().into(),
            lifetime: row.lifetime(),
            parent,
            app_password: kind == SessionKind::AppPassword,
        };
        self.sessions.insert(id, entry);
    }

    pub(super) fn remove_with_children(&mut self, hex: &str) {
        let Some(id) = parse_id(hex) else { return };
        for child in self.children.remove(&id).unwrap_or_default() {
            self.remove(&child);
        }
        self.remove(&id);
    }

    fn remove(&mut self, id: &SessionId) {
        self.uses.remove(id);
        let Some(entry) = self.sessions.remove(id) else { return };
        if let Some(siblings) = entry.parent.and_then(|parent| self.children.get_mut(&parent)) {
            siblings.retain(|sibling| sibling != id);
        }
        if let Some(account) = self.accounts.get_mut(&*entry.uid) {
            account.sessions.remove(id);
            if account.sessions.is_empty() {
                self.accounts.remove(&*entry.uid);
            }
        }
    }

    pub(super) fn remove_of_account(&mut self, uid: &str, all: bool) {
        let Some(account) = self.accounts.get(uid) else { return };
        let stays = |id: &&SessionId| {
            !all && self.sessions.get(*id).is_some_and(|entry| entry.app_password)
        };
        let ids: Vec<SessionId> =
            account.sessions.iter().filter(|id| !stays(id)).copied().collect();
        for id in ids {
            self.remove(&id);
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self { latest: self.latest, whole: self.whole, ..Self::default() };
    }

    pub(super) fn verify(
        &mut self,
        id: &SessionId,
        question: &Question,
        now: i64,
    ) -> Option<Active> {
        self.latest = self.latest.max(now);
        let now = self.latest;
        let entry = self.sessions.get_mut(id)?;
        let owner = self.accounts.get(&*entry.uid).map(KnownAccount::owner);
        let active = introspect(&entry.token(), owner.as_ref(), question, now)?;
        entry.lifetime.last_active = now;
        self.note(id, question, now);
        Some(active)
    }

    /// Records a use; one without an address keeps the last address that was given.
    pub(super) fn note(&mut self, id: &SessionId, question: &Question, now: i64) {
        let earlier = self.uses.get(id);
        let last_active = earlier.map_or(now, |earlier| earlier.last_active.max(now));
        let client_ip = question
            .client_ip
            .clone()
            .or_else(|| earlier.and_then(|earlier| earlier.client_ip.clone()));
        self.uses.insert(*id, Use { last_active, client_ip });
    }

    /// When its last use was that is not yet written; Unix seconds.
    pub(super) fn last_use(&self, id: &SessionId) -> Option<i64> {
        self.uses.get(id).map(|used| used.last_active)
    }

    pub(super) fn pending_uses(&self) -> Vec<LastUse> {
        let seen = |(id, used): (&SessionId, &Use)| LastUse {
            id: HEXLOWER.encode(id),
            last_active: used.last_active,
            client_ip: used.client_ip.clone(),
        };
        self.uses.iter().map(seen).collect()
    }

    pub(super) fn mark_flushed(&mut self, seen: &[LastUse]) {
        for LastUse { id, last_active, client_ip } in seen {
            let written = Use { last_active: *last_active, client_ip: client_ip.clone() };
            if let Some(id) = parse_id(id).filter(|id| self.uses.get(id) == Some(&written)) {
                self.uses.remove(&id);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }
}
