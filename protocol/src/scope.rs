//! Authorization scopes of sessions.

use std::collections::BTreeSet;

use crate::rule::{RuleError, require};
use crate::suggest::nearest;

/// Most characters of a scope, as the column has them.
pub const MAX_SCOPE_CHARS: usize = 1024;

/// What PhotoPrism knows (June 2026): its resources, and `read` and `write` for what may be done with
/// them.
const KNOWN: [&str; 28] = [
    "albums",
    "calendar",
    "cluster",
    "config",
    "default",
    "favorites",
    "feedback",
    "files",
    "folders",
    "labels",
    "logs",
    "metrics",
    "moments",
    "passcode",
    "password",
    "people",
    "photos",
    "places",
    "read",
    "services",
    "sessions",
    "settings",
    "shares",
    "users",
    "videos",
    "vision",
    "webdav",
    "write",
];

/// Words in lower case, sorted, each once, a blank between them; `*` alone means all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope(String);

impl Scope {
    /// Brings the text into the form of a scope and checks the rules.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let text = text.to_ascii_lowercase();
        let words: BTreeSet<&str> =
            text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        require(!words.is_empty(), "a scope needs at least one word; * means all")?;
        require(
            words.len() == 1 || !words.contains("*"),
            "* means all and stands alone in a scope; leave the other words out",
        )?;
        require(
            words.iter().all(|word| *word == "*" || is_word(word)),
            "a scope has words of letters, digits, :, - and _, separated by blanks or commas",
        )?;
        let scope = words.into_iter().collect::<Vec<_>>().join(" ");
        require(
            scope.len() <= MAX_SCOPE_CHARS,
            "a scope has at most 1024 characters; give fewer words",
        )?;
        Ok(Self(scope))
    }

    /// The scope as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its words, at least one.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ')
    }

    /// A warning for each word that PhotoPrism does not know: such a word allows nothing there.
    pub fn warnings(&self) -> Vec<String> {
        let resource = |word: &str| word.split(':').next().unwrap_or_default().to_owned();
        let unknown = |word: &&str| *word != "*" && !KNOWN.contains(&&*resource(word));
        let warning = |word: &str| {
            let meant = nearest(&resource(word), KNOWN);
            let meant = meant.map(|known| ["; did you mean ", known, "?"].concat());
            let (meant, known) = (meant.unwrap_or_default(), KNOWN.join(", "));
            format!("PhotoPrism does not know the scope {word}{meant} (known are * and {known})")
        };
        self.names().filter(unknown).map(warning).collect()
    }
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scopes_take_their_form() {
        for (text, form) in [
            ("webdav", "webdav"),
            (" WebDAV, metrics  albums,metrics,", "albums metrics webdav"),
            ("photos:view a-b_c 1", "1 a-b_c photos:view"),
            ("*", "*"),
            (" *,* ", "*"),
        ] {
            assert_eq!(Scope::parse(text).unwrap().as_str(), form);
        }
        let scope = Scope::parse("b a").unwrap();
        assert_eq!(scope.names().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn each_rule_says_so() {
        let long = "a".repeat(1025);
        for (text, expected) in [
            ("", "at least one word"),
            (" ,, ", "at least one word"),
            ("* webdav", "stands alone"),
            ("webdav,*", "stands alone"),
            ("a\tb", "letters"),
            ("a;b", "letters"),
            ("web*", "letters"),
            ("**", "letters"),
            ("straße", "letters"),
            ("\u{212a}", "letters"),
            ("a\0", "letters"),
            (&long, "1024"),
        ] {
            assert!(Scope::parse(text).unwrap_err().as_str().contains(expected), "{text:?}");
        }
        assert!(Scope::parse(&"a".repeat(1024)).is_ok());
    }

    #[test]
    fn words_that_photoprism_does_not_know_are_warned_about() {
        let warnings = |text: &str| Scope::parse(text).unwrap().warnings();
        for text in ["*", "webdav", "metrics photos:view", "read,files", "sessions"] {
            assert_eq!(warnings(text), [""; 0], "{text}");
        }
        let near = warnings("webdva metrics");
        assert_eq!(near.len(), 1);
        assert!(near[0].starts_with(
            "PhotoPrism does not know the scope webdva; did you mean webdav? (known are * and albums, "
        ));
        let far = warnings("git xyzzy:read");
        assert!(far[0].starts_with("PhotoPrism does not know the scope git (known"), "{far:?}");
        assert!(far[1].contains("scope xyzzy:read (known"), "{far:?}");
        assert!(KNOWN.is_sorted());
    }

    proptest! {
        #[test]
        fn what_is_taken_is_a_fixed_point(text in "[A-Za-c0-2:_, -]{0,40}") {
            if let Ok(scope) = Scope::parse(&text) {
                prop_assert_eq!(Scope::parse(scope.as_str()), Ok(scope.clone()));
                let words: Vec<_> = scope.names().collect();
                prop_assert!(words.is_sorted_by(|a, b| a < b));
            }
        }
    }
}
