//! Who checks an account's login.

use crate::rule::RuleError;

/// Who checks an account's login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// Whatever is configured; the account has its own password.
    Default,
    /// The account's own password.
    Local,
    /// A provider that speaks OIDC.
    Oidc,
    /// A directory.
    Ldap,
    /// Nobody: the account is disabled.
    None,
}

impl Provider {
    /// Every provider, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Default, Self::Local, Self::Oidc, Self::Ldap, Self::None];

    /// The provider of exactly that name.
    ///
    /// # Errors
    /// The text is not one of the five names.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        Self::ALL.into_iter().find(|provider| provider.as_str() == text).ok_or_else(|| {
            RuleError::new("the provider must be default, local, oidc, ldap or none")
        })
    }

    /// The name, as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Local => "local",
            Self::Oidc => "oidc",
            Self::Ldap => "ldap",
            Self::None => "none",
        }
    }

    /// Whether its accounts have a password here.
    pub const fn has_password(self) -> bool {
        match self {
            Self::Default | Self::Local => true,
            Self::Oidc | Self::Ldap | Self::None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_names_are_accepted() {
        for provider in Provider::ALL {
            assert_eq!(Provider::parse(provider.as_str()), Ok(provider));
        }
        for text in ["", "Local", "local ", "link", "application", "LDAP/AD"] {
            let error = Provider::parse(text).expect_err(text);
            assert!(error.as_str().contains("default, local, oidc, ldap or none"));
        }
    }
}
