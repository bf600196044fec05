//! Right passwords that are remembered, so that a client that sends its password with each request
//! costs one hash.
//!
//! What is kept is HMAC-SHA-256 over the stored hash, a zero byte and the password, with a key of this
//! process: it matches as long as the account has that very hash. It says nothing about the account,
//! whose row is read each time before it is asked for. In the daemon's own database, which nobody else
//! writes, a row that was read stays as it was until the next commit, whatever that changes.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use photoprism_protocol::secret::Secret;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::clock::Moment;
use crate::model::Account;

/// Most passwords that are remembered, and most rows that are kept.
const MOST: usize = 1024;

/// The right passwords; of one thread.
pub(crate) struct RememberedPasswords {
    key: Box<Zeroizing<[u8; 32]>>,
    ttl: Duration,
    passwords: RefCell<HashMap<Tag, Remembered>>,
    rows: RefCell<HashMap<String, Rc<AccountRow>>>,
}

/// What a password is recognised by, zeroed when dropped.
#[derive(PartialEq, Eq)]
pub(super) struct Tag(Box<Zeroizing<[u8; 32]>>);

impl Hash for Tag {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_slice().hash(state);
    }
}

struct Remembered {
    uid: String,
    since: Moment,
    /// The order in which they were remembered.
    number: u64,
}

/// An account of the daemon's own database as it was when there were so many commits.
pub(super) struct AccountRow {
    pub(super) account: Arc<Account>,
    pub(super) stored: Secret,
    pub(super) commits: u64,
    pub(super) since: Moment,
}

impl RememberedPasswords {
    /// Remembers each password for `ttl`; zero: none.
    pub(crate) fn new(ttl: Duration, random: fn(&mut [u8])) -> Self {
        let mut key: Box<Zeroizing<[u8; 32]>> = Box::default();
        random(key.as_mut_slice());
        // It never grows: what it would leave behind then could not be zeroed.
        let passwords = RefCell::new(HashMap::with_capacity(MOST));
        Self { key, ttl, passwords, rows: RefCell::default() }
    }

    /// Whether passwords are remembered at all.
    pub(super) const fn is_on(&self) -> bool {
        !self.ttl.is_zero()
    }

    /// What the password of an account with that stored hash is recognised by.
    ///
    /// # Panics
    /// Never: HMAC takes keys of any length.
    pub(super) fn tag(&self, stored: &str, password: &Secret) -> Tag {
        let key = self.key.as_slice();
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        mac.update(stored.as_bytes());
        mac.update(&[0]);
        mac.update(password.expose().as_bytes());
        Tag(Box::new(Zeroizing::new(mac.finalize().into_bytes().into())))
    }

    /// The password was right, and nothing but the password was needed. Of too many the oldest goes.
    pub(super) fn remember(&self, tag: Tag, uid: &str, now: Moment) {
        if !self.is_on() {
            return;
        }
        let mut passwords = self.passwords.borrow_mut();
        let number = passwords.values().map(|known| known.number + 1).max().unwrap_or(0);
        passwords.remove(&tag);
        if passwords.len() >= MOST
            && let Some(oldest) = passwords.values().map(|known| known.number).min()
        {
            passwords.retain(|_, known| known.number != oldest);
        }
        passwords.insert(tag, Remembered { uid: uid.to_owned(), since: now, number });
    }

    /// Whether it is remembered as the password of that account.
    pub(super) fn knows(&self, tag: &Tag, uid: &str, now: Moment) -> bool {
        let passwords = self.passwords.borrow();
        passwords.get(tag).is_some_and(|known| known.uid == uid && self.is_fresh(known.since, now))
    }

    fn is_fresh(&self, since: Moment, now: Moment) -> bool {
        since.age(now) < self.ttl
    }

    /// The account of that name, where its row was kept and nothing was committed since.
    pub(super) fn row(&self, name: &str, commits: u64) -> Option<Rc<AccountRow>> {
        let rows = self.rows.borrow();
        rows.get(name).filter(|row| row.commits == commits).map(Rc::clone)
    }

    /// Keeps a row for [`Self::row`]. Where there are too many, all begin anew: each costs one read.
    pub(super) fn keep_row(&self, name: &str, row: AccountRow) {
        let mut rows = self.rows.borrow_mut();
        if rows.len() >= MOST && !rows.contains_key(name) {
            rows.clear();
        }
        rows.insert(name.to_owned(), Rc::new(row));
    }

    /// Forgets what is too old; to be called periodically.
    pub(crate) fn sweep(&self, now: Moment) {
        self.passwords.borrow_mut().retain(|_, known| self.is_fresh(known.since, now));
        self.rows.borrow_mut().retain(|_, row| self.is_fresh(row.since, now));
    }

    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        self.passwords.borrow().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_mins(10);

