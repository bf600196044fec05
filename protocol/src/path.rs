//! Directories of an account, relative to the library.

use crate::rule::{RuleError, require};
use crate::text::is_control;

/// Most bytes, `~` already replaced.
pub const MAX_PATH_BYTES: usize = 1024;

const FORBIDDEN: &str = "\\:|?*%<>\"";

/// A relative path without empty parts, parts `.` and a `/` at its end, or nothing. A `~` at its
/// start is replaced later, once the name of the account is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryPath(String);

impl DirectoryPath {
    /// Checks the rules that do not need the account's name, and brings the path into one
    /// spelling: `a//b/./c/` becomes `a/b/c`.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        require(
            !text.starts_with('/'),
            "a path may not begin with /; give it relative to the library",
        )?;
        require(!text.starts_with('.'), "a path may not begin with .; give a directory's name")?;
        require(
            !text.contains(is_control),
            "a path may not contain control characters; leave them out",
        )?;
        require(
            !text.contains(|c| FORBIDDEN.contains(c)),
            "a path may not contain any of \\:|?*%<>\"; leave them out",
        )?;
        let parts: Vec<&str> =
            text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        require(
            !parts.contains(&".."),
            "a path may not have a part ..; name the directory itself",
        )?;
        let path = parts.join("/");
        require_length(&path)?;
        Ok(Self(path))
    }

    /// The path with `~`, alone or before a `/` at the start, replaced by `users/` and the name.
    ///
    /// # Errors
    /// It became too long, or the name holds what no path may.
    pub fn resolve(&self, name: &str) -> Result<String, RuleError> {
        let home = |rest: &&str| rest.is_empty() || rest.starts_with('/');
        let Some(rest) = self.0.strip_prefix('~').filter(home) else {
            return Ok(self.0.clone());
        };
        let path = format!("users/{name}{rest}");
        require_length(&path)?;
        // The name must stay one part: `.` would give the directory of everybody.
        let whole = |found: &Self| found.0 == path && !name.contains('/');
        Self::parse(&path).ok().filter(whole).map(|path| path.0).ok_or_else(|| {
            RuleError::new(
                "the user name cannot be part of a path; write a directory in place of ~",
            )
        })
    }
}

fn require_length(path: &str) -> Result<(), RuleError> {
    require(
        path.len() <= MAX_PATH_BYTES,
        "a path has at most 1024 bytes, ~ already replaced; give a shorter one",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn broken(text: &str, word: &str) {
        let error = DirectoryPath::parse(text).expect_err(text);
        assert!(error.as_str().contains(word), "{text:?}: {error}");
    }

    #[test]
    fn paths_take_one_spelling() {
        for (text, form) in [
            ("", ""),
            ("users/bob", "users/bob"),
            ("a//b/./c///", "a/b/c"),
            ("a/.hidden/..x", "a/.hidden/..x"),
            ("Fotos 2024/Urlaub ä", "Fotos 2024/Urlaub ä"),
            ("~", "~"),
            ("~/", "~"),
            ("~/a", "~/a"),
            ("~bob/a~", "~bob/a~"),
            (" a", " a"),
        ] {
            assert_eq!(DirectoryPath::parse(text).unwrap().0, form);
        }
    }

    #[test]
    fn each_rule_says_so() {
        for text in ["/", "/a", "//", "/../a"] {
            broken(text, "begin with /");
        }
        for text in [".", "..", "./a", ".a", "../a"] {
            broken(text, "begin with .");
        }
        for text in ["a/..", "a/../b", "~/..", "~/../a", "a//..//b"] {
            broken(text, "part ..");
        }
        for c in FORBIDDEN.chars() {
            broken(&format!("a{c}b"), "any of");
        }
        for text in ["a\0", "a\nb", "a/\u{7f}", "\u{9b}"] {
            broken(text, "control");
        }
        assert!(DirectoryPath::parse(&"ä".repeat(512)).is_ok());
        assert!(DirectoryPath::parse(&format!("{}//", "a".repeat(1024))).is_ok());
        broken(&"a".repeat(1025), "1024 bytes");
        broken(&"ä".repeat(513), "1024 bytes");
    }

    #[test]
    fn only_a_tilde_for_a_whole_part_at_the_start_is_replaced() {
        for (text, resolved) in [
            ("", ""),
            ("~", "users/bob"),
            ("~//a/", "users/bob/a"),
            ("~bob", "~bob"),
            ("~ä", "~ä"),
            ("a/~", "a/~"),
            ("~~/a", "~~/a"),
        ] {
            assert_eq!(DirectoryPath::parse(text).unwrap().resolve("bob").unwrap(), resolved);
        }
    }

    #[test]
    fn the_rules_hold_once_the_name_is_inserted() {
        let home = DirectoryPath::parse("~").unwrap();
        assert_eq!(home.resolve(".hidden").unwrap(), "users/.hidden");
        assert_eq!(home.resolve("we irdname").unwrap(), "users/we irdname");
        for name in ["..", "50%", "a\0b", "../x", ".", "", "a/b", "./a", "a/"] {
            assert!(home.resolve(name).unwrap_err().as_str().contains("user name"), "{name:?}");
        }
        let long = DirectoryPath::parse(&format!("~/{}", "a".repeat(1014))).unwrap();
        assert_eq!(long.resolve("bob").unwrap().len(), 1024);
        assert!(long.resolve("bobb").unwrap_err().as_str().contains("1024 bytes"));
    }

    proptest! {
        #[test]
        fn what_is_taken_stays_below_the_library(
            text in "[a.~/ä\\\\:\0-]{0,16}",
            name in "[a.~%/-]{1,6}",
        ) {
            if let Ok(path) = DirectoryPath::parse(&text) {
                prop_assert_eq!(DirectoryPath::parse(&path.0), Ok(path.clone()));
                if let Ok(resolved) = path.resolve(&name) {
                    prop_assert!(resolved.split('/').all(|part| part != ".." && part != "."));
                    prop_assert!(resolved.is_empty() || !resolved.starts_with(['/', '.']));
                    prop_assert!(!resolved.contains("//") && !resolved.ends_with('/'));
                    if path.0 == "~" {
                        prop_assert_eq!(resolved.split('/').count(), 2, "{:?}", resolved);
                    }
                }
            }
        }
    }
}
