//! The accounts that sessions belong to, each as far as a check needs it.

use super::slab::{NONE, Slab};
use super::table::Table;
use crate::model::{Account, Edition, Owner};

/// Most bytes of email and base directory together. Where an account has more, a check reads the
/// rows: both may be long, and an account must not take much memory.
pub(super) const MOST_BYTES: usize = 100;

/// How much is kept of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// Only its UID: a database may contain sessions of an account that is gone.
    Uid,
    /// All but email and base directory, which are too long.
    Part,
    Whole,
}

/// An account with sessions.
struct Known {
    /// UID, name, effective role, email and base directory, one after the other.
    texts: Box<str>,
    uid_end: u32,
    name_end: u32,
    role_end: u32,
    email_end: u32,
    kept: Kept,
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
        let (email, base) = owner.map_or(("", ""), |owner| (owner.email, owner.base_path));
        let is_cut = email.len() + base.len() > MOST_BYTES;
        let (email, base) = if is_cut { ("", "") } else { (email, base) };
        let uid_end = end(uid);
        let name_end = uid_end + end(name);
        let role_end = name_end + end(role);
        Self {
            texts: [uid, name, role, email, base].concat().into(),
            uid_end,
            name_end,
            role_end,
            email_end: role_end + end(email),
            kept: match owner {
                None => Kept::Uid,
                Some(_) if is_cut => Kept::Part,
                Some(_) => Kept::Whole,
            },
            disabled_since: owner.and_then(|owner| owner.disabled_since),
            login_off: owner.is_some_and(|owner| owner.login_off),
            webdav: owner.is_some_and(|owner| owner.webdav),
            first,
        }
    }

    fn uid(&self) -> &str {
        &self.texts[..self.uid_end as usize]
    }

    fn owner(&self) -> Option<Owner<'_>> {
        let text = |from: u32, to: u32| &self.texts[from as usize..to as usize];
        let Self { disabled_since, login_off, webdav, .. } = *self;
        (self.kept != Kept::Uid).then_some(Owner {
            name: text(self.uid_end, self.name_end),
            role: text(self.name_end, self.role_end),
            email: text(self.role_end, self.email_end),
            base_path: &self.texts[self.email_end as usize..],
            // Only PhotoPrism's accounts have one, whose sessions are not kept here.
            scope: "",
            disabled_since,
            login_off,
            webdav,
        })
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

    /// Whether all that [`Owner`] contains is kept of it.
    pub(super) fn is_whole(&self, number: u32) -> bool {
        self.all[number].kept != Kept::Part
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
