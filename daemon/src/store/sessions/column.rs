//! The columns in which a prefix is searched for, where each has an index.

use crate::store::engine::Collation;
use crate::store::prefix::PrefixRange;

/// A column that is searched.
pub(super) struct Column<'a> {
    pub(super) name: &'static str,
    pub(super) collation: Collation,
    pub(super) range: PrefixRange<'a>,
    /// Whether its index has the sessions of one value in the order of the list.
    pub(super) is_ordered: bool,
}

impl<'a> Column<'a> {
    pub(super) fn each([text, lower]: [&'a str; 2]) -> [Self; 3] {
        let of = |name, collation, prefix, is_ordered| Self {
            name,
            collation,
            range: PrefixRange::new(name, prefix, collation),
            is_ordered,
        };
        [
            of("u.user_name", Collation::Binary, lower, false),
            of("u.client_name", Collation::NoCase, text, true),
            of("u.auth_provider", Collation::Binary, lower, true),
        ]
    }
}
