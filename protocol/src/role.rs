//! Roles of accounts.

use crate::rule::RuleError;

/// The role of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Admin,
    /// A person with a library of their own.
    User,
    /// May only view.
    Viewer,
    /// Sees what is shared.
    Guest,
}

impl Role {
    /// Every role, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Admin, Self::User, Self::Viewer, Self::Guest];

    /// The role of exactly that name.
    ///
    /// # Errors
    /// The text is not one of the four names.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| RuleError::new("the role must be admin, user, viewer or guest"))
    }

    /// The name, as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::User => "user",
            Self::Viewer => "viewer",
            Self::Guest => "guest",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_names_are_accepted() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Ok(role));
        }
        for text in ["", "Admin", " admin", "visitor", "none", "admin\0"] {
            let error = Role::parse(text).expect_err(text);
            assert!(error.as_str().contains("admin, user, viewer or guest"));
        }
    }
}
