//! The index range that contains every text with a prefix.

use super::engine::{Collation, Dialect, Value};

/// The rows whose column begins with a text.
pub(super) struct PrefixRange<'a> {
    column: &'a str,
    prefix: &'a str,
    end: Option<String>,
    collation: Collation,
}

impl<'a> PrefixRange<'a> {
    pub(super) fn new(column: &'a str, prefix: &'a str, collation: Collation) -> Self {
        // NOCASE compares as if the text were in lower case: `Z` comes after `[` there.
        let end = match collation {
            Collation::Binary => successor(prefix),
            Collation::NoCase => successor(&prefix.to_ascii_lowercase()),
        };
        Self { column, prefix, end, collation }
    }

    /// The condition; `?1` and `?2` are its [values](Self::values).
    pub(super) fn condition(&self, dialect: Dialect) -> String {
        dialect.prefix_range(self.column, self.collation, self.end.is_some())
    }

    pub(super) fn values(&self) -> [Value<'_>; 2] {
        [self.prefix.into(), self.end.as_ref().into()]
    }
}

/// The first text after all that begin with `prefix`; `None` where there is no such text.
pub(super) fn successor(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        if let Some(next) = next_char(last) {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

fn next_char(c: char) -> Option<char> {
    match c {
        '\u{D7FF}' => Some('\u{E000}'),
        c => char::from_u32(u32::from(c) + 1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_range_holds_exactly_the_prefix(prefix in "\\PC{1,4}", text in "\\PC{0,6}") {
            let longer = format!("{prefix}{text}");
            let end = successor(&prefix);
            prop_assert!(longer >= prefix);
            prop_assert!(end.as_ref().is_none_or(|end| longer < *end));
            let inside = text >= prefix && end.as_ref().is_none_or(|end| text < *end);
            prop_assert_eq!(inside, text.starts_with(&prefix));
        }
    }

    #[test]
    fn the_last_character_has_no_successor() {
        assert_eq!(successor("\u{10FFFF}"), None);
        assert_eq!(successor("a\u{10FFFF}"), Some("b".into()));
        assert_eq!(successor("\u{D7FF}"), Some("\u{E000}".into()));
        assert_eq!(successor(""), None);
    }
}
