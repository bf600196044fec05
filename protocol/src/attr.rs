//! Attributes of an account.

use crate::rule::{RuleError, require};
use crate::text::is_control;

/// Most bytes, as the column has them.
pub const MAX_ATTR_BYTES: usize = 1024;

/// Attributes as they were given, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attr(String);

impl Attr {
    /// Checks the text against the rules and leaves it unchanged.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        require(
            !text.contains(is_control),
            "attributes may not contain control characters; leave them out",
        )?;
        require(
            text.len() <= MAX_ATTR_BYTES,
            "attributes have at most 1024 bytes; give fewer or shorter ones",
        )?;
        Ok(Self(text.to_owned()))
    }

    /// The attributes, `""` where there are none.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_characters_are_checked() {
        for text in ["", "quota=1 lang=de", &*"a".repeat(1024), &*"ä".repeat(512)] {
            assert_eq!(Attr::parse(text).unwrap().as_str(), text);
        }
        for (text, expected) in [
            ("a\0", "control"),
            ("a\nb", "control"),
            (&*"a".repeat(1025), "1024"),
            (&*"ä".repeat(513), "1024"),
        ] {
            assert!(Attr::parse(text).unwrap_err().as_str().contains(expected), "{text:?}");
        }
    }
}
