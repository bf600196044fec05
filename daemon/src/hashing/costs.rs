//! What one hash may cost, and why a stored one is not computed.

use std::fmt;
use std::str::FromStr;

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
pub struct CostsSyntax;

impl FromStr for Costs {
    type Err = CostsSyntax;

    /// Checks the form only, not whether the costs are within the limits.
    fn from_str(text: &str) -> Result<Self, CostsSyntax> {
        let mut parts = text.split(',');
        let mut next = |key: &str| {
            let digits = parts.next().and_then(|part| part.strip_prefix(key)).ok_or(CostsSyntax)?;
            number(digits).ok_or(CostsSyntax)
        };
        let (memory_kib, passes, lanes) = (next("m=")?, next("t=")?, next("p=")?);
        parts.next().map_or(Ok(Self { memory_kib, passes, lanes }), |_| Err(CostsSyntax))
    }
}

/// A decimal number as in PHC strings: no sign, no leading zero.
pub(super) fn number(digits: &str) -> Option<u32> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits.len() == 1 || !digits.starts_with('0'));
    if plain { digits.parse().ok() } else { None }
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

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(text.parse::<Costs>(), Err(CostsSyntax), "{text}");
        }
    }

    #[test]
    fn bearable_costs_have_both_bounds() {
        let bearable =
            |memory_kib, passes, lanes| Costs { memory_kib, passes, lanes }.within_limits();
        assert!(Costs::FLOOR.within_limits() && Costs::CEILING.within_limits());
        assert!(bearable(8, 1, 1) && bearable(32, 1, 4));
        assert!(!bearable(7, 1, 1) && !bearable(31, 1, 4) && !bearable(65_537, 1, 1));
        assert!(!bearable(64, 0, 1) && !bearable(64, 11, 1));
        assert!(!bearable(64, 1, 0) && !bearable(64, 1, 5));
    }
}
