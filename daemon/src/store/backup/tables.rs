//! Which tables hold accounts, and what of them is theirs.

use std::fmt::Write;

use rusqlite::Connection;

use crate::store::error::StoreError;

/// A table with rows of accounts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The rows that belong to accounts: `passwords` holds those of clients as well.
    pub(super) which: &'static str,
    /// The column that tells whose a row is.
    pub(super) owner: &'static str,
}

const fn table(name: &'static str, owner: &'static str) -> Table {
    Table { name, which: "1", owner }
}

/// All of them, accounts first and sessions last.
pub(super) const TABLES: [Table; 7] = [
    table("auth_users", "user_uid"),
    table("auth_users_details", "user_uid"),
    table("auth_users_settings", "user_uid"),
    table("auth_users_shares", "user_uid"),
    Table { name: "passwords", which: "uid GLOB 'u*'", owner: "uid" },
    table("passcodes", "uid"),
    SESSIONS,
];

/// What is restored only where it is asked for.
pub(super) const SESSIONS: Table = table("auth_sessions", "user_uid");

/// A column as the database declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) declared: String,
    /// It is another name of the row's number.
    pub(super) is_rowid: bool,
}

impl Table {
    /// Its columns in a database; none where the database lacks the table.
    pub(super) fn columns(&self, conn: &Connection) -> Result<Vec<Column>, StoreError> {
        let mut sentence =
            conn.prepare_cached("SELECT name, type, pk FROM pragma_table_info(?1)")?;
        let columns = sentence.query_map([self.name], |row| {
            let declared: String = row.get(1)?;
            let in_key = row.get::<_, i64>(2)? > 0;
            let is_rowid = in_key && declared.eq_ignore_ascii_case("INTEGER");
            Ok(Column { name: row.get(0)?, declared, is_rowid })
        })?;
        Ok(columns.collect::<Result<_, _>>()?)
    }
}

/// A name as SQL takes any.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names for a list of columns.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}

/// `INSERT … INTO table (names) VALUES (?, …)`.
pub(super) fn insertion(how: &str, table: &str, names: &[&str]) -> String {
    let mut sentence = format!("{how} INTO {table} ({}) VALUES (", list(names.iter().copied()));
    for at in 0..names.len() {
        // Writing to a String cannot fail.
        let _ = write!(sentence, "{}?", if at == 0 { "" } else { ", " });
    }
    sentence + ")"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        assert_eq!(list(["a", "b\"c"]), "\"a\", \"b\"\"c\"");
        assert_eq!(
            insertion("INSERT OR REPLACE", "t", &["a", "b"]),
            "INSERT OR REPLACE INTO t (\"a\", \"b\") VALUES (?, ?)"
        );
    }

    #[test]
    fn the_columns_are_those_of_the_database() {
        let conn = Connection::open_in_memory().unwrap();
        let users = &TABLES[0];
        assert_eq!(users.columns(&conn).unwrap(), []);
        conn.execute_batch(
            "CREATE TABLE auth_users (id integer PRIMARY KEY, user_uid VARBINARY(42));
             CREATE TABLE passwords (uid VARCHAR(255) PRIMARY KEY, hash VARCHAR(255))",
        )
        .unwrap();
        let columns = users.columns(&conn).unwrap();
        assert!(columns[0].is_rowid && !columns[1].is_rowid);
        assert_eq!(
            (columns[1].name.as_str(), columns[1].declared.as_str()),
            ("user_uid", "VARBINARY(42)")
        );
        assert!(TABLES[4].columns(&conn).unwrap().iter().all(|column| !column.is_rowid));
    }
}
