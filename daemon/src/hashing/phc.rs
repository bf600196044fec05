//! Argon2 hashes as PHC strings.

use argon2::{Algorithm, Version};
use data_encoding::BASE64_NOPAD;

use super::costs::{Costs, Scheme, StoredHashError, number};

/// Salt of a new hash in bytes (RFC 9106).
pub(super) const SALT_BYTES: usize = 16;

/// Tag of a new hash in bytes (RFC 9106).
pub(super) const TAG_BYTES: usize = 32;

/// Shortest salt that Argon2 accepts, and the longest that is parsed.
const SALT_LENGTHS: std::ops::RangeInclusive<usize> = 8..=64;

/// Shortest tag that proves anything, and the longest that is parsed.
const TAG_LENGTHS: std::ops::RangeInclusive<usize> = 16..=64;

/// A stored Argon2 hash whose parameters are within the limits.
#[derive(Clone, PartialEq, Eq)]
pub struct Argon2Hash {
    algorithm: Algorithm,
    version: Version,
    costs: Costs,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl Argon2Hash {
    /// Parses `$argon2id$v=19$m=…,t=…,p=…$salt$tag`; a missing version means 1.0, as in the first
    /// format.
    pub(super) fn parse(text: &str) -> Result<Self, StoredHashError> {
        let form = || StoredHashError::Unknown;
        let mut fields = text.strip_prefix('$').ok_or_else(form)?.split('$');
        let algorithm = match fields.next() {
            Some("argon2id") => Algorithm::Argon2id,
            Some("argon2i") => Algorithm::Argon2i,
            Some("argon2d") => Algorithm::Argon2d,
            Some(_) | None => return Err(StoredHashError::Unknown),
        };
        let mut field = fields.next().ok_or_else(form)?;
        let mut version = Version::V0x10;
        if let Some(digits) = field.strip_prefix("v=") {
            version = number(digits).and_then(|v| Version::try_from(v).ok()).ok_or_else(form)?;
            field = fields.next().ok_or_else(form)?;
        }
        let costs: Costs = field.parse().map_err(|_| StoredHashError::Unknown)?;
        let mut bytes = || {
            let field = fields.next().ok_or_else(form)?;
            BASE64_NOPAD.decode(field.as_bytes()).map_err(|_| StoredHashError::Unknown)
        };
        let (salt, tag) = (bytes()?, bytes()?);
        if fields.next().is_some() {
            return Err(StoredHashError::Unknown);
        }
        Self { algorithm, version, costs, salt, tag }.check_limits()
    }

    fn check_limits(self) -> Result<Self, StoredHashError> {
        let within_limits = self.costs.within_limits()
            && SALT_LENGTHS.contains(&self.salt.len())
            && TAG_LENGTHS.contains(&self.tag.len());
        if within_limits { Ok(self) } else { Err(StoredHashError::OutOfBounds) }
    }

    /// A hash whose tag is not computed yet.
    pub(super) fn unhashed(costs: Costs, salt: [u8; SALT_BYTES]) -> Self {
        let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
        Self { algorithm, version, costs, salt: salt.to_vec(), tag: vec![0; TAG_BYTES] }
    }

    /// The PHC string with `tag` instead of its own.
    pub(super) fn encode(&self, tag: &[u8]) -> String {
        format!(
            "${}$v={}${}${}${}",
            self.algorithm,
            u32::from(self.version),
            self.costs,
            BASE64_NOPAD.encode(&self.salt),
            BASE64_NOPAD.encode(tag),
        )
    }

    /// Which variant of Argon2 it is.
    pub const fn scheme(&self) -> Scheme {
        match self.algorithm {
            Algorithm::Argon2d => Scheme::Argon2d,
            Algorithm::Argon2i => Scheme::Argon2i,
            Algorithm::Argon2id => Scheme::Argon2id,
        }
    }

    /// The cost parameters.
    pub const fn costs(&self) -> Costs {
        self.costs
    }

    /// Whether it is at least as strong as a new one with `costs`.
    pub(super) fn is_as_good_as(&self, costs: Costs) -> bool {
        self.algorithm == Algorithm::Argon2id
            && self.version == Version::V0x13
            && self.costs.at_least(costs)
            && self.salt.len() >= SALT_BYTES
            && self.tag.len() >= TAG_BYTES
    }

    pub(super) const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) const fn version(&self) -> Version {
        self.version
    }

