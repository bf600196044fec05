//! The schema of `photoprism-admin.db`.

use rusqlite::Connection;

use crate::store::columns::{Columns, LOGINS_INDEX};
use crate::store::error::StoreError;
use crate::store::schema::{ADMIN, ENDED, LOGINS, LOGINS_INDEXES};

/// The version of the tables below. A later one that only adds tables needs no new number.
pub(super) const VERSION: u32 = 1;

/// What the group that was committed last wrote to `index.db`.
const GROUP: &str = "CREATE TABLE admin_group (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  content BLOB NOT NULL
)";

/// Accounts that the daemon changed last, as it left them; a restored file does not match them.
const ACCOUNTS: &str = "CREATE TABLE admin_accounts (
  kind VARCHAR(32) NOT NULL,
  uid VARCHAR(255) NOT NULL,
  updated_at DATETIME NOT NULL,
  number BIGINT NOT NULL,
  PRIMARY KEY (kind, uid)
)";

/// Every definition, after the name of the first table or index that it creates. What a file of an
/// earlier version lacks is created before the next write: a new table is one more line here.
const TABLES: [(&str, &str); 6] = [
    ("admin_meta", ADMIN),
    ("audit_logins", LOGINS),
    (LOGINS_INDEX, LOGINS_INDEXES),
    ("admin_group", GROUP),
    ("admin_accounts", ACCOUNTS),
    ("admin_ended", ENDED),
];

/// Creates what is missing in that schema, inside the caller's transaction.
pub(super) fn create(conn: &Connection, schema: &str) -> Result<(), StoreError> {
    for (table, definition) in TABLES {
        if !has(conn, schema, table)? {
            conn.execute_batch(&in_schema(definition, schema))?;
        }
    }
    Ok(())
}

/// Whether every table and index existed when the columns were read.
pub(super) fn are_known(columns: &Columns) -> bool {
    TABLES.iter().all(|(name, _)| match *name {
        LOGINS_INDEX => columns.logins_indexed,
        table => columns.has_table(table),
    })
}

/// Whether the file has every table.
pub(super) fn has_all_tables(conn: &Connection) -> Result<bool, StoreError> {
    for (table, _) in TABLES {
        if !has(conn, "admin", table)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn has(conn: &Connection, schema: &str, table: &str) -> Result<bool, StoreError> {
    let statement = format!(
        "SELECT count(*) > 0 FROM {schema}.sqlite_schema WHERE type IN ('table', 'index') AND name = ?1"
    );
    Ok(conn.prepare_cached(&statement)?.query_row([table], |row| row.get(0))?)
}

/// The same definition with each name qualified by the schema.
fn in_schema(definition: &str, schema: &str) -> String {
    let mut text = definition.replace(" IF NOT EXISTS ", " ");
    for what in ["CREATE TABLE ", "CREATE INDEX "] {
        text = text.replace(what, &format!("{what}IF NOT EXISTS {schema}."));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_tables_are_created_in_their_own_schema_only() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("ATTACH ':memory:' AS admin; CREATE TABLE admin_meta (other)").unwrap();
        assert!(!has_all_tables(&conn).unwrap());
        create(&conn, "admin").unwrap();
        assert!(has_all_tables(&conn).unwrap());
        conn.execute_batch("DROP TABLE admin.admin_group; DROP TABLE admin.admin_limits").unwrap();
        assert!(!has_all_tables(&conn).unwrap());
        create(&conn, "admin").unwrap();
        assert!(has_all_tables(&conn).unwrap());
        let main = "SELECT count(*) FROM main.sqlite_schema";
        assert_eq!(conn.query_row(main, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
        let indexes = "SELECT count(*) FROM admin.sqlite_schema WHERE sql GLOB 'CREATE INDEX*'";
        assert_eq!(conn.query_row(indexes, [], |row| row.get::<_, i64>(0)).unwrap(), 7);
    }
}
