//! Every session and its account: entries of one size, linked by their numbers.

use super::SessionId;
use super::accounts::Accounts;
use super::details::{Details, SharedDetails};
use super::entry::{Entry, RefId, link, parse_id, unlink};
use super::slab::{NONE, Slab};
use super::table::Table;
use crate::model::{Account, Owner, Session, SessionKind, Token};

#[derive(Default)]
pub(super) struct Sessions {
    entries: Slab<Entry>,
    by_id: Table,
    accounts: Accounts,
    details: SharedDetails,
}

impl Sessions {
    /// The number of an entry, whether its session exists or not.
    fn entry_of(&self, id: &SessionId) -> Option<u32> {
        self.by_id.find(id, |number| self.entries[number].id == *id)
    }

    /// The number of the session with that id.
    pub(super) fn find(&self, id: &SessionId) -> Option<u32> {
        self.entry_of(id).filter(|number| self.entries[*number].exists)
    }

    /// `None`: a text of it, or of its account, is too long to be kept here.
    pub(super) fn token(&self, number: u32) -> Option<Token<'_>> {
        let Entry { details, account, ref_id, lifetime, application, .. } = &self.entries[number];
        if *account != NONE && !self.accounts.is_whole(*account) {
            return None;
        }
        let uid = if *account == NONE { "" } else { self.accounts.uid(*account) };
        let Details { client_uid, client_name, scope } =
            if *details == NONE { return None } else { self.details.get(*details) };
        let ref_id = ref_id.as_str();
        let (lifetime, application) = (*lifetime, *application);
        Some(Token { ref_id, uid, client_uid, client_name, scope, lifetime, application })
    }

    pub(super) fn owner(&self, number: u32) -> Option<Owner<'_>> {
        let account = self.entries[number].account;
        if account == NONE { None } else { self.accounts.owner(account) }
    }

    /// The session was used at that time.
    pub(super) fn touch(&mut self, number: u32, last_active: i64) {
        let lifetime = &mut self.entries[number].lifetime;
        lifetime.last_active = lifetime.last_active.max(last_active);
    }

    /// An account without sessions is not kept: it comes with the next one.
    pub(super) fn change_account(&mut self, account: &Account) {
        if let Some(number) = self.accounts.find(&account.uid) {
            self.accounts.set(number, account);
        }
    }

    /// Adds a session and, where it is given, its account. One that is there already stays: of a
    /// session only its last use ever changes.
    pub(super) fn add(&mut self, id: SessionId, row: &Session, account: Option<&Account>) {
        let number = self.entry_or_new(id);
        if self.entries[number].exists {
            self.touch(number, row.last_active);
        } else {
            self.fill_in(number, row);
        }
        if let Some(account) = account {
            self.change_account(account);
        }
    }

    fn entry_or_new(&mut self, id: SessionId) -> u32 {
        if let Some(number) = self.entry_of(&id) {
            return number;
        }
        let entries = &mut self.entries;
        let number = entries.insert(Entry::of_parent_alone(id));
        self.by_id.insert(&id, number, |number| &entries[number].id);
        number
    }

    fn fill_in(&mut self, number: u32, row: &Session) {
        let kind = row.kind();
        let ref_id = RefId::new(&row.ref_id);
        let details = ref_id.and_then(|_| {
            self.details.acquire(&Details {
                client_uid: &row.client_uid,
                client_name: &row.client_name,
                scope: &row.scope,
            })
        });
        let entry = &mut self.entries[number];
        entry.exists = true;
        entry.lifetime = row.lifetime();
        entry.ref_id = ref_id.unwrap_or_default();
        entry.details = details.unwrap_or(NONE);
        entry.app_password = kind == SessionKind::AppPassword;
        entry.application = kind.is_application();
        let id = entry.id;
        if !row.user_uid.is_empty() {
            let account = self.accounts.find_or_add(&row.user_uid);
            let first = self.accounts.first(account);
            *first = link(&mut self.entries, *first, number, |entry| &mut entry.of_account);
            self.entries[number].account = account;
        }
        let parent = (kind == SessionKind::FromAppPassword).then(|| parse_id(&row.auth_id));
        if let Some(parent) = parent.flatten().filter(|parent| *parent != id) {
            let parent = self.entry_or_new(parent);
            let first = self.entries[parent].first_child;
            let first = link(&mut self.entries, first, number, |entry| &mut entry.of_parent);
            self.entries[parent].first_child = first;
            self.entries[number].parent = parent;
        }
    }

    /// Removes a session and those that were created from it, and returns their ids.
    pub(super) fn remove_with_children(&mut self, id: &SessionId) -> Vec<SessionId> {
        let mut removed = Vec::new();
        let Some(number) = self.entry_of(id) else { return removed };
        loop {
            let child = self.entries[number].first_child;
            let exists = self.entries[number].exists;
            if child == NONE {
                if exists {
                    removed.push(self.remove(number));
                }
                return removed;
            }
            let last = self.entries[child].of_parent.after == NONE;
            removed.push(self.remove(child));
            if last && !exists {
                // The entry went with the last one that was found by it.
                return removed;
            }
        }
    }

    /// Removes the sessions of an account, its app passwords only with `all`, and returns their
    /// ids.
    pub(super) fn remove_of_account(&mut self, uid: &str, all: bool) -> Vec<SessionId> {
        let mut removed = Vec::new();
        let Some(account) = self.accounts.find(uid) else { return removed };
        let mut next = *self.accounts.first(account);
        while next != NONE {
            let number = next;
            next = self.entries[number].of_account.after;
            if all || !self.entries[number].app_password {
                removed.push(self.remove(number));
            }
        }
        removed
    }

    /// Removes one session.
    fn remove(&mut self, number: u32) -> SessionId {
        let Entry { id, account, parent, details, .. } = self.entries[number];
        if account != NONE {
            let first = self.accounts.first(account);
            *first = unlink(&mut self.entries, *first, number, |entry| &mut entry.of_account);
            self.accounts.forget_if_unused(account);
        }
        if parent != NONE {
            let first = self.entries[parent].first_child;
            let first = unlink(&mut self.entries, first, number, |entry| &mut entry.of_parent);
            self.entries[parent].first_child = first;
            self.forget_if_unused(parent);
        }
        if details != NONE {
            self.details.release(details);
        }
        let entry = &mut self.entries[number];
        let first_child = entry.first_child;
        *entry = Entry { first_child, ..Entry::of_parent_alone(id) };
        self.forget_if_unused(number);
        id
    }

    /// Forgets an entry whose session does not exist and that no other is found by.
    fn forget_if_unused(&mut self, number: u32) {
        let entry = &self.entries[number];
        if !entry.exists && entry.first_child == NONE {
            let entry = self.entries.remove(number);
            self.by_id.remove(&entry.id, number);
        }
    }
}

#[cfg(test)]
impl Sessions {
    /// Entries, accounts and combinations of details.
    pub(super) fn counts(&self) -> [usize; 3] {
        assert_eq!(self.entries.len(), self.by_id.len());
        [self.entries.len(), self.accounts.len(), self.details.len()]
    }

    /// Bytes that it has allocated for the sessions, and for the accounts.
    pub(super) fn allocated(&self) -> (usize, usize) {
        let sessions = self.entries.allocated() + self.by_id.allocated() + self.details.allocated();
        (sessions, self.accounts.allocated())
    }
}
