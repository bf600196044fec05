//! Copies of the fixture, and their rows as another program reads them.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::Value as Json;

use crate::common::database::Database;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// A database that a real PhotoPrism of December 2024 created; test data.
pub(crate) fn fixture() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db"))
}

/// A daemon on a copy of it.
pub(crate) fn home() -> TestDaemon {
    let mut home = TestDaemon::new().with_database(fixture());
    home.start();
    home
}

/// The same on a copy that was altered first.
pub(crate) fn altered(statements: &str) -> TestDaemon {
    let mut home = TestDaemon::new().with_database(fixture());
    home.open_database().execute_batch(statements).unwrap();
    home.start();
    home
}

/// A connection as PhotoPrism has one, while the daemon runs.
pub(crate) fn photoprism(home: &TestDaemon) -> Database {
    let conn = home.outside();
    if !conn.is_mariadb() {
        conn.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    }
    conn
}

/// The daemon's own tables as they were committed, in a copy: its process has the file locked. In
/// MariaDB they are where PhotoPrism's are.
pub(crate) fn own_tables(home: &TestDaemon) -> (tempfile::TempDir, Database) {
    let (copy, conn) = (tempfile::tempdir().unwrap(), home.outside());
    if conn.is_mariadb() {
        return (copy, conn);
    }
    for name in ["photoprism-admin.db", "photoprism-admin.db-wal"] {
        std::fs::copy(home.data().join(name), copy.path().join(name)).unwrap();
    }
    let conn = Connection::open(copy.path().join("photoprism-admin.db")).unwrap();
    (copy, Database::Sqlite(conn))
}

/// One row by the names of its columns.
pub(crate) type Row = BTreeMap<String, Value>;

/// The one row of a table that meets a condition.
pub(crate) fn row(conn: &Database, table: &str, which: &str) -> Row {
    let found = conn.rows(&format!("SELECT * FROM {table} WHERE {which}"), []);
    let row = found.into_iter().next().unwrap_or_else(|| panic!("{table} {which}"));
    row.names.into_iter().zip(row.values).collect()
}

/// A number that a statement gives.
pub(crate) fn number(conn: &Database, statement: &str) -> i64 {
    conn.query_row(statement, [], |row| row.get(0)).unwrap()
}

/// The columns whose values differ.
pub(crate) fn differing(before: &Row, after: &Row) -> Vec<String> {
    let differs =
        |(name, value): (&String, &Value)| (after.get(name) != Some(value)).then(|| name.clone());
    before.iter().filter_map(differs).collect()
}

/// What the daemon may change.
fn is_own_table(table: &str) -> bool {
    crate::rows::TABLES.contains(&table) || table == "sqlite_sequence"
}

/// Every row of every other table, and the statement that created each thing in the file.
pub(crate) fn untouchable(conn: &Database) -> Vec<String> {
    if conn.is_mariadb() {
        return untouchable_on_server(conn);
    }
    let schema = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name";
    let mut all = dump(conn, schema);
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    for table in texts(conn, names).iter().filter(|table| !is_own_table(table)) {
        all.push(format!("== {table}"));
        all.extend(dump(conn, &format!("SELECT rowid, * FROM \"{table}\" ORDER BY rowid")));
    }
    all
}

/// The same there. How far a table has numbered its rows is not a part of it.
fn untouchable_on_server(conn: &Database) -> Vec<String> {
    let names = "SELECT table_name FROM information_schema.tables
         WHERE table_schema = database() ORDER BY table_name";
    let is_daemon_s = |table: &&String| table.starts_with("admin_") || *table == "audit_logins";
    let mut all = Vec::new();
    for table in texts(conn, names).iter().filter(|table| !is_daemon_s(table)) {
        let definition = dump(conn, &format!("SHOW CREATE TABLE {table}")).concat();
        let mut words: Vec<&str> = definition.split(' ').collect();
        words.retain(|word| !word.starts_with("AUTO_INCREMENT="));
        all.push(words.join(" "));
        if !is_own_table(table) {
            all.extend(dump(conn, &format!("SELECT * FROM {table} ORDER BY 1, 2")));
        }
    }
    all
}

/// The rows of a statement, each value with its storage class.
pub(crate) fn dump(conn: &Database, statement: &str) -> Vec<String> {
    conn.rows(statement, []).iter().map(|row| format!("{:?}", row.values)).collect()
}

/// The texts in the first column of a statement.
pub(crate) fn texts(conn: &Database, statement: &str) -> Vec<String> {
    conn.rows(statement, []).iter().map(|row| row.get(0).unwrap()).collect()
}

/// The whole file is sound.
pub(crate) fn assert_sound(conn: &Database) {
    if conn.is_mariadb() {
        return;
    }
    let found: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(found, "ok");
}

/// The warnings of a reply.
pub(crate) fn warnings(reply: &Json) -> Vec<String> {
    let some = reply["warnings"].as_array().cloned().unwrap_or_default();
    some.iter().map(|warning| warning.as_str().unwrap().to_owned()).collect()
}

/// The UID of an account.
pub(crate) fn uid(home: &mut TestDaemon, user: &str) -> String {
    let found = home.ok("users.show", serde_json::json!({"user": user}));
    found["user"]["uid"].as_str().unwrap().to_owned()
}

/// PhotoPrism does something else for that long.
#[expect(clippy::disallowed_methods, reason = "another program is busy, not waited for")]
pub(crate) fn busy_elsewhere(time: std::time::Duration) {
    std::thread::sleep(time);
}
