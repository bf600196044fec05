//! Which hashes exist, which of them are computed, and which are strong enough.

use std::fmt;
use std::str::FromStr;

use photoprism_protocol::secret::Secret;

use super::bcrypt_hash::BcryptHash;
use super::phc::Argon2Hash;

/// Highest bcrypt cost that is ever computed: about a second.
pub(super) const MAX_BCRYPT_COST: u32 = 14;

/// Lowest bcrypt cost of the format.
pub(super) const MIN_BCRYPT_COST: u32 = 4;

/// What one Argon2 hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    /// Memory in KiB, at least 8 for each lane, at most 65536.
    pub memory_kib: u32,
    /// Passes over the memory, 1 to 10.
    pub passes: u32,
    /// Lanes, 1 to 4; computed one after the other.
    pub lanes: u32,
}

impl Costs {
    /// The OWASP cheat sheet's minimum for Argon2id: the default, and the lowest that settings
    /// accept.
    pub const FLOOR: Self = Self { memory_kib: 19_456, passes: 2, lanes: 1 };

    /// The most that is ever computed, for stored hashes as well as new ones.
    pub const CEILING: Self = Self { memory_kib: 65_536, passes: 10, lanes: 4 };

    /// Whether they are valid and not above the ceiling.
    pub fn within_limits(self) -> bool {
        (1..=Self::CEILING.lanes).contains(&self.lanes)
            && (1..=Self::CEILING.passes).contains(&self.passes)
            && (8 * self.lanes..=Self::CEILING.memory_kib).contains(&self.memory_kib)
    }

    /// Whether every parameter is at least that of `other`.
    pub const fn at_least(self, other: Self) -> bool {
        self.memory_kib >= other.memory_kib
            && self.passes >= other.passes
            && self.lanes >= other.lanes
    }
}

/// As in settings and in PHC strings: `m=19456,t=2,p=1`.
impl fmt::Display for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={},t={},p={}", self.memory_kib, self.passes, self.lanes)
    }
}

/// The text is not of the form `m=19456,t=2,p=1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Argon2 parameters must be written like m=19456,t=2,p=1 (memory in KiB, passes, lanes)")]
pub struct CostsError;

impl FromStr for Costs {
    type Err = CostsError;

    /// Checks the form only, not whether the costs are within the limits.
    fn from_str(text: &str) -> Result<Self, CostsError> {
        let mut parts = text.split(',');
        let mut next = |key: &str| {
            let digits = parts.next().and_then(|part| part.strip_prefix(key)).ok_or(CostsError)?;
            number(digits).ok_or(CostsError)
        };
        let (memory_kib, passes, lanes) = (next("m=")?, next("t=")?, next("p=")?);
        parts.next().map_or(Ok(Self { memory_kib, passes, lanes }), |_| Err(CostsError))
    }
}

/// A decimal number as in PHC strings: no sign, no leading zero.
pub(super) fn number(digits: &str) -> Option<u32> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits.len() == 1 || !digits.starts_with('0'));
    if plain { digits.parse().ok() } else { None }
}

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

/// The scheme of a stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `$argon2id$`
    Argon2id,
    /// `$argon2i$`
    Argon2i,
    /// `$argon2d$`
    Argon2d,
    /// `$2a$`, `$2b$`, `$2y$`
    Bcrypt,
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

/// Why a stored text is not computed. It counts as a wrong password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoredHashError {
    /// Not the form of a known scheme.
    #[error("it is neither a bcrypt nor an Argon2 hash")]
    Unknown,
    /// It has the form of a hash, but would take too much memory or time, or proves nothing.
    #[error(
        "its parameters are out of bounds (Argon2: 64 MiB, 10 passes, 4 lanes; bcrypt: cost 14)"
    )]
    OutOfBounds,
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
    fn costs_are_read_as_they_are_written() {
        assert_eq!("m=19456,t=2,p=1".parse(), Ok(Costs::FLOOR));
        assert_eq!(Costs::FLOOR.to_string(), "m=19456,t=2,p=1");
        for text in [
            "",
            "m=1",
            "m=1,t=2",
            "t=2,m=1,p=1",
            "m=1,t=2,p=1,",
            "m=1,t=2,p=1,x=1",
            "m=01,t=2,p=1",
            "m=+1,t=2,p=1",
            "m=,t=2,p=1",
            "m=4294967296,t=2,p=1",
            "m=1, t=2,p=1",
        ] {
            assert_eq!(text.parse::<Costs>(), Err(CostsError), "{text}");
        }
    }

    #[test]
    fn bearable_costs_have_both_bounds() {
        let within_limits =
            |memory_kib, passes, lanes| Costs { memory_kib, passes, lanes }.within_limits();
        assert!(Costs::FLOOR.within_limits() && Costs::CEILING.within_limits());
        assert!(within_limits(8, 1, 1) && within_limits(32, 1, 4));
        assert!(
            !within_limits(7, 1, 1) && !within_limits(31, 1, 4) && !within_limits(65_537, 1, 1)
        );
        assert!(!within_limits(64, 0, 1) && !within_limits(64, 11, 1));
        assert!(!within_limits(64, 1, 0) && !within_limits(64, 1, 5));
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
