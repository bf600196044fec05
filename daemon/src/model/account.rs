//! An account, and the values that PhotoPrism may have stored in it.

use jiff::Timestamp;
use photoprism_protocol::{provider, role};

/// The method of an account whose logins ask for a code.
pub(crate) const METHOD_2FA: &str = "2fa";

/// An account. Times keep their fraction; `None` is a time that never was, or one that neither the
/// daemon nor PhotoPrism's driver can read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "five independent columns of PhotoPrism's")]
pub struct Account {
    /// Row id; above 0 for people, 0 before it is stored.
    pub id: i64,
    pub uid: String,
    pub name: String,
    pub display_name: String,
    pub email: String,
    /// As stored; a super admin's effective role is admin.
    pub role: Role,
    pub super_admin: bool,
    pub can_login: bool,
    pub webdav: bool,
    pub provider: Provider,
    pub method: String,
    pub auth_id: String,
    pub auth_issuer: String,
    pub base_path: String,
    pub upload_path: String,
    pub attr: String,
    /// What the account may do, as a scope; `""`: everything, or a PhotoPrism without that column.
    pub scope: String,
    pub login_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    pub deleted: Deleted,
    pub has_password: bool,
    /// There is an activated two-factor key.
    pub has_passcode: bool,
}

impl Account {
    /// Whether it is a row that PhotoPrism relies on, not a person's account.
    pub const fn is_system(&self) -> bool {
        self.id <= 0
    }

    pub fn is_deleted(&self) -> bool {
        self.deleted != Deleted::No
    }

    /// The effective role: a super admin's is admin, whatever is stored.
    pub const fn effective_role(&self) -> &Role {
        if self.super_admin { &Role::Known(role::Role::Admin) } else { &self.role }
    }

    /// Whether a login needs a code: the account has both the method and an activated key.
    pub fn has_two_factor(&self) -> bool {
        self.method == METHOD_2FA && self.has_passcode
    }

    /// Approximate size of its texts in bytes.
    pub fn bytes(&self) -> usize {
        let names = [&*self.uid, &self.name, &self.display_name, &self.email, self.role.as_str()];
        let rights = [self.provider.as_str(), &self.method, &self.auth_id, &self.auth_issuer];
        let paths = [&*self.base_path, &self.upload_path, &self.attr, &self.scope];
        names.into_iter().chain(rights).chain(paths).map(str::len).sum()
    }
}

/// Whether and when an account was deleted. For PhotoPrism any stored value means deleted, also one
/// that is not a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deleted {
    #[default]
    No,
    At(Timestamp),
    AtUnknownTime,
}

impl Deleted {
    /// The instant, where it is known.
    pub const fn at(self) -> Option<Timestamp> {
        match self {
            Self::At(instant) => Some(instant),
            Self::No | Self::AtUnknownTime => None,
        }
    }
}

/// A value as it is stored: one that can be assigned, or another text of PhotoPrism's, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored<T> {
    Known(T),
    Other(String),
}

/// A value that has a name in the database and on the wire.
pub trait Named: Copy {
    fn parse(text: &str) -> Option<Self>;
    fn as_str(self) -> &'static str;
}

impl Named for role::Role {
    fn parse(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }

    fn as_str(self) -> &'static str {
        self.as_str()
    }
}

impl Named for provider::Provider {
    fn parse(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }

    fn as_str(self) -> &'static str {
        self.as_str()
    }
}

impl<T: Named> Stored<T> {
    /// The value of that stored text.
    pub fn from_stored(text: String) -> Self {
        T::parse(&text).map_or(Self::Other(text), Self::Known)
    }

    /// As it is stored.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(value) => value.as_str(),
            Self::Other(text) => text,
        }
    }
}

impl<T> Default for Stored<T> {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

pub(crate) type Role = Stored<role::Role>;

/// Who checks the account's logins.
pub(crate) type Provider = Stored<provider::Provider>;

impl Provider {
    /// Whether passwords of its accounts are checked here.
    pub fn checks_password(&self) -> bool {
        matches!(self, Self::Known(provider) if provider.has_password())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_written_back_letter_for_letter() {
        for text in ["admin", "user", "viewer", "guest", "visitor", "", "Admin", " admin"] {
            assert_eq!(Role::from_stored(text.into()).as_str(), text);
        }
        for text in ["default", "local", "oidc", "ldap", "none", "link", "", "None"] {
            assert_eq!(Provider::from_stored(text.into()).as_str(), text);
        }
    }

    #[test]
    fn a_value_that_can_be_assigned_is_known() {
        assert_eq!(Role::from_stored("guest".into()), Role::Known(role::Role::Guest));
        assert_eq!(Role::from_stored("Guest".into()), Role::Other("Guest".into()));
        assert_eq!(Provider::from_stored("none".into()), Provider::Known(provider::Provider::None));
        assert_eq!(Provider::from_stored("link".into()), Provider::Other("link".into()));
    }

    #[test]
    fn a_super_admin_is_an_admin_whatever_is_stored() {
        let account = Account {
            super_admin: true,
            role: Role::Known(role::Role::Guest),
            ..Account::default()
        };
        assert_eq!(account.effective_role(), &Role::Known(role::Role::Admin));
        let account = Account { super_admin: false, ..account };
        assert_eq!(account.effective_role(), &Role::Known(role::Role::Guest));
    }

    #[test]
    fn a_code_is_needed_with_the_method_and_a_key() {
        let account = |method: &str, has_passcode| Account {
            method: method.into(),
            has_passcode,
            ..Account::default()
        };
        assert!(account("2fa", true).has_two_factor());
        assert!(!account("2fa", false).has_two_factor());
        assert!(!account("default", true).has_two_factor());
    }
}
