//! The index range that contains every text with a prefix.

use super::db::Db;
use super::engine::{Collation, Dialect, Statement, Value};
use super::error::StoreError;

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

    /// The condition for rows that are read anyway: a comparison of texts costs less than taking a
    /// part of each. The parameters of these numbers are its [values](Self::values).
    pub(super) fn comparison(&self, [prefix, end]: [usize; 2], dialect: Dialect) -> String {
        let Self { column, collation, .. } = *self;
        let begins = dialect.begins_with(column, prefix, collation);
        if self.end.is_none() {
            return format!("(?{end} IS NULL AND {begins})");
        }
        let rule = Dialect::rule(collation);
        let range =
            format!("{column} >= ?{prefix} COLLATE {rule} AND {column} < ?{end} COLLATE {rule}");
        match collation {
            Collation::Binary => format!("({range})"),
            // Between `@` and `A` are `[` and `_` where `A` is compared as `a`.
            Collation::NoCase => format!("({range} AND {begins})"),
        }
    }

    /// Whether more than `most` rows match, which an index of the column knows alone.
    pub(super) fn exceeds(&self, most: usize, rows: &str, db: &Db) -> Result<bool, StoreError> {
        let statement = self.count(rows, db.dialect());
        let [prefix, end] = self.values();
        let values = [prefix, end, most.saturating_add(1).into()];
        let mut statement = db.prepare(Statement::same(&statement))?;
        let count = statement.one(&values, |row| row.integer(0))?.unwrap_or(0);
        Ok(usize::try_from(count).is_ok_and(|count| count > most))
    }

    /// Counts the rows that match, `?3` at most.
    pub(super) fn count(&self, rows: &str, dialect: Dialect) -> String {
        let which = self.comparison([1, 2], dialect);
        format!("SELECT count(*) FROM (SELECT 1 FROM {rows} WHERE {which} LIMIT ?3) m")
    }

    /// The condition for those of them that are not below `?1`, or above it, by `operator`; `?2` is
    /// the second of the [values](Self::values) and `?3` the first. `?1` decides where the index is
    /// entered.
    pub(super) fn from(&self, operator: &str, dialect: Dialect) -> String {
        let Self { column, collation, .. } = *self;
        let rule = Dialect::rule(collation);
        let below = match &self.end {
            Some(_) => format!("{column} < ?2 COLLATE {rule}"),
            None => "?2 IS NULL".into(),
        };
        let begins = dialect.begins_with(column, 3, collation);
        format!("{column} {operator} ?1 COLLATE {rule} AND {below} AND {begins}")
    }
}

/// A condition as a column: SQLite stops where it is decided, as it does not do for the value of an
/// AND or OR.
pub(super) fn flag(condition: &str) -> String {
    format!("CASE WHEN {condition} THEN 1 ELSE 0 END")
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
