//! Copies of the fixture, and their rows as another program reads them.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::Value as Json;

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
pub(crate) fn photoprism(home: &TestDaemon) -> Connection {
    let conn = Connection::open(home.database()).unwrap();
    conn.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    conn
}

/// The daemon's own tables as they were committed, in a copy: its process has the file locked.
pub(crate) fn own_tables(home: &TestDaemon) -> (tempfile::TempDir, Connection) {
    let copy = tempfile::tempdir().unwrap();
    for name in ["photoprism-admin.db", "photoprism-admin.db-wal"] {
        std::fs::copy(home.data().join(name), copy.path().join(name)).unwrap();
    }
    let conn = Connection::open(copy.path().join("photoprism-admin.db")).unwrap();
    (copy, conn)
}

/// One row by the names of its columns.
pub(crate) type Row = BTreeMap<String, Value>;

/// The one row of a table that meets a condition.
pub(crate) fn row(conn: &Connection, table: &str, which: &str) -> Row {
    let mut statement = conn.prepare(&format!("SELECT * FROM {table} WHERE {which}")).unwrap();
    let names: Vec<String> = statement.column_names().map(Into::into).collect();
    let values = |row: &rusqlite::Row<'_>| {
        names.iter().enumerate().map(|(at, name)| Ok((name.clone(), row.get(at)?))).collect()
    };
    statement.query_row([], values).unwrap_or_else(|error| panic!("{table} {which}: {error}"))
}

/// A number that a statement gives.
pub(crate) fn number(conn: &Connection, statement: &str) -> i64 {
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
pub(crate) fn untouchable(conn: &Connection) -> Vec<String> {
    let schema = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name";
    let mut all = dump(conn, schema);
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut names = conn.prepare(names).unwrap();
    let names: Vec<String> =
        names.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    for table in names.iter().filter(|table| !is_own_table(table)) {
        all.push(format!("== {table}"));
        all.extend(dump(conn, &format!("SELECT rowid, * FROM \"{table}\" ORDER BY rowid")));
    }
    all
}

/// The rows of a statement, each value with its storage class.
pub(crate) fn dump(conn: &Connection, statement: &str) -> Vec<String> {
    let mut statement = conn.prepare(statement).unwrap();
    let width = statement.column_count();
    let rows = statement.query_map([], |row| {
        let values: Result<Vec<Value>, _> = (0..width).map(|at| row.get(at)).collect();
        values.map(|values| format!("{values:?}"))
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

/// The whole file is sound.
pub(crate) fn assert_sound(conn: &Connection) {
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
