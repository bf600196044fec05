//! Foreign keys, and the rows that refer to none.

use std::collections::HashMap;

/// A foreign key of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) table: String,
    pub(super) parent: String,
    pub(super) number: i64,
}

/// How many rows refer to none by a foreign key, by their number where they have one.
pub(super) type Dangling = HashMap<(Key, Option<i64>), u64>;
