//! What has places in the limiter.

use photoprism_protocol::name::UserName;
use sha2::{Digest, Sha256};

use super::client_ip::Network;
use crate::store::LimitKind;

/// The account that an attempt names, or a name without an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LimitKey {
    /// The account of that UID, however its name was spelled.
    Account(String),
    /// A name without an account.
    Name(NameHash),
}

impl LimitKey {
    /// A name without an account, in whatever spelling.
    pub(crate) fn unknown(name: &str) -> Self {
        Self::Name(NameHash::of(name))
    }
}

/// A name without an account. Only its hash is kept: people type passwords into the name's field,
/// and names of any length take the same memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NameHash([u8; 32]);

impl NameHash {
    /// The hash of the name's lookup form.
    pub(crate) fn of(name: &str) -> Self {
        Self(Sha256::digest(UserName::lookup_form(name)).into())
    }
}

/// Something that has places.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// An address, IPv6 by its /64.
    Address(Network),
    /// The account of that UID.
    Account(String),
    /// A name without an account.
    Name(NameHash),
    /// Passcodes and recovery codes of the account of that UID.
    Passcode(String),
}

impl Subject {
    /// The two subjects of an account, for `logins.clear`.
    pub(crate) fn of_account(uid: &str) -> [Self; 2] {
        [Self::Account(uid.to_owned()), Self::Passcode(uid.to_owned())]
    }

    /// The kind of its row.
    pub(crate) const fn kind(&self) -> LimitKind {
        match self {
            Self::Address(_) => LimitKind::Address,
            Self::Account(_) => LimitKind::Account,
            Self::Name(_) => LimitKind::Name,
            Self::Passcode(_) => LimitKind::Passcode,
        }
    }

    /// The text of it in that row.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Address(network) => network.to_string(),
            Self::Account(uid) | Self::Passcode(uid) => uid.clone(),
            Self::Name(NameHash(hash)) => data_encoding::HEXLOWER.encode(hash),
        }
    }

    /// Both, as `limits_delete` takes them.
    #[cfg(test)]
    pub(crate) fn row_key(&self) -> (LimitKind, String) {
        (self.kind(), self.text())
    }

    /// Parses a row; `None` for a vouch, and for a text that no version wrote.
    pub(super) fn from_row(kind: LimitKind, text: &str) -> Option<Self> {
        match kind {
            LimitKind::Address => Network::parse(text).map(Self::Address),
            LimitKind::Account => Some(Self::Account(text.to_owned())),
            LimitKind::Passcode => Some(Self::Passcode(text.to_owned())),
            LimitKind::Name => {
                let hash = data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?;
                Some(Self::Name(NameHash(hash.try_into().ok()?)))
            }
            LimitKind::Vouch => None,
        }
    }
}

impl From<LimitKey> for Subject {
    fn from(who: LimitKey) -> Self {
        match who {
            LimitKey::Account(uid) => Self::Account(uid),
            LimitKey::Name(name) => Self::Name(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::client_ip::ClientIp;
    use super::*;

    #[test]
    fn a_subject_survives_its_row() {
        let subjects = [
            Subject::Address(ClientIp::parse("192.0.2.1").unwrap().network()),
            Subject::Address(ClientIp::parse("2001:db8::1").unwrap().network()),
            Subject::Account("u0000000000000bob".into()),
            Subject::Passcode("u0000000000000bob".into()),
            Subject::Name(NameHash::of("nobody")),
        ];
        for subject in subjects {
            assert_eq!(Subject::from_row(subject.kind(), &subject.text()), Some(subject));
        }
    }

    #[test]
    fn rows_that_say_nothing_are_passed_over() {
        for (kind, text) in [
            (LimitKind::Address, "nowhere"),
            (LimitKind::Name, "bob"),
            (LimitKind::Name, "00ff"),
            (LimitKind::Vouch, "u0000000000000bob 192.0.2.1"),
        ] {
            assert_eq!(Subject::from_row(kind, text), None, "{text}");
        }
    }

    #[test]
    fn spellings_of_an_unknown_name_are_one() {
        let name = NameHash::of("zoë");
        for spelling in ["Zoë", " ZOË ", "zoe\u{308}", "\tzoë\n"] {
            assert_eq!(NameHash::of(spelling), name, "{spelling:?}");
        }
        assert_ne!(NameHash::of("zoe"), name);
        assert!(!format!("{:?}", LimitKey::unknown("hunter22")).contains("hunter22"));
    }
}
