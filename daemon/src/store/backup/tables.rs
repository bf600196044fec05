//! Which tables hold accounts, what of them is theirs, and how a backup declares them.

use rusqlite::{Connection, OptionalExtension};

use crate::store::account_tables::{CLIENTS, PASSWORDS, TABLES, Table};
use crate::store::error::StoreError;
use crate::store::kind::Kind;

/// How a backup of PhotoPrism's database declares its first UID: the reader tells the two kinds
/// apart by the first word, and the second keeps SQLite from changing any value.
const MARK: (&str, &str) = ("user_uid", "VARBINARY BLOB");

/// Names of the number of a row, as long as no column is called so.
const ROW_NUMBERS: [&str; 3] = ["rowid", "_rowid_", "oid"];

/// A column whose values are written, not computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) declared: String,
}

/// A table as a database has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// None where the database lacks the table.
    pub(super) columns: Vec<Column>,
    /// What the number of a row is called, where rows have one that can be named.
    pub(super) number: Option<&'static str>,
}

/// All of them, as a database has them.
#[derive(Clone, Debug)]
pub struct Layout(Vec<Found>);

impl Layout {
    pub(super) fn read(conn: &Connection) -> Result<Self, StoreError> {
        TABLES.iter().map(|table| table.find(conn)).collect::<Result<_, _>>().map(Self)
    }

    /// One of them.
    pub(super) fn of(&self, table: &Table) -> &Found {
        static NONE: Found = Found { columns: Vec::new(), number: None };
        let at = TABLES.iter().position(|one| one == table);
        at.and_then(|at| self.0.get(at)).unwrap_or(&NONE)
    }
}

impl Table {
    /// Looks it up in a database. A view under its name is not the table, and clients that belong
    /// to nobody are no accounts'.
    pub(super) fn find(&self, conn: &Connection) -> Result<Found, StoreError> {
        let columns = self.stored(conn)?;
        let has = |name: &str| columns.iter().any(|(column, _)| column.name == name);
        if *self == CLIENTS && !(has("user_uid") && has("client_uid")) {
            return Ok(Found::default());
        }
        let taken =
            |name: &str| columns.iter().any(|(column, _)| column.name.eq_ignore_ascii_case(name));
        let number = ROW_NUMBERS.into_iter().find(|name| !taken(name));
        let number = number.filter(|_| !columns.is_empty());
        let number = if self.has_numbers(conn)? { number } else { None };
        let written = columns.into_iter().filter(|(_, computed)| !computed);
        Ok(Found { columns: written.map(|(column, _)| column).collect(), number })
    }

    /// Every column, with whether it is computed.
    pub(super) fn stored(&self, conn: &Connection) -> Result<Vec<(Column, bool)>, StoreError> {
        let mut statement = conn.prepare_cached(
            "SELECT c.name, c.type, c.hidden <> 0
             FROM main.sqlite_schema s, pragma_table_xinfo(s.name, 'main') c
             WHERE s.type = 'table' AND s.rootpage > 0 AND s.name = ?1 ORDER BY c.cid",
        )?;
        let columns = statement.query_map([self.name], |row| {
            Ok((Column { name: row.get(0)?, declared: row.get(1)? }, row.get(2)?))
        })?;
        Ok(columns.collect::<Result<_, _>>()?)
    }

    /// Whether its rows have numbers: not in a table WITHOUT ROWID.
    pub(super) fn has_numbers(&self, conn: &Connection) -> Result<bool, StoreError> {
        let mut statement =
            conn.prepare_cached("SELECT wr = 0 FROM pragma_table_list(?1) WHERE schema = 'main'")?;
        Ok(statement.query_row([self.name], |row| row.get(0)).optional()?.unwrap_or(false))
    }

    /// Its columns in a database; none where the database lacks the table.
    pub(super) fn columns(&self, conn: &Connection) -> Result<Vec<Column>, StoreError> {
        Ok(self.find(conn)?.columns)
    }

