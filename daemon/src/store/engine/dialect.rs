//! What the engines say in different words.

/// How texts are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Collation {
    /// Byte by byte.
    Binary,
    /// Without regard to ASCII case.
    NoCase,
}

/// The words of an engine.
#[derive(Clone, Copy)]
pub(in crate::store) enum Dialect {
    Sqlite,
}

impl Dialect {
    /// `INSERT INTO` that leaves a row as it is where its key exists.
    pub(in crate::store) const fn insert_if_new(self) -> &'static str {
        match self {
            Self::Sqlite => "INSERT OR IGNORE INTO",
        }
    }

    /// A query for the columns of the tables that the store knows: table, column, declared type.
    pub(in crate::store) fn columns(self, schema: &str) -> String {
        match self {
            Self::Sqlite => format!(
                "SELECT t.name, c.name, c.type FROM {schema}.sqlite_schema t,
                   pragma_table_info(t.name, '{schema}') c
                 WHERE t.type = 'table' AND (t.name IN ('auth_users', 'auth_users_details',
                   'auth_users_settings', 'auth_users_shares', 'passwords', 'passcodes',
                   'auth_sessions', 'audit_logins', 'users') OR t.name GLOB 'admin_*')"
            ),
        }
    }

    /// The condition for a text that is exactly that of a parameter, found by an index of the column.
    pub(in crate::store) fn exact(self, column: &str, parameter: usize) -> String {
        match self {
            Self::Sqlite => format!("{column} = ?{parameter}"),
        }
    }

    /// The condition for a text that begins with that of a parameter.
    pub(in crate::store) fn begins_with(
        self,
        column: &str,
        parameter: usize,
        collation: Collation,
    ) -> String {
        let rule = self.collation(collation);
        match self {
            Self::Sqlite => {
                format!("substr({column}, 1, length(?{parameter})) = ?{parameter} COLLATE {rule}")
            }
        }
    }

    /// The condition for a text that begins with `?1`, found by an index of the column: below `?2`,
    /// which is NULL where the range has no end. It is exact for [`Collation::Binary`]; the other one
    /// folds, so the beginning itself is compared as well.
    pub(in crate::store) fn prefix_range(
        self,
        column: &str,
        collation: Collation,
        has_end: bool,
    ) -> String {
        let rule = self.collation(collation);
        let begins = self.begins_with(column, 1, collation);
        match self {
            Self::Sqlite if has_end => format!(
                "{column} >= ?1 COLLATE {rule} AND {column} < ?2 COLLATE {rule} AND {begins}"
            ),
            Self::Sqlite => {
                format!("{column} >= ?1 COLLATE {rule} AND ?2 IS NULL AND {begins}")
            }
        }
    }

    /// The name of a rule.
    pub(in crate::store) const fn collation(self, collation: Collation) -> &'static str {
        match (self, collation) {
            (Self::Sqlite, Collation::Binary) => "BINARY",
            (Self::Sqlite, Collation::NoCase) => "NOCASE",
        }
    }

    /// Equality for which NULL is a value like others.
    pub(in crate::store) const fn same(self) -> &'static str {
        match self {
            Self::Sqlite => "IS",
        }
    }
}
