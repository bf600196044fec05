//! The rows and the declarations of the account tables, read and changed by another program.

use std::path::Path;

use serde_json::Value;

use crate::common::database::Database;
use crate::setup::{assert_sound, dump, number};

pub(crate) const TABLES: [&str; 8] = [
    "auth_users",
    "auth_users_details",
    "auth_users_settings",
    "auth_users_shares",
    "auth_clients",
    "passwords",
    "passcodes",
    "auth_sessions",
];

pub(crate) fn run(conn: &Database, statements: &str) {
    conn.execute_batch(statements).unwrap_or_else(|error| panic!("{statements}: {error}"));
}

pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(crate) fn plain(name: &str, declared: &str) -> String {
    format!("{} {declared}", quoted(name))
}

/// Declares one thing more at the end of a table.
pub(crate) fn tail(conn: &Database, table: &str, more: &str) {
    run(conn, "PRAGMA writable_schema = 1");
    let statement =
        "UPDATE sqlite_schema SET sql = substr(sql, 1, length(rtrim(sql)) - 1) || ', ' || ?2 || ')'
         WHERE type = 'table' AND name = ?1";
    assert_eq!(conn.execute(statement, [table, more]).unwrap(), 1);
    // Others see a change of the schema by its cookie, which this left as it was.
    run(conn, "PRAGMA writable_schema = RESET; CREATE TABLE more (x); DROP TABLE more");
    assert_sound(conn);
}

/// Creates a table again with the same rows in the same order.
pub(crate) fn rebuild(
    conn: &Database,
    table: &str,
    declare: impl Fn(&str, &str) -> String,
    end: &str,
) {
    let mut columns =
        conn.prepare(&format!("SELECT name, type FROM pragma_table_info('{table}')")).unwrap();
    let columns: Vec<(String, String)> = columns
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let declared: Vec<String> =
        columns.iter().map(|(name, declared)| declare(name, declared)).collect();
    let names: Vec<String> = columns.iter().map(|(name, _)| quoted(name)).collect();
    let names = names.join(", ");
    run(
        conn,
        &format!(
            "PRAGMA foreign_keys = 0; CREATE TABLE fresh ({}{end};
             INSERT INTO fresh ({names}) SELECT {names} FROM {table};
             DROP TABLE {table}; ALTER TABLE fresh RENAME TO {table}",
            declared.join(", ")
        ),
    );
    if table == "auth_users" {
        run(conn, "CREATE UNIQUE INDEX uix_auth_users_user_uid ON auth_users (user_uid)");
    }
}

/// Every value of the account tables with its storage class, the rows of each in some order.
pub(crate) fn rows(conn: &Database) -> Vec<String> {
    let mut all = Vec::new();
    if conn.is_mariadb() {
        for table in TABLES {
            all.extend(dump(conn, &format!("SELECT '{table}', {table}.* FROM {table}")));
        }
        all.sort();
        return all;
    }
    for table in TABLES {
        let is_table = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ";
        if number(conn, &format!("{is_table}'{table}'")) == 0 {
            continue;
        }
        let mut statement = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let width = statement.column_count();
        let found = statement.query_map([], |row| {
            let values: Result<Vec<_>, _> = (0..width).map(|at| row.get_ref(at)).collect();
            Ok(format!("{table} {:?}", values?))
        });
        let mut found: Vec<String> = found.unwrap().map(Result::unwrap).collect();
        found.sort();
        all.append(&mut found);
    }
    all
}

/// The name of the file that a result names.
pub(crate) fn file(result: &Value) -> String {
    let path = Path::new(result["backup"].as_str().unwrap());
    path.file_name().unwrap().to_str().unwrap().to_owned()
}
