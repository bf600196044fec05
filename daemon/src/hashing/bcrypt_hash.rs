//! bcrypt hashes as PhotoPrism stores them.

use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};
use zeroize::Zeroizing;

use super::costs::{MAX_BCRYPT_COST, MIN_BCRYPT_COST, StoredHashError};

/// Salt in bytes.
pub(super) const SALT_BYTES: usize = 16;

/// The bytes that are stored of bcrypt's 24.
pub(super) const TAG_BYTES: usize = 23;

/// The longest password that bcrypt reads in full.
pub(super) const MAX_PASSWORD_BYTES: usize = 72;

/// Length of every bcrypt string.
const LENGTH: usize = 60;

/// Highest cost of the format.
const HIGHEST_COST: u32 = 31;

/// bcrypt's own base 64. Spare bits may be set: some programs leave them in the salt.
static ENCODING: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification
        .symbols
        .push_str("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
    specification.check_trailing_bits = false;
    specification.encoding().expect("64 different symbols make an encoding")
});

/// A stored bcrypt hash whose cost is within the limits.
#[derive(Clone, PartialEq, Eq)]
pub struct BcryptHash {
    cost: u32,
    salt: [u8; SALT_BYTES],
    tag: [u8; TAG_BYTES],
}

impl BcryptHash {
    /// Parses `$2a$12$…`, `$2b$…` and `$2y$…`: three names of one algorithm today.
    pub(super) fn parse(text: &str) -> Result<Self, StoredHashError> {
        if text.len() != LENGTH || !text.is_ascii() {
            return Err(StoredHashError::Unknown);
        }
        let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|prefix| text.strip_prefix(prefix));
        let (cost, rest) =
            rest.and_then(|rest| rest.split_once('$')).ok_or(StoredHashError::Unknown)?;
        let digits = cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit());
        let cost = cost.parse().ok().filter(|_| digits).ok_or(StoredHashError::Unknown)?;
        if !(MIN_BCRYPT_COST..=HIGHEST_COST).contains(&cost) {
            return Err(StoredHashError::Unknown);
        }
        let (salt, tag) = rest.split_at_checked(22).ok_or(StoredHashError::Unknown)?;
        let hash = Self { cost, salt: bytes(salt)?, tag: bytes(tag)? };
        if cost > MAX_BCRYPT_COST { Err(StoredHashError::OutOfBounds) } else { Ok(hash) }
    }

    /// A hash whose tag is not computed yet.
    pub(super) const fn unhashed(cost: u32, salt: [u8; SALT_BYTES]) -> Self {
        Self { cost, salt, tag: [0; TAG_BYTES] }
    }

    /// The stored string with `tag` instead of its own; `$2a$` as PhotoPrism writes it.
    pub(super) fn encode(&self, tag: &[u8; TAG_BYTES]) -> String {
        let (salt, tag) = (ENCODING.encode(&self.salt), ENCODING.encode(tag));
        format!("$2a${:02}${salt}{tag}", self.cost)
    }

    /// Binary logarithm of its rounds.
    pub const fn cost(&self) -> u32 {
        self.cost
    }

    pub(super) const fn salt(&self) -> [u8; SALT_BYTES] {
        self.salt
    }

    pub(super) const fn tag(&self) -> &[u8; TAG_BYTES] {
        &self.tag
    }
}

fn bytes<const N: usize>(text: &str) -> Result<[u8; N], StoredHashError> {
    let bytes = ENCODING.decode(text.as_bytes()).map_err(|_| StoredHashError::Unknown)?;
    bytes.try_into().map_err(|_| StoredHashError::Unknown)
}

/// The key that bcrypt derives from a password: its bytes and a NUL, 72 at most. `None` for a
/// password that bcrypt would truncate, at 72 bytes or at a NUL: it has no hash and matches none.
pub(super) fn key(password: &str) -> Option<Zeroizing<Vec<u8>>> {
    if password.len() > MAX_PASSWORD_BYTES || password.contains('\0') {
        return None;
    }
    let mut key = Zeroizing::new(Vec::with_capacity(MAX_PASSWORD_BYTES + 1));
    key.extend_from_slice(password.as_bytes());
    key.push(0);
    key.truncate(MAX_PASSWORD_BYTES);
    Some(key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HASH: &str = "$2a$12$5B7ZtXKCs0B1DIEavKZPYeWKcDZ9kvku4Bn9YD3dw0h1D.CCZWt5.";

    #[test]
    fn the_three_prefixes_are_one_scheme() {
        for prefix in ["$2a$", "$2b$", "$2y$"] {
            let hash = BcryptHash::parse(&HASH.replace("$2a$", prefix)).ok().unwrap();
            assert_eq!(hash.cost(), 12);
            assert_eq!(hash.encode(hash.tag()), HASH);
        }
    }

    #[test]
    fn costs_have_a_form_and_a_bound() {
        for (cost, expected) in [
            ("04", None),
            ("14", None),
            ("15", Some(StoredHashError::OutOfBounds)),
            ("31", Some(StoredHashError::OutOfBounds)),
            ("32", Some(StoredHashError::Unknown)),
            ("03", Some(StoredHashError::Unknown)),
            ("+9", Some(StoredHashError::Unknown)),
            ("xx", Some(StoredHashError::Unknown)),
        ] {
            let text = HASH.replace("$12$", &format!("${cost}$"));
            assert_eq!(BcryptHash::parse(&text).err(), expected, "{text}");
        }
    }

    #[test]
    fn other_forms_are_unknown() {
        for text in [
            "",
            &HASH[..59],
            &format!("{HASH}."),
            &HASH.replace("$2a$", "$2x$"),
            &HASH.replace('W', "ü").replacen("5B", "5", 1),
            &HASH.replace('Z', "*"),
            &HASH.replace("$12$", "$1$$"),
        ] {
            assert_eq!(BcryptHash::parse(text).err(), Some(StoredHashError::Unknown), "{text}");
        }
    }

    #[test]
    fn keys_end_in_a_nul_and_are_never_cut() {
        assert_eq!(key("").unwrap().as_slice(), b"\0");
        assert_eq!(key(&"a".repeat(71)).unwrap().len(), 72);
        assert_eq!(key(&"a".repeat(72)).unwrap().as_slice(), [b'a'; 72]);
        assert!(key(&"a".repeat(73)).is_none());
        assert!(key("pass\0word").is_none());
        assert!(key(&"😀".repeat(18)).is_some() && key(&"😀".repeat(19)).is_none());
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in r"\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9ü]{50,54}") {
            if let Ok(hash) = BcryptHash::parse(&text) {
                prop_assert!(hash.cost() <= MAX_BCRYPT_COST);
            }
        }
    }
}
