//! The maps of the index.

use std::collections::{HashMap, HashSet};

use data_encoding::HEXLOWER;
use photoprism_protocol::auth::Active;

use super::{Ask, SessionId};
use crate::accounts::account::AccountState;
use crate::accounts::sessions::{SessionLifetime, effective_scope, is_app_password, scope_allows};
use crate::store::{LastUse, SessionRow};

/// A session, as far as a check needs it.
struct Entry {
    ref_id: Box<str>,
    uid: Box<str>,
    client_uid: Box<str>,
    client_name: Box<str>,
    scope: Box<str>,
    span: SessionLifetime,
    parent: Option<SessionId>,
    app_password: bool,
}

/// An account with its sessions.
struct Account {
    state: AccountState,
    sessions: HashSet<SessionId>,
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
    accounts: HashMap<String, Account>,
    children: HashMap<SessionId, Vec<SessionId>>,
    uses: HashMap<SessionId, Use>,
    /// Whether it contains every session. With PhotoPrism's database it only gathers their uses.
    whole: bool,
    /// The latest instant that was seen, so that a clock that jumps back lengthens no session.
    latest: i64,
}

pub(in crate::accounts) fn parse_id(hex: &str) -> Option<SessionId> {
    HEXLOWER.decode(hex.as_bytes()).ok()?.try_into().ok()
}

impl Maps {
    /// Empty maps that are to contain every session.
    pub(super) fn whole() -> Self {
        Self { whole: true, ..Self::default() }
    }

    pub(super) fn know_account(&mut self, state: AccountState) {
        if !self.whole {
            return;
        }
        if let Some(account) = self.accounts.get_mut(&state.uid) {
            account.state = state;
        } else {
            let account = Account { sessions: HashSet::new(), state };
            self.accounts.insert(account.state.uid.clone(), account);
        }
    }

    /// An account without sessions is not kept: it comes with the next one.
    pub(super) fn change_account(&mut self, state: AccountState) {
        if let Some(account) = self.accounts.get_mut(&state.uid) {
            account.state = state;
        }
    }

    pub(super) fn add(&mut self, row: &SessionRow) {
        let Some(id) = parse_id(&row.id).filter(|_| self.whole) else { return };
        let child = row.provider == "application" && row.method == "session";
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
            span: SessionLifetime::of(row),
            parent,
            app_password: is_app_password(row),
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

    pub(super) fn verify(&mut self, id: &SessionId, ask: &Ask, now: i64) -> Option<Active> {
        self.latest = self.latest.max(now);
        let now = self.latest;
        let entry = self.sessions.get_mut(id).filter(|entry| !entry.span.is_expired(now))?;
        let account = if entry.uid.is_empty() {
            None
        } else {
            let account = self.accounts.get(&*entry.uid)?;
            Some(&account.state).filter(|state| !state.is_disabled(now)).map(Some)?
        };
        let name = account.map(|account| &account.name);
        if ask.name.is_some() && ask.name.as_ref() != name {
            return None;
        }
        if !scope_allows(&entry.scope, ask.scope.iter().map(String::as_str)) {
            return None;
        }
        entry.span.last_active = now;
        let active = active(entry, account);
        self.note(id, ask, now);
        Some(active)
    }

    /// Records a use; one without an address keeps the last address that was given.
    pub(super) fn note(&mut self, id: &SessionId, ask: &Ask, now: i64) {
        let earlier = self.uses.get(id);
        let last_active = earlier.map_or(now, |earlier| earlier.last_active.max(now));
        let client_ip =
            ask.client_ip.clone().or_else(|| earlier.and_then(|earlier| earlier.client_ip.clone()));
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

    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }
}

fn active(entry: &Entry, account: Option<&AccountState>) -> Active {
    let text = |text: &str| Some(text).filter(|text| !text.is_empty()).map(Into::into);
    Active {
        active: true,
        scope: effective_scope(&entry.scope).into(),
        username: account.and_then(|account| text(&account.name)),
        sub: text(&entry.uid),
        client_id: text(&entry.client_uid),
        client_name: text(&entry.client_name),
        exp: Some(entry.span.expires).filter(|end| *end > 0),
        iat: Some(entry.span.created).filter(|at| *at > 0),
        session: entry.ref_id.as_ref().into(),
        role: account.and_then(|account| text(&account.role)),
    }
}
