//! Texts of statements.

/// The text of a statement, constant or computed; its parameters are `?1`, `?2` and so on, and a
/// number may be used more than once. Each text is prepared once for a connection.
#[derive(Clone, Copy)]
pub(in crate::store) struct Statement<'a> {
    text: &'a str,
    is_own: bool,
}

impl<'a> Statement<'a> {
    /// One that every engine takes as it is.
    pub(in crate::store) const fn same(text: &'a str) -> Self {
        Self { text, is_own: false }
    }

    /// One that only SQLite takes: another engine needs a text of its own here.
    pub(in crate::store) const fn sqlite(text: &'a str) -> Self {
        Self { text, is_own: false }
    }

    /// It names the daemon's own tables `own.admin_…`, and `logins.audit_logins`.
    pub(in crate::store) const fn own(self) -> Self {
        Self { is_own: true, ..self }
    }

    /// Whether names in it have to be replaced by those of this database.
    pub(in crate::store) const fn is_own(self) -> bool {
        self.is_own
    }

    pub(in crate::store) const fn text(self) -> &'a str {
        self.text
    }
}

/// `count` parameters for a list, from that number on.
pub(in crate::store) fn places(first: usize, count: usize) -> String {
    let places: Vec<String> = (first..first + count).map(|place| format!("?{place}")).collect();
    places.join(", ")
}
