//! The index range that contains every text with a prefix.

use super::engine::Value;

/// How a column compares texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Collation {
    /// Byte by byte.
    Binary,
    /// Without regard to ASCII case.
    NoCase,
}

impl Collation {
    const fn name(self) -> &'static str {
        match self {
            Self::Binary => "BINARY",
            Self::NoCase => "NOCASE",
        }
    }
}

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

    /// The condition; `?1` and `?2` are its [values](Self::values). The range is exact for BINARY;
    /// NOCASE folds, so the prefix itself is compared as well.
    pub(super) fn condition(&self) -> String {
        let (column, rule) = (self.column, self.collation.name());
        let below = match self.end {
            Some(_) => format!("{column} < ?2 COLLATE {rule}"),
            None => "?2 IS NULL".into(),
        };
        format!(
            "{column} >= ?1 COLLATE {rule} AND {below}
             AND substr({column}, 1, length(?1)) = ?1 COLLATE {rule}"
        )
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
