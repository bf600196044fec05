//! Idempotency keys.

use crate::rule::{RuleError, require};

/// A key of 8 to 64 printable ASCII characters, the space included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Checks length and characters.
    ///
    /// # Errors
    /// The length or a character is out of bounds.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        require(
            text.bytes().all(|byte| matches!(byte, b' '..=b'~')),
            "an idempotency key may only contain printable ASCII characters",
        )?;
        require(
            (8..=64).contains(&text.len()),
            "an idempotency key has 8 to 64 characters; a random UUID will do",
        )?;
        Ok(Self(text.to_owned()))
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_and_printable() {
        for text in ["12345678", " ~~~~~~ ", &*"k".repeat(64)] {
            assert_eq!(IdempotencyKey::parse(text).unwrap().as_str(), text);
        }
        for (text, expected) in [
            ("", "8 to 64"),
            ("1234567", "8 to 64"),
            (&*"k".repeat(65), "8 to 64"),
            ("1234567\0", "printable"),
            ("1234567\u{7f}", "printable"),
            ("1234567\t", "printable"),
            ("1234567ä", "printable"),
        ] {
            let error = IdempotencyKey::parse(text).unwrap_err();
            assert!(error.as_str().contains(expected), "{text:?}");
        }
    }
}
