//! What every list command has in common.

use serde::{Deserialize, Serialize};

use crate::args::Int;

/// Rows of a page unless the request says otherwise.
pub const DEFAULT_LIMIT: u16 = 100;

/// Most rows that one page may ask for.
pub const MAX_LIMIT: u16 = 1000;

/// The arguments `limit` and `cursor` of commands that take nothing else, and of
/// [`crate::users::Legacy`]-like ones with a search.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// What to look for; its forms differ by command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Rows of the page, 1 to [`MAX_LIMIT`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Int>,
    /// The `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// One page of a list as a client reads it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Page<T> {
    /// The rows, in the command's order.
    pub items: Vec<T>,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<String>,
}
