//! What sessions have in common: client and scope, each combination once.

use super::slab::Slab;
use super::table::Table;

/// Most bytes of these texts together. Of a session with more the check reads the row: an entry has
/// a bound whatever clients are named.
pub(super) const MOST_BYTES: usize = 200;

/// UID and name of a client and the scope of a session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Details<'a> {
    pub(super) client_uid: &'a str,
    pub(super) client_name: &'a str,
    pub(super) scope: &'a str,
}

/// One combination.
struct Shared {
    texts: Box<str>,
    uid_end: u8,
    name_end: u8,
    sessions: u32,
}

impl Shared {
    fn details(&self) -> Details<'_> {
        let (names, scope) = self.texts.split_at(self.name_end.into());
        let (client_uid, client_name) = names.split_at(self.uid_end.into());
        Details { client_uid, client_name, scope }
    }
}

/// The combinations that sessions have; one goes with its last session.
#[derive(Default)]
pub(super) struct SharedDetails {
    all: Slab<Shared>,
    by_text: Table,
}

impl SharedDetails {
    /// The number of these for one more session; `None` where they are too long.
    pub(super) fn acquire(&mut self, details: &Details<'_>) -> Option<u32> {
        let Details { client_uid, client_name, scope } = details;
        let texts = [*client_uid, *client_name, *scope].concat();
        if texts.len() > MOST_BYTES {
            return None;
        }
        let all = &mut self.all;
        let found = self.by_text.find(texts.as_bytes(), |number| all[number].details() == *details);
        if let Some(number) = found {
            all[number].sessions += 1;
            return Some(number);
        }
        let uid_end = u8::try_from(client_uid.len()).ok()?;
        let name_end = u8::try_from(client_uid.len() + client_name.len()).ok()?;
        let shared = Shared { texts: texts.as_str().into(), uid_end, name_end, sessions: 1 };
        let number = all.insert(shared);
        self.by_text.insert(texts.as_bytes(), number, |number| all[number].texts.as_bytes());
        Some(number)
    }

    /// One session less has them.
    pub(super) fn release(&mut self, number: u32) {
        let shared = &mut self.all[number];
        shared.sessions -= 1;
        if shared.sessions == 0 {
            let shared = self.all.remove(number);
            self.by_text.remove(shared.texts.as_bytes(), number);
        }
    }

    pub(super) fn get(&self, number: u32) -> Details<'_> {
        self.all[number].details()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.all.len(), self.by_text.len());
        self.all.len()
    }

    /// Bytes that it has allocated.
    #[cfg(test)]
    pub(super) fn allocated(&self) -> usize {
        let texts = self.all.iter().map(|shared| shared.texts.len()).sum::<usize>();
        texts + self.all.allocated() + self.by_text.allocated()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details<'a>(client_uid: &'a str, client_name: &'a str, scope: &'a str) -> Details<'a> {
        Details { client_uid, client_name, scope }
    }

    #[test]
    fn each_combination_is_kept_once_and_as_long_as_a_session_has_it() {
        let mut shared = SharedDetails::default();
        let phone = shared.acquire(&details("", "phone", "dav web")).unwrap();
        assert_eq!(shared.acquire(&details("", "phone", "dav web")), Some(phone));
        // The same letters, divided otherwise.
        let other = shared.acquire(&details("ph", "one", "dav web")).unwrap();
        let third = shared.acquire(&details("", "phonedav", " web")).unwrap();
        assert!(phone != other && other != third && phone != third);
        assert!(shared.get(other) == details("ph", "one", "dav web"));
        assert!(shared.get(third) == details("", "phonedav", " web"));
        shared.release(phone);
        assert!(shared.get(phone) == details("", "phone", "dav web"));
        assert_eq!(shared.len(), 3);
        for number in [phone, other, third] {
            shared.release(number);
        }
        assert_eq!(shared.len(), 0);
    }

    #[test]
    fn texts_that_are_too_long_are_not_kept() {
        let mut shared = SharedDetails::default();
        let name = "n".repeat(MOST_BYTES);
        assert!(shared.acquire(&details("", &name, "")).is_some());
        assert!(shared.acquire(&details("", &name, "*")).is_none());
        assert!(shared.acquire(&details(&"u".repeat(70_000), "", "")).is_none());
        assert_eq!(shared.len(), 1);
    }
}
