//! What every list command has in common.

use serde::{Deserialize, Serialize};

use crate::args::Int;
use crate::rule::RuleError;

/// Rows of a page unless the request says otherwise.
pub const DEFAULT_LIMIT: u16 = 100;

/// Most rows that one page may ask for.
pub const MAX_LIMIT: u16 = 1000;

/// Arguments of `users.legacy` and `auth.ls`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// What to search for; its forms differ by command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Rows of the page, 1 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Int>,
    /// The `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Page<T> {
    /// The rows, in the command's order.
    pub items: Vec<T>,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<String>,
}

/// The rule of the argument `limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit;

impl Limit {
    /// Rows of a page: what was given, else [`DEFAULT_LIMIT`].
    ///
    /// # Errors
    /// It is not within 1 to [`MAX_LIMIT`].
    pub fn parse(given: Option<Int>) -> Result<u16, RuleError> {
        let Some(Int(rows)) = given else { return Ok(DEFAULT_LIMIT) };
        u16::try_from(rows)
            .ok()
            .filter(|rows| (1..=MAX_LIMIT).contains(rows))
            .ok_or_else(|| RuleError::new("the limit must be a number from 1 to 1000"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_bounds_and_a_default() {
        assert_eq!(Limit::parse(None), Ok(100));
        for rows in [1, 100, 1000] {
            assert_eq!(Limit::parse(Some(Int(rows.into()))), Ok(rows));
        }
        for rows in [i128::MIN, -1, 0, 1001, 65_537, u64::MAX.into()] {
            let error = Limit::parse(Some(Int(rows))).unwrap_err();
            assert!(error.as_str().contains("1 to 1000"), "{rows}");
        }
    }
}
