//! The accounts that sessions belong to, each as far as a check needs it.

use super::slab::{NONE, Slab};
use super::table::Table;
use crate::model::{Account, Edition, Owner};

/// An account with sessions.
struct Known {
    /// UID, name and effective role, one after the other.
    texts: Box<str>,
    uid_end: u32,
    name_end: u32,
    /// Whether there is such an account: a database may contain sessions of one that is gone.
    exists: bool,
    /// As in [`Owner`].
    disabled_since: Option<i64>,
    login_off: bool,
    webdav: bool,
    /// The first of its sessions.
    first: u32,
}

fn end(text: &str) -> u32 {
    u32::try_from(text.len()).expect("SQLite has no text of 4 GiB")
}

impl Known {
    fn new(uid: &str, owner: Option<&Owner<'_>>, first: u32) -> Self {
        let (name, role) = owner.map_or(("", ""), |owner| (owner.name, owner.role));
        let disabled_since = owner.and_then(|owner| owner.disabled_since);
        let uid_end = end(uid);
        let name_end = uid_end + end(name);
        let texts = [uid, name, role].concat().into();
        let login_off = owner.is_some_and(|owner| owner.login_off);
        let webdav = owner.is_some_and(|owner| owner.webdav);
        let exists = owner.is_some();
        Self { texts, uid_end, name_end, exists, disabled_since, login_off, webdav, first }
    }

    fn uid(&self) -> &str {
        &self.texts[..self.uid_end as usize]
    }

    fn owner(&self) -> Option<Owner<'_>> {
        let (_, rest) = self.texts.split_at(self.uid_end as usize);
        let (name, role) = rest.split_at((self.name_end - self.uid_end) as usize);
        let Self { disabled_since, login_off, webdav, .. } = *self;
        self.exists.then_some(Owner { name, role, disabled_since, login_off, webdav })
    }
}

/// By UID; one goes with its last session and comes with the next.
#[derive(Default)]
pub(super) struct Accounts {
    all: Slab<Known>,
    by_uid: Table,
}

impl Accounts {
    pub(super) fn find(&self, uid: &str) -> Option<u32> {
        self.by_uid.find(uid.as_bytes(), |number| self.all[number].uid() == uid)
    }

    /// The number of the account of that UID, which may not be known yet.
    pub(super) fn find_or_add(&mut self, uid: &str) -> u32 {
        if let Some(number) = self.find(uid) {
            return number;
        }
        let all = &mut self.all;
        let number = all.insert(Known::new(uid, None, NONE));
        self.by_uid.insert(uid.as_bytes(), number, |number| all[number].uid().as_bytes());
        number
    }

    /// Sets what is known of an account.
    pub(super) fn set(&mut self, number: u32, account: &Account) {
        let known = &mut self.all[number];
        *known = Known::new(&account.uid, Some(&Owner::new(account, Edition::Full)), known.first);
    }

    pub(super) fn owner(&self, number: u32) -> Option<Owner<'_>> {
        self.all[number].owner()
    }

    pub(super) fn uid(&self, number: u32) -> &str {
        self.all[number].uid()
    }

    /// The first of its sessions.
    pub(super) fn first(&mut self, number: u32) -> &mut u32 {
        &mut self.all[number].first
    }

    /// Forgets an account without sessions.
    pub(super) fn forget_if_unused(&mut self, number: u32) {
        if self.all[number].first == NONE {
            let known = self.all.remove(number);
            self.by_uid.remove(known.uid().as_bytes(), number);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.all.len(), self.by_uid.len());
        self.all.len()
    }

    /// Bytes that it has allocated.
    #[cfg(test)]
    pub(super) fn allocated(&self) -> usize {
        let texts = self.all.iter().map(|known| known.texts.len()).sum::<usize>();
        texts + self.all.allocated() + self.by_uid.allocated()
    }
}
