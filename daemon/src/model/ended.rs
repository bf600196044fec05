//! What a transaction ended in PhotoPrism's database, as far as its reply needs it.

/// Sessions that a transaction ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ended {
    /// How many.
    pub(crate) rows: u64,
    /// Of how many PhotoPrism is to be notified, those created from others included.
    pub(crate) pending: u64,
    /// PhotoPrism may have others in memory, of which it is not notified.
    pub(crate) unnotified: bool,
    /// Their ids, if they are not too many to wait for.
    pub(crate) ids: Vec<String>,
    /// UIDs of the accounts that they belonged to.
    pub(crate) accounts: Vec<String>,
    /// There are more of these.
    pub(crate) more_accounts: bool,
    /// One of the accounts may use WebDAV, or might before.
    pub(crate) webdav: bool,
}

impl Ended {
    /// Accounts that are remembered.
    pub(crate) const MOST_ACCOUNTS: usize = 200;

    /// Entries for which a reply waits, at most.
    pub(crate) const MOST_WAITED_FOR: usize = 1000;

    /// PhotoPrism is to be notified of these.
    pub(crate) fn add_ids(&mut self, ids: &[String]) {
        self.pending += ids.len() as u64;
        let room = (Self::MOST_WAITED_FOR + 1).saturating_sub(self.ids.len());
        self.ids.extend(ids.iter().take(room).cloned());
    }

    /// Sessions of these accounts ended.
    pub(crate) fn accounts(&mut self, uids: Vec<String>) {
        for uid in uids {
            if self.accounts.contains(&uid) {
                continue;
            }
            if self.accounts.len() == Self::MOST_ACCOUNTS {
                self.more_accounts = true;
                return;
            }
            self.accounts.push(uid);
        }
    }

    /// PhotoPrism is not to be notified of this one after all.
    pub(crate) fn release(&mut self, id: &str) {
        let before = self.ids.len();
        self.ids.retain(|known| known != id);
        self.pending = self.pending.saturating_sub((before - self.ids.len()) as u64);
    }
}

/// Whether PhotoPrism's API can name a session by this reference id.
pub(crate) fn is_notifiable(ref_id: &str) -> bool {
    (10..=14).contains(&ref_id.len()) && ref_id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_letters_and_digits_are_put_into_a_path() {
        for (ref_id, expected) in [
            ("sess35ljrd1d", true),
            ("abcdefghij", true),
            ("abcdefghijklmn", true),
            ("abcdefghi", false),
            ("abcdefghijklmno", false),
            ("", false),
            ("sess35ljrd1/", false),
            ("../../x/yyyy", false),
            ("sess35ljrd1\u{e4}", false),
        ] {
            assert_eq!(is_notifiable(ref_id), expected, "{ref_id}");
        }
    }

    #[test]
    fn ids_and_accounts_are_bounded_and_what_is_more_is_known() {
        let mut ended = Ended::default();
        let ids: Vec<String> = (0..1500).map(|number| format!("{number}")).collect();
        ended.add_ids(&ids);
        ended.add_ids(&ids);
        assert_eq!((ended.pending, ended.ids.len()), (3000, Ended::MOST_WAITED_FOR + 1));
        ended.accounts(ids[..200].to_vec());
        ended.accounts(ids[..200].to_vec());
        assert_eq!((ended.accounts.len(), ended.more_accounts), (200, false));
        ended.accounts(ids[200..201].to_vec());
        assert_eq!((ended.accounts.len(), ended.more_accounts), (200, true));
        ended.release("0");
        assert_eq!((ended.pending, ended.ids.len()), (2999, Ended::MOST_WAITED_FOR));
    }
}
