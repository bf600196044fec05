//! Email addresses.

use crate::rule::{RuleError, require};
use crate::text::{is_control, is_invisible, is_white_space};

/// Most characters of an address, as the column has them.
pub const MAX_EMAIL_CHARS: usize = 255;

/// What surrounds addresses, or occurs in the quoted local parts that nobody uses.
const FORBIDDEN: &str = "<>(),;:\"\\[]";

/// An address, trimmed and in lower case, or nothing. Whether mail arrives there is not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Trims the text, lower-cases it and checks the rules; an empty text clears the address.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let email = text.trim().to_lowercase();
        if !email.is_empty() {
            check_characters(&email)?;
            check_parts(&email)?;
        }
        Ok(Self(email))
    }

    /// The address, `""` where there is none.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_characters(email: &str) -> Result<(), RuleError> {
    require(
        email.chars().count() <= MAX_EMAIL_CHARS,
        "an email address has at most 255 characters; give a shorter one",
    )?;
    require(
        !email.contains(|c| is_white_space(c) || is_control(c) || is_invisible(c)),
        "an email address may not contain white space, control or invisible characters; \
         leave them out",
    )?;
    require(
        !email.contains(|c| FORBIDDEN.contains(c)),
        "an email address may not contain any of <>(),;:\"\\[]; give the bare address",
    )
}

fn check_parts(email: &str) -> Result<(), RuleError> {
    let one_at = "an email address has exactly one @; give it as name@example.com";
    let (local, domain) = email.split_once('@').ok_or_else(|| RuleError::new(one_at))?;
    require(!domain.contains('@'), one_at)?;
    require(
        !local.is_empty(),
        "an email address needs a name before the @; give it as name@example.com",
    )?;
    require(
        domain.contains('.') && domain.split('.').all(|label| !label.is_empty()),
        "an email address needs a domain with a dot between its parts after the @; \
         give it as name@example.com",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn broken(text: &str, word: &str) {
        let error = Email::parse(text).expect_err(text);
        assert!(error.as_str().contains(word), "{text:?}: {error}");
    }

    #[test]
    fn addresses_take_their_form() {
        for (text, form) in [
            ("bob@example.com", "bob@example.com"),
            (" Bob@Example.COM\n", "bob@example.com"),
            ("o'brien+tag_1@mail.example.co.uk", "o'brien+tag_1@mail.example.co.uk"),
            ("Ä@BÜCHER.example", "ä@bücher.example"),
            ("", ""),
            ("  ", ""),
        ] {
            assert_eq!(Email::parse(text).unwrap().as_str(), form);
        }
    }

    #[test]
    fn each_rule_says_so() {
        for text in ["bob", "bob.example.com", "bob@@example.com", "a@b@example.com"] {
            broken(text, "exactly one @");
        }
        broken("@example.com", "before the @");
        for text in ["bob@", "bob@example", "bob@.com", "bob@example.", "bob@example..com", "bob@."]
        {
            broken(text, "domain");
        }
        for text in ["b ob@example.com", "bob@exam\tple.com", "bob\0@example.com"] {
            broken(text, "white space");
        }
        for text in
            ["bob@example\u{200b}.com", "bob@\u{202e}example.com", "b\u{7f}@x.de", "b\u{fe0f}@x.de"]
        {
            broken(text, "white space");
        }
        for c in FORBIDDEN.chars() {
            broken(&format!("b{c}ob@example.com"), "any of");
        }
        broken("Bob<bob@example.com>", "bare address");
    }

    #[test]
    fn length_is_counted_in_characters() {
        let of = |length: usize| format!("{}@example.com", "ä".repeat(length - 12));
        assert!(Email::parse(&of(255)).is_ok());
        broken(&of(256), "255");
    }

    proptest! {
        #[test]
        fn what_is_taken_is_a_fixed_point(text in "\\PC{0,12}@\\PC{0,8}\\.\\PC{0,8}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email.clone()));
                prop_assert_eq!(email.as_str().matches('@').count(), 1);
            }
        }

        #[test]
        fn plain_addresses_are_taken(text in "[a-z0-9.+_-]{1,20}@([a-z-]{1,9}\\.){1,4}[a-z]{2,9}") {
            let email = Email::parse(&text).unwrap();
            prop_assert_eq!(email.as_str(), text);
        }
    }
}
