//! User names.

use unicode_normalization::UnicodeNormalization;

use crate::rule::{RuleError, require};
use crate::text::{is_bidi_control, is_control, is_invisible, is_white_space};
use crate::uid::looks_like_uid;

/// Most characters of a name, as the column has them.
pub const MAX_NAME_CHARS: usize = 200;

const FORBIDDEN: &str = "\"'()#&$,+=`~?|*/\\:;<>{}";

/// Reserved: they mean something else where a user name is expected.
const RESERVED: [&str; 4] = ["all", "deleted", "expired", "visitor"];

/// A user name: NFC, trimmed, in lower case, and within every rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserName(String);

impl UserName {
    /// Brings the text into the form of a name and checks the rules.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let name = Self::lookup_form(text);
        check_characters(&name)?;
        check_whole(&name)?;
        Ok(Self(name))
    }

    /// The form in which a name is looked up: NFC, trimmed, in lower case. No rule is checked, so
    /// that names are found by it that PhotoPrism stored under other rules.
    pub fn lookup_form(text: &str) -> String {
        let composed: String = text.nfc().collect();
        // Lower case may leave a form that composes again.
        composed.trim().to_lowercase().nfc().collect()
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_characters(name: &str) -> Result<(), RuleError> {
    let lacks = |class: fn(char) -> bool| !name.chars().any(class);
    require(lacks(is_control), "a user name may not contain control characters; leave them out")?;
    require(lacks(is_white_space), "a user name may not contain white space; use . or - instead")?;
    require(
        lacks(is_bidi_control),
        "a user name may not contain bidirectional controls; leave them out",
    )?;
    require(
        lacks(is_invisible),
        "a user name may not contain invisible or format characters; leave them out",
    )?;
    require(
        lacks(|c| FORBIDDEN.contains(c)),
        "a user name may not contain any of \"'()#&$,+=`~?|*/\\:;<>{}; leave them out",
    )
}

fn check_whole(name: &str) -> Result<(), RuleError> {
    require(!name.is_empty(), "a user name may not be empty; give 1 to 200 characters")?;
    require(
        name.chars().count() <= MAX_NAME_CHARS,
        "a user name has at most 200 characters; choose a shorter one",
    )?;
    require(!name.starts_with('-'), "a user name may not begin with -; begin with a letter")?;
    require(
        !(looks_like_uid(name) && name.contains(|c: char| c.is_ascii_digit())),
        "a user name may not look like a UID; choose one of another length",
    )?;
    require(
        !RESERVED.contains(&name),
        "all, deleted, expired and visitor have a meaning of their own; choose another user name",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> String {
        UserName::parse(text).expect(text).as_str().to_owned()
    }

    fn broken(text: &str, word: &str) {
        let error = UserName::parse(text).expect_err(text);
        assert!(error.as_str().contains(word), "{text:?}: {error}");
    }

    #[test]
    fn names_take_their_form() {
        for (text, form) in [
            ("bob", "bob"),
            (" \u{a0}Bob\n", "bob"),
            ("JOSE\u{301}", "josé"),
            ("ÅNGSTRÖM", "ångström"),
            ("ΟΔΟΣ", "οδος"),
            ("\u{212a}", "k"),
            ("bob@example.com", "bob@example.com"),
            ("a_b.c-d[e]!%^", "a_b.c-d[e]!%^"),
            ("..", ".."),
            ("田中", "田中"),
            ("😀", "😀"),
            ("007", "007"),
            ("\u{e000}\u{378}", "\u{e000}\u{378}"),
        ] {
            assert_eq!(name(text), form);
        }
    }

    #[test]
    fn each_rule_says_so() {
        for c in FORBIDDEN.chars() {
            broken(&format!("a{c}b"), "any of");
            broken(&c.to_string(), "any of");
        }
        assert_eq!(FORBIDDEN.chars().count(), 23);
        // They compose to a semicolon and a grave accent.
        broken("a\u{37e}", "any of");
        broken("a\u{1fef}", "any of");
        for text in ["", "   ", "\t\u{3000}"] {
            broken(text, "empty");
        }
        for text in ["a b", "a\u{a0}b", "a\u{2028}b"] {
            broken(text, "white space");
        }
        for text in ["a\0", "\u{7f}a", "a\u{9b}b", "a\tb", "a\nb", "a\u{85}b"] {
            broken(text, "control characters");
        }
        for text in ["a\u{202e}b", "\u{200f}", "a\u{61c}", "\u{2069}a"] {
            broken(text, "bidirectional");
        }
        for text in ["a\u{200b}", "\u{feff}a", "a\u{ad}b", "a\u{200d}b", "a\u{3164}", "\u{2800}"] {
            broken(text, "format");
        }
        broken("-bob", "begin with -");
        broken(" -", "begin with -");
        for text in ["all", "Deleted", " EXPIRED", "visitor"] {
            broken(text, "choose another");
        }
        name("b-ob");
        name("alle");
        name("admin");
    }

    #[test]
    fn length_is_counted_in_characters_of_the_form() {
        assert_eq!(name(&"Ä".repeat(200)).chars().count(), 200);
        name(&format!("  {}  ", "a\u{308}".repeat(200)));
        broken(&"a".repeat(201), "200");
        // The lower case of this one has two characters.
        broken(&"\u{130}".repeat(101), "200");
    }

    #[test]
    fn only_a_uid_with_a_digit_is_taken_for_one() {
        for text in ["usxyz0abc1defgh2", "CSXYZ0ABC1DEFGH2", "u000000000000001"] {
            broken(text, "UID");
        }
        name("uncharacteristic");
        name("characteristical");
        name("usxyz0abc1defgh");
        name("usxyz0abc1defgh23");
        name("asxyz0abc1defgh2");
    }

    #[test]
    fn stored_names_of_other_rules_have_a_lookup_form() {
        assert_eq!(UserName::lookup_form(" We Irdname "), "we irdname");
        assert_eq!(UserName::lookup_form("All"), "all");
        assert_eq!(UserName::lookup_form("a\0b"), "a\0b");
    }

    #[test]
    fn the_form_of_every_character_is_a_fixed_point() {
        // Beyond these blocks nothing has a case or composes.
        for c in ('\0'..='\u{1ffff}').chain('\u{2f800}'..='\u{2fa1f}') {
            for text in [c.to_string(), format!("a{c}b"), format!("I{c}\u{301}")] {
                let once = UserName::lookup_form(&text);
                assert_eq!(UserName::lookup_form(&once), once, "{c:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_form_is_a_fixed_point(text in "\\PC*|[ΑΣσς\u{130}iI\u{307}\u{323}\u{301} ]*") {
            let once = UserName::lookup_form(&text);
            prop_assert_eq!(UserName::lookup_form(&once), once);
        }

        #[test]
        fn what_is_taken_keeps_the_rules(text in any::<String>()) {
            if let Ok(name) = UserName::parse(&text) {
                prop_assert_eq!(UserName::parse(name.as_str()), Ok(name.clone()));
                let name = name.as_str();
                prop_assert!((1..=200).contains(&name.chars().count()));
                prop_assert!(!name.starts_with('-'));
                let bad = |c: char| c.is_whitespace() || c.is_control() || FORBIDDEN.contains(c);
                prop_assert!(!name.contains(bad));
            }
        }

        #[test]
        fn plain_names_are_taken(text in "[a-z][a-z.]{0,14}") {
            prop_assume!(!RESERVED.contains(&text.as_str()));
            let name = UserName::parse(&text).unwrap();
            prop_assert_eq!(name.as_str(), text);
        }
    }
}