    /// Which of its rows in that schema belong to accounts, where clients of users count among them
    /// or not.
    pub(super) fn which(&self, schema: &str, clients: bool) -> String {
        match (*self == CLIENTS, *self == PASSWORDS) {
            (true, _) => "user_uid <> ''".into(),
            (_, true) if clients => format!(
                "(uid GLOB 'u*' OR uid IN
                   (SELECT client_uid FROM {schema}.auth_clients WHERE user_uid <> ''))"
            ),
            (_, true) => "uid GLOB 'u*'".into(),
            _ => "1".into(),
        }
    }

    /// What makes it in a backup: names and nothing else, so that values stay what they are.
    pub(super) fn declaration(&self, columns: &[Column]) -> String {
        format!("CREATE TABLE {}", self.declared(columns))
    }

    /// Its name with those columns.
    pub(super) fn declared(&self, columns: &[Column]) -> String {
        let columns = columns.iter().map(|Column { name, declared }| match declared.as_str() {
            "" => quoted(name),
            declared => quoted(name) + " " + declared,
        });
        format!("{} ({})", self.name, columns.collect::<Vec<_>>().join(", "))
    }

    /// The columns as a backup declares them.
    pub(super) fn undeclared(&self, columns: &[Column], kind: &Kind) -> Vec<Column> {
        let marked = *self == TABLES[0] && *kind != Kind::Own;
        let columns = columns.iter().map(|column| {
            let mark = if marked && column.name == MARK.0 { MARK.1 } else { "" };
            Column { name: column.name.clone(), declared: mark.into() }
        });
        columns.collect()
    }
}

/// Whether a database has clients that belong to users.
pub(super) fn has_clients(conn: &Connection) -> Result<bool, StoreError> {
    Ok(!CLIENTS.columns(conn)?.is_empty())
}

/// A name as SQL takes any.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names for a list of columns.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        assert_eq!(list(["a", "b\"c"]), "\"a\", \"b\"\"c\"");
    }

    fn found(statements: &str, table: &Table) -> (Vec<String>, Option<&'static str>) {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(statements).unwrap();
        let found = table.find(&conn).unwrap();
        (found.columns.into_iter().map(|column| column.name).collect(), found.number)
    }

    #[test]
    fn columns_are_those_that_are_written() {
        for (statements, columns, number) in [
            ("", &[][..], None),
            ("CREATE TABLE passwords (uid, hash)", &["uid", "hash"], Some("rowid")),
            ("CREATE TABLE passwords (uid, b AS (1), c AS (2) STORED)", &["uid"], Some("rowid")),
            ("CREATE TABLE passwords (RowID, uid)", &["RowID", "uid"], Some("_rowid_")),
            (
                "CREATE TABLE passwords (rowid AS (1), uid, _rowid_)",
                &["uid", "_rowid_"],
                Some("oid"),
            ),
            ("CREATE TABLE passwords (rowid, oid, _ROWID_)", &["rowid", "oid", "_ROWID_"], None),
            ("CREATE TABLE passwords (uid PRIMARY KEY) WITHOUT ROWID", &["uid"], None),
            ("CREATE VIEW passwords AS SELECT 1 AS uid", &[], None),
        ] {
            let (names, found) = found(statements, &PASSWORDS);
            assert_eq!((names.join(" "), found), (columns.join(" "), number), "{statements}");
        }
        assert_eq!(found("CREATE TABLE auth_clients (client_uid)", &CLIENTS).0, [""; 0]);
    }

    #[test]
    fn a_declaration_reads_back_as_itself() {
        let odd = |name: &str| Column { name: name.into(), declared: "VARBINARY(42)".into() };
        let columns = [odd("user_uid"), odd("check"), odd("a\"b -- "), odd("")];
        let kinds =
            [Kind::Own, Kind::PhotoPrism { version: String::new(), edition: String::new() }];
        for (kind, mark) in kinds.iter().zip(["", " VARBINARY BLOB"]) {
            let statement = TABLES[0].declaration(&TABLES[0].undeclared(&columns, kind));
            let expected = format!(
                "CREATE TABLE auth_users (\"user_uid\"{mark}, \"check\", \"a\"\"b -- \", \"\")"
            );
            assert_eq!(statement, expected);
            let conn = Connection::open_in_memory().unwrap();
            conn.execute_batch(&statement).unwrap();
            assert_eq!(TABLES[0].declaration(&TABLES[0].columns(&conn).unwrap()), statement);
            // No value becomes another.
            conn.execute("INSERT INTO auth_users VALUES ('007', '1e5', x'00', 3.0)", []).unwrap();
            let types = "SELECT typeof(user_uid) || typeof(\"check\") FROM auth_users";
            let types: String = conn.query_row(types, [], |row| row.get(0)).unwrap();
            assert_eq!(types, "texttext");
        }
    }
}
