//! Which hashes exist, which of them are computed, and which are strong enough.

use photoprism_protocol::secret::Secret;

use super::bcrypt_hash::BcryptHash;
use super::costs::{Costs, MAX_BCRYPT_COST, MIN_BCRYPT_COST, Scheme, StoredHashError};
use super::phc::Argon2Hash;

/// The scheme and parameters of new hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Argon2id, the scheme of the daemon's own database.
    Argon2id(Costs),
    /// bcrypt `$2a$`, the scheme that PhotoPrism reads.
    Bcrypt {
        /// Binary logarithm of the rounds, 4 to 14; PhotoPrism's is 12.
        cost: u32,
    },
}

impl Target {
    /// Whether such hashes can be computed, and verified afterwards.
    pub fn within_limits(self) -> bool {
        match self {
            Self::Argon2id(costs) => costs.within_limits(),
            Self::Bcrypt { cost } => (MIN_BCRYPT_COST..=MAX_BCRYPT_COST).contains(&cost),
        }
    }
}

/// A stored hash that can be computed.
#[derive(Clone, PartialEq, Eq)]
pub enum Stored {
    /// A PHC string of Argon2.
    Argon2(Argon2Hash),
    /// A bcrypt string.
    Bcrypt(BcryptHash),
}

impl Stored {
    /// Its scheme.
    pub const fn scheme(&self) -> Scheme {
        match self {
            Self::Argon2(hash) => hash.scheme(),
            Self::Bcrypt(_) => Scheme::Bcrypt,
        }
    }

    /// The memory for computing it, in KiB; bcrypt's 4 do not count.
    pub(super) const fn memory_kib(&self) -> u32 {
        match self {
            Self::Argon2(hash) => hash.costs().memory_kib,
            Self::Bcrypt(_) => 0,
        }
    }
}

/// Parses a stored hash.
///
/// # Errors
/// [`StoredHashError`] for a hash that must not be computed.
pub fn parse(text: &str) -> Result<Stored, StoredHashError> {
    if text.starts_with("$argon2") {
        Argon2Hash::parse(text).map(Stored::Argon2)
    } else {
        BcryptHash::parse(text).map(Stored::Bcrypt)
    }
}

/// Whether a text that was given as a password is really a hash, even one that is never computed.
pub fn is_hash(text: &str) -> bool {
    !matches!(parse(text), Err(StoredHashError::Unknown))
}

/// Whether a hash should be replaced after its password proved right: another scheme than the
/// target's, or weaker parameters. Stronger ones stay.
pub fn needs_rehash(stored: &str, target: Target) -> bool {
    match (parse(stored), target) {
        (Ok(Stored::Argon2(hash)), Target::Argon2id(costs)) => !hash.is_as_good_as(costs),
        (Ok(Stored::Bcrypt(hash)), Target::Bcrypt { cost }) => hash.cost() < cost,
        (Ok(Stored::Argon2(_)), Target::Bcrypt { .. })
        | (Ok(Stored::Bcrypt(_)), Target::Argon2id(_)) => true,
        // No password ever matches these.
        (Err(StoredHashError::Unknown | StoredHashError::OutOfBounds), _) => false,
    }
}

/// A new hash, as it is stored. Not shown by `Debug`, zeroed when dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashString(Secret);

impl HashString {
    pub(super) fn new(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// The hash as text, for the store and for `show_hash`.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARGON2: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$\
        AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    const BCRYPT: &str = "$2a$12$5B7ZtXKCs0B1DIEavKZPYeWKcDZ9kvku4Bn9YD3dw0h1D.CCZWt5.";

    #[test]
    fn bearable_costs_of_bcrypt_have_both_bounds() {
        assert!(Target::Bcrypt { cost: 14 }.within_limits());
        assert!(!Target::Bcrypt { cost: 15 }.within_limits());
        assert!(!Target::Bcrypt { cost: 3 }.within_limits());
    }

    #[test]
    fn hashes_are_distinguished_from_passwords() {
        for hash in [ARGON2, BCRYPT, &BCRYPT.replace("$12$", "$31$")] {
            assert!(is_hash(hash), "{hash}");
        }
        for password in ["", "photoprism", "$2a$12$short", "$argon2id$", "$1$salt$hash", "$2a$"] {
            assert!(!is_hash(password), "{password}");
        }
    }

    #[test]
    fn another_scheme_or_weaker_parameters_need_a_rehash() {
        let argon2 = Target::Argon2id(Costs::FLOOR);
        let bcrypt = Target::Bcrypt { cost: 12 };
        for (stored, target, expected) in [
            (ARGON2.to_owned(), argon2, false),
            (ARGON2.to_owned(), bcrypt, true),
            (BCRYPT.to_owned(), bcrypt, false),
            (BCRYPT.to_owned(), argon2, true),
            (BCRYPT.replace("$12$", "$10$"), bcrypt, true),
            (BCRYPT.replace("$12$", "$13$"), bcrypt, false),
            (BCRYPT.replace("$2a$", "$2y$"), bcrypt, false),
            (ARGON2.replace("m=19456", "m=19455"), argon2, true),
            (ARGON2.replace("m=19456", "m=65536"), argon2, false),
            (ARGON2.replace("t=2", "t=1"), argon2, true),
            (ARGON2.replace("argon2id", "argon2i"), argon2, true),
            (ARGON2.replace("argon2id", "argon2d"), argon2, true),
            (ARGON2.replace("v=19", "v=16"), argon2, true),
            (ARGON2.replace("c29tZXNhbHRzb21lc2FsdA", "c29tZXNhbHQ"), argon2, true),
            ("nonsense".to_owned(), argon2, false),
            (BCRYPT.replace("$12$", "$31$"), argon2, false),
        ] {
            assert_eq!(needs_rehash(&stored, target), expected, "{stored} {target:?}");
        }
    }

    #[test]
    fn a_hash_is_not_shown() {
        assert!(!format!("{:?}", HashString::new(BCRYPT.to_owned())).contains("2a"));
    }
}
