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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::store) enum Dialect {
    #[default]
    Sqlite,
    MariaDb,
}

/// Equal only where all characters are: blanks at the end count. It stands at the parameter, where
/// the index of the column still finds it, whatever the collation of the column is.
const EXACT: &str = "COLLATE utf8mb4_nopad_bin";

impl Dialect {
    /// `INSERT INTO` that leaves a row as it is where its key exists.
    pub(in crate::store) const fn insert_if_new(self) -> &'static str {
        match self {
            Self::Sqlite => "INSERT OR IGNORE INTO",
            Self::MariaDb => "INSERT IGNORE INTO",
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
            Self::MariaDb => "SELECT lower(table_name), column_name, column_type
                 FROM information_schema.columns
                 WHERE table_schema = DATABASE() AND (table_name IN ('auth_users',
                   'auth_users_details', 'auth_users_settings', 'auth_users_shares', 'passwords',
                   'passcodes', 'auth_sessions', 'audit_logins', 'users')
                   OR left(table_name, 6) = 'admin_')"
                .into(),
        }
    }

    /// The condition for a text that is exactly that of a parameter, found by an index of the column.
    pub(in crate::store) fn exact(self, column: &str, parameter: usize) -> String {
        match self {
            Self::Sqlite => format!("{column} = ?{parameter}"),
            Self::MariaDb => format!("{column} = ?{parameter} {EXACT}"),
        }
    }

    /// A text that is sorted and compared by its bytes, whatever the column's character set and
    /// collation are.
    pub(in crate::store) fn by_bytes(self, text: &str) -> String {
        match self {
            Self::Sqlite => text.to_owned(),
            Self::MariaDb => format!("CONVERT({text} USING utf8mb4) {EXACT}"),
        }
    }

    /// The condition for a text that begins with that of a parameter.
    pub(in crate::store) fn begins_with(
        self,
        column: &str,
        parameter: usize,
        collation: Collation,
    ) -> String {
        match (self, collation) {
            (Self::Sqlite, _) => {
                let rule = Self::rule(collation);
                format!("substr({column}, 1, length(?{parameter})) = ?{parameter} COLLATE {rule}")
            }
            (Self::MariaDb, Collation::Binary) => {
                format!("left({column}, char_length(?{parameter})) = ?{parameter} {EXACT}")
            }
            // The server folds all letters: those beyond ASCII are compared as they are.
            (Self::MariaDb, Collation::NoCase) => {
                let begin = format!("left({column}, char_length(?{parameter}))");
                let [found, wanted] = [begin.clone(), format!("?{parameter}")].map(|text| {
                    format!("regexp_replace({}, '[A-Za-z]', '')", self.by_bytes(&text))
                });
                format!("(lower({begin}) = lower(?{parameter}) {EXACT} AND {found} = {wanted})")
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
        let rule = Self::rule(collation);
        let begins = self.begins_with(column, 1, collation);
        match self {
            Self::Sqlite if has_end => format!(
                "{column} >= ?1 COLLATE {rule} AND {column} < ?2 COLLATE {rule} AND {begins}"
            ),
            Self::Sqlite => {
                format!("{column} >= ?1 COLLATE {rule} AND ?2 IS NULL AND {begins}")
            }
            // An index is in the order of its column's collation, which is not that of the bytes.
            Self::MariaDb => begins,
        }
    }

    /// The name that SQLite has for a rule.
    pub(in crate::store) const fn rule(collation: Collation) -> &'static str {
        match collation {
            Collation::Binary => "BINARY",
            Collation::NoCase => "NOCASE",
        }
    }

    /// Equality for which NULL is a value like others.
    pub(in crate::store) const fn same(self) -> &'static str {
        match self {
            Self::Sqlite => "IS",
            Self::MariaDb => "<=>",
        }
    }
}