    fn numbered(bytes: &mut [u8]) {
        bytes.iter_mut().zip(1..).for_each(|(byte, number)| *byte = number);
    }

    fn remembered(ttl: Duration) -> RememberedPasswords {
        RememberedPasswords::new(ttl, numbered)
    }

    fn at(second: i64) -> Moment {
        Moment::new(1_800_000_000 + second, Duration::from_secs(second.unsigned_abs()))
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text.into())
    }

    /// Computed by another implementation: `printf '%s\0%s' '$2a$04$hash' 'mysecret2' | openssl dgst
    /// -sha256 -mac HMAC -macopt hexkey:0102…20`.
    #[test]
    fn a_password_is_recognised_by_hash_zero_byte_and_itself() {
        let tag = remembered(TTL).tag("$2a$04$hash", &secret("mysecret2"));
        let expected = "29cb8633e6b2e3b33d5f49e7acb4a0abb6ed129ddcf10c737954ec4a9be2a333";
        assert_eq!(data_encoding::HEXLOWER.encode(&**tag.0), expected);
    }

    #[test]
    fn another_hash_password_account_or_time_is_not_it() {
        let known = remembered(TTL);
        let tag = |stored: &str, password: &str| known.tag(stored, &secret(password));
        known.remember(tag("hash", "right"), "bob", at(0));
        assert!(known.knows(&tag("hash", "right"), "bob", at(599)));
        assert!(!known.knows(&tag("hash", "right"), "bob", at(600)));
        for (stored, password, uid) in [
            ("hash2", "right", "bob"),
            ("hash", "wrong", "bob"),
            ("hash", "right", "eve"),
            // The zero byte keeps what is before and behind it apart.
            ("hashr", "ight", "bob"),
            ("has", "hright", "bob"),
        ] {
            assert!(!known.knows(&tag(stored, password), uid, at(1)), "{stored} {password} {uid}");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_lengthens_nothing_and_one_set_ahead_ends_it() {
        let known = remembered(TTL);
        let tag = || known.tag("hash", &secret("right"));
        known.remember(tag(), "bob", at(0));
        let moment =
            |at: i64, elapsed| Moment::new(1_800_000_000 + at, Duration::from_secs(elapsed));
        assert!(known.knows(&tag(), "bob", moment(-86_400, 599)));
        assert!(!known.knows(&tag(), "bob", moment(-86_400, 600)));
        assert!(!known.knows(&tag(), "bob", moment(600, 1)));
    }

    #[test]
    fn use_does_not_lengthen_it_and_a_new_hash_does() {
        let known = remembered(TTL);
        let tag = || known.tag("hash", &secret("right"));
        known.remember(tag(), "bob", at(0));
        assert!(known.knows(&tag(), "bob", at(500)));
        known.remember(tag(), "bob", at(500));
        assert!(known.knows(&tag(), "bob", at(1099)) && known.len() == 1);
        known.sweep(at(1099));
        assert_eq!(known.len(), 1);
        known.sweep(at(1100));
        assert_eq!(known.len(), 0);
    }

    #[test]
    fn of_too_many_the_oldest_go() {
        let known = remembered(TTL);
        let tag = |number: usize| known.tag("hash", &secret(&number.to_string()));
        for number in 0..MOST {
            known.remember(tag(number), "bob", at(0));
        }
        // The first becomes the newest.
        known.remember(tag(0), "bob", at(0));
        for number in MOST..MOST + 100 {
            known.remember(tag(number), "bob", at(1));
        }
        assert_eq!(known.len(), MOST);
        for (number, stays) in [(0, true), (1, false), (100, false), (101, true), (MOST, true)] {
            assert_eq!(known.knows(&tag(number), "bob", at(1)), stays, "{number}");
        }
        assert!(known.passwords.borrow().capacity() < 2 * MOST, "it has not grown");
    }

    #[test]
    fn switched_off_it_remembers_nothing() {
        let known = remembered(Duration::ZERO);
        known.remember(known.tag("hash", &secret("right")), "bob", at(0));
        assert!(!known.is_on() && known.len() == 0);
    }

    fn row(commits: u64) -> AccountRow {
        let (account, stored) = (Arc::new(Account::default()), secret("hash"));
        AccountRow { account, stored, commits, since: at(0) }
    }

    #[test]
    fn a_row_is_kept_until_the_next_commit_and_rows_have_a_bound() {
        let known = remembered(TTL);
        known.keep_row("bob", row(7));
        assert!(known.row("bob", 7).is_some() && known.row("bob", 8).is_none());
        assert!(known.row("eve", 7).is_none());
        for number in 0..10_000 {
            known.keep_row(&number.to_string(), row(7));
            assert!(known.rows.borrow().len() <= MOST);
        }
        assert!(known.row("9999", 7).is_some());
        known.sweep(at(600));
        assert!(known.rows.borrow().is_empty());
    }
}
