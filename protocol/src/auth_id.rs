//! Subjects and distinguished names at a login provider, and who issued them.

use crate::rule::{RuleError, require};
use crate::text::is_control;

/// Most bytes, as the column has them.
pub const MAX_AUTH_ID_BYTES: usize = 255;

/// Fewest characters with the provider oidc.
pub const MIN_OIDC_CHARS: usize = 4;

/// A subject, distinguished name or issuer, trimmed, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthId(String);

impl AuthId {
    /// Trims the text and checks the rules that do not depend on the provider.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let id = text.trim();
        require(
            !id.contains(is_control),
            "an auth id may not contain control characters; leave them out",
        )?;
        require(
            id.len() <= MAX_AUTH_ID_BYTES,
            "an auth id has at most 255 bytes; give the subject or distinguished name alone",
        )?;
        Ok(Self(id.to_owned()))
    }

    /// An issuer must keep the same rules as its subjects.
    pub fn parse_issuer(text: &str) -> Result<Self, RuleError> {
        let issuer = text.trim();
        require(
            !issuer.contains(is_control),
            "an issuer may not contain control characters; leave them out",
        )?;
        require(issuer.len() <= MAX_AUTH_ID_BYTES, "an issuer has at most 255 bytes")?;
        Ok(Self(issuer.to_owned()))
    }

    /// Whether it has the [`MIN_OIDC_CHARS`] characters that the provider oidc needs.
    pub fn is_long_enough_for_oidc(&self) -> bool {
        self.0.chars().count() >= MIN_OIDC_CHARS
    }

    /// The id, `""` where there is none.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_trimmed_and_held_to_their_length() {
        for (text, form) in [
            ("", ""),
            (" abc-123 ", "abc-123"),
            ("uid=bob,ou=people,dc=example", "uid=bob,ou=people,dc=example"),
            ("007", "007"),
        ] {
            assert_eq!(AuthId::parse(text).unwrap().as_str(), form);
        }
        assert!(AuthId::parse(&"a".repeat(255)).is_ok());
        for (text, expected) in
            [("a\0b", "control"), ("a\tb", "control"), (&*"ä".repeat(128), "255 bytes")]
        {
            assert!(AuthId::parse(text).unwrap_err().as_str().contains(expected), "{text:?}");
        }
    }

    #[test]
    fn issuers_say_that_they_are_issuers() {
        let issuer = AuthId::parse_issuer(" https://sso.example.com ").unwrap();
        assert_eq!(issuer.as_str(), "https://sso.example.com");
        for text in ["a\0b", &*"a".repeat(256)] {
            assert!(AuthId::parse_issuer(text).unwrap_err().as_str().contains("issuer"));
        }
        assert!(AuthId::parse_issuer(&"a".repeat(255)).is_ok());
    }

    #[test]
    fn oidc_needs_four_characters() {
        for (text, enough) in [("", false), ("abc", false), (" abc ", false), ("äöüß", true)] {
            assert_eq!(AuthId::parse(text).unwrap().is_long_enough_for_oidc(), enough, "{text}");
        }
    }
}
