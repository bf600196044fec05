//! A session as far as a check needs it, in few bytes, and the lists that it is in.

use data_encoding::HEXLOWER;

use super::SessionId;
use super::slab::{NONE, Slab};
use crate::model::Lifetime;

pub(super) fn parse_id(hex: &str) -> Option<SessionId> {
    HEXLOWER.decode(hex.as_bytes()).ok()?.try_into().ok()
}

/// Most bytes of a reference id.
const MOST_REF_ID: usize = 16;

/// A reference id.
#[derive(Clone, Copy, Default)]
pub(super) struct RefId {
    bytes: [u8; MOST_REF_ID],
    len: u8,
}

impl RefId {
    /// `None`: it is too long.
    pub(super) fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; MOST_REF_ID];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self { bytes, len: u8::try_from(text.len()).ok()? })
    }

    pub(super) fn as_str(&self) -> &str {
        str::from_utf8(&self.bytes[..self.len.into()]).unwrap_or_default()
    }
}

/// The neighbours in a list.
#[derive(Clone, Copy)]
pub(super) struct Links {
    before: u32,
    pub(super) after: u32,
}

impl Links {
    pub(super) const NONE: Self = Self { before: NONE, after: NONE };
}

/// A session. Texts of any length are elsewhere, so that every entry has the same size.
pub(super) struct Entry {
    pub(super) id: SessionId,
    pub(super) lifetime: Lifetime,
    pub(super) ref_id: RefId,
    /// Client and scope; [`NONE`]: a text is too long, and a check reads the row.
    pub(super) details: u32,
    /// The account; [`NONE`]: nobody's.
    pub(super) account: u32,
    /// Neighbours among the sessions of the account.
    pub(super) of_account: Links,
    /// The app password that it was created from.
    pub(super) parent: u32,
    /// Neighbours among the sessions that were created from the same.
    pub(super) of_parent: Links,
    /// The first session that was created from this one.
    pub(super) first_child: u32,
    pub(super) app_password: bool,
    /// As [`crate::model::Token::application`].
    pub(super) application: bool,
    /// Whether the session exists. If not, others were created from it and are found by it.
    pub(super) exists: bool,
}

impl Entry {
    /// One that only gives its id to sessions that were created from it.
    pub(super) fn of_parent_alone(id: SessionId) -> Self {
        Self {
            id,
            lifetime: Lifetime { created: 0, last_active: 0, expires: 0, timeout: 0 },
            ref_id: RefId::default(),
            details: NONE,
            account: NONE,
            of_account: Links::NONE,
            parent: NONE,
            of_parent: Links::NONE,
            first_child: NONE,
            app_password: false,
            application: false,
            exists: false,
        }
    }
}

/// Which list of an entry.
pub(super) type List = fn(&mut Entry) -> &mut Links;

/// Puts an entry at the head of a list, whose first one was `first`, and returns the new first.
pub(super) fn link(entries: &mut Slab<Entry>, first: u32, number: u32, list: List) -> u32 {
    *list(&mut entries[number]) = Links { before: NONE, after: first };
    if first != NONE {
        list(&mut entries[first]).before = number;
    }
    number
}

/// Takes an entry out of a list, whose first one was `first`, and returns the new first.
pub(super) fn unlink(entries: &mut Slab<Entry>, first: u32, number: u32, list: List) -> u32 {
    let links = std::mem::replace(list(&mut entries[number]), Links::NONE);
    if links.after != NONE {
        list(&mut entries[links.after]).before = links.before;
    }
    if links.before == NONE {
        return links.after;
    }
    list(&mut entries[links.before]).after = links.after;
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_120_bytes() {
        assert_eq!((size_of::<Entry>(), size_of::<Option<Entry>>()), (120, 120));
    }

    #[test]
    fn a_reference_id_is_kept_up_to_its_longest() {
        for text in ["", "sess1234567890ab", "zoë"] {
            assert_eq!(RefId::new(text).unwrap().as_str(), text);
        }
        assert!(RefId::new("sess1234567890abc").is_none());
    }
}