    pub(super) fn salt(&self) -> &[u8] {
        &self.salt
    }

    pub(super) fn tag(&self) -> &[u8] {
        &self.tag
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SALT: &str = "c29tZXNhbHRzb21lc2FsdA";
    const TAG: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

    fn fault(text: &str) -> Option<StoredHashError> {
        Argon2Hash::parse(text).err()
    }

    #[test]
    fn the_three_variants_and_both_versions_are_read() {
        for (name, scheme) in [
            ("argon2id", Scheme::Argon2id),
            ("argon2i", Scheme::Argon2i),
            ("argon2d", Scheme::Argon2d),
        ] {
            for (version, number) in [("", 16), ("v=16$", 16), ("v=19$", 19)] {
                let text = format!("${name}${version}m=64,t=1,p=1${SALT}${TAG}");
                let hash = Argon2Hash::parse(&text).ok().unwrap();
                assert_eq!(hash.scheme(), scheme);
                assert_eq!(u32::from(hash.version), number);
            }
        }
    }

    #[test]
    fn what_is_not_a_phc_string_is_unknown() {
        for text in [
            String::new(),
            "$argon2id".into(),
            format!("$argon2x$v=19$m=64,t=1,p=1${SALT}${TAG}"),
            format!("$argon2id$v=20$m=64,t=1,p=1${SALT}${TAG}"),
            format!("$argon2id$v=$m=64,t=1,p=1${SALT}${TAG}"),
            format!("$argon2id$v=19$m=64,t=1${SALT}${TAG}"),
            format!("$argon2id$v=19$m=64,t=1,p=1${SALT}"),
            format!("$argon2id$v=19$m=64,t=1,p=1${SALT}${TAG}$"),
            format!("$argon2id$v=19$m=64,t=1,p=1${SALT}==${TAG}"),
            format!("$argon2id$v=19$m=64,t=1,p=1${SALT}${TAG}\n"),
            format!("$argon2id$v=19$m=99999999999,t=1,p=1${SALT}${TAG}"),
        ] {
            assert_eq!(fault(&text), Some(StoredHashError::Unknown), "{text}");
        }
    }

    #[test]
    fn what_would_cost_too_much_or_prove_nothing_is_absurd() {
        for (costs, salt, tag) in [
            ("m=4194304,t=1,p=1", SALT, TAG),
            ("m=65537,t=1,p=1", SALT, TAG),
            ("m=64,t=11,p=1", SALT, TAG),
            ("m=64,t=4294967295,p=1", SALT, TAG),
            ("m=64,t=0,p=1", SALT, TAG),
            ("m=64,t=1,p=5", SALT, TAG),
            ("m=64,t=1,p=0", SALT, TAG),
            ("m=7,t=1,p=1", SALT, TAG),
            ("m=64,t=1,p=1", "c2FsdHNhbA", TAG),
            ("m=64,t=1,p=1", "", TAG),
            ("m=64,t=1,p=1", SALT, "AAEC"),
            ("m=64,t=1,p=1", SALT, ""),
        ] {
            let text = format!("$argon2id$v=19${costs}${salt}${tag}");
            assert_eq!(fault(&text), Some(StoredHashError::OutOfBounds), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in r"(\$argon2(id|i|d))?(\$v=[0-9]{0,3})?\$?(m=[0-9]{0,11},t=[0-9]{0,3},p=[0-9]{0,2})?\$?.{0,80}") {
            if let Ok(hash) = Argon2Hash::parse(&text) {
                prop_assert!(hash.costs().within_limits());
            }
        }

        #[test]
        fn what_is_written_is_read_back(memory in 8_u32..65_537, passes in 1_u32..11, salt: [u8; 16], tag: [u8; 32]) {
            let costs = Costs { memory_kib: memory, passes, lanes: 1 };
            let hash = Argon2Hash::unhashed(costs, salt);
            let read = Argon2Hash::parse(&hash.encode(&tag)).ok().unwrap();
            prop_assert_eq!(read.salt(), &salt[..]);
            prop_assert_eq!(read.tag(), &tag[..]);
            prop_assert_eq!(read.costs(), costs);
            prop_assert!(read.is_as_good_as(costs));
        }
    }
}
