//! Full names for display.

use crate::name::UserName;
use crate::rule::{RuleError, require};
use crate::text::{is_bidi_control, is_control, is_invisible};

/// Most characters of a display name, as the column has them.
pub const MAX_DISPLAY_NAME_CHARS: usize = 200;

/// A full name for display, as it was given, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(String);

impl DisplayName {
    /// Checks the text against the rules and leaves it unchanged.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        require(
            !text.contains(is_control),
            "a display name may not contain control characters; leave them out",
        )?;
        require(
            !text.contains(is_bidi_control),
            "a display name may not contain bidirectional controls; leave them out",
        )?;
        require(
            !text.contains(is_invisible),
            "a display name may not contain invisible characters; leave them out",
        )?;
        require(
            text.chars().count() <= MAX_DISPLAY_NAME_CHARS,
            "a display name has at most 200 characters; give a shorter one",
        )?;
        Ok(Self(text.to_owned()))
    }

    /// The display name of an account that was given none: the words between `.`, `_` and `-`,
    /// each with a capital. What follows an `@` is not part of a person's name. A name without any
    /// word stays as it is.
    pub fn default_for(name: &UserName) -> Self {
        let name = name.as_str();
        let person = name.split('@').next().unwrap_or(name);
        let words: Vec<String> =
            person.split(['.', '_', '-']).filter(|word| !word.is_empty()).map(capital).collect();
        Self(if words.is_empty() { name.to_owned() } else { words.join(" ") })
    }

    /// The display name, `""` where there is none.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The word with its first character in upper case, unless that takes several characters (`ß`).
fn capital(word: &str) -> String {
    let mut rest = word.chars();
    let first = rest.next().map(|c| {
        let mut upper = c.to_uppercase();
        if upper.len() == 1 { upper.next().unwrap_or(c) } else { c }
    });
    first.into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_stay_as_they_are() {
        for text in ["", "Bob", " Erin Root O'Neil ", "=cmd", "Ωß 😀", "a\u{2028}b"] {
            assert_eq!(DisplayName::parse(text).unwrap().as_str(), text);
        }
        assert!(DisplayName::parse(&"ä".repeat(200)).is_ok());
    }

    #[test]
    fn each_rule_says_so() {
        for (text, expected) in [
            ("a\0b", "control characters"),
            ("a\nb", "control characters"),
            ("\u{1b}[31m", "control characters"),
            ("a\u{9b}", "control characters"),
            ("a\u{202e}b", "bidirectional"),
            ("\u{61c}", "bidirectional"),
            ("\u{2066}", "bidirectional"),
            ("👩\u{200d}💻", "invisible"),
            ("a\u{fe0f}", "invisible"),
            ("\u{3164}", "invisible"),
            (&*"a".repeat(201), "200"),
        ] {
            let error = DisplayName::parse(text).expect_err(text);
            assert!(error.as_str().contains(expected), "{text:?}: {error}");
        }
    }

    #[test]
    fn defaults_read_like_names() {
        for (name, display) in [
            ("bob", "Bob"),
            ("mixed.case", "Mixed Case"),
            ("anna-lena_de.vries", "Anna Lena De Vries"),
            ("a..b_", "A B"),
            ("...", "..."),
            ("bob@example.com", "Bob"),
            ("@bob", "@bob"),
            ("éva", "Éva"),
            ("ßeta", "ßeta"),
            ("田中", "田中"),
            ("007", "007"),
        ] {
            let name = UserName::parse(name).unwrap();
            assert_eq!(DisplayName::default_for(&name).as_str(), display);
        }
    }

    proptest! {
        #[test]
        fn a_default_keeps_its_own_rule(text in "[\\PC--\\pZ]{1,200}") {
            if let Ok(name) = UserName::parse(&text) {
                let display = DisplayName::default_for(&name);
                prop_assert_eq!(DisplayName::parse(display.as_str()), Ok(display.clone()));
                prop_assert!(!display.as_str().is_empty());
            }
        }
    }
}
