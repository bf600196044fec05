//! The rows of sessions and accounts as PhotoPrism reads and writes them.

use std::collections::BTreeMap;

use photoprism_daemon::clock::Clock;
use rusqlite::types::Value;
use sha2::{Digest, Sha256};

use crate::common::database::Database;

/// One row by the names of its columns.
pub(super) type Row = BTreeMap<String, Value>;

/// The id under which a secret is stored.
pub(crate) fn id_of(secret: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(secret.as_bytes()))
}

/// The text of a column; empty where it is NULL.
pub(super) fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    match &row[column] {
        Value::Text(text) => text,
        _ => "",
    }
}

pub(super) fn number(row: &Row, column: &str) -> i64 {
    match row[column] {
        Value::Integer(number) => number,
        _ => 0,
    }
}

/// The one row of a table whose column has that value.
pub(super) fn find(conn: &Database, table: &str, column: &str, value: &str) -> Option<Row> {
    let statement = format!("SELECT * FROM {table} WHERE {column} = ?1");
    let row = conn.rows(&statement, [value]).into_iter().next()?;
    Some(row.names.into_iter().zip(row.values).collect())
}

/// Sessions that were created from that one.
pub(super) fn children(conn: &Database, id: &str) -> Vec<String> {
    let statement = "SELECT id FROM auth_sessions WHERE auth_id = ?1 AND auth_method = 'session'";
    conn.rows(statement, [id]).iter().map(|row| row.get(0).unwrap()).collect()
}

pub(super) fn delete(conn: &Database, id: &str) {
    conn.execute("DELETE FROM auth_sessions WHERE id = ?1", [id]).unwrap();
}

pub(super) fn touch(conn: &Database, id: &str, at: i64) {
    conn.execute("UPDATE auth_sessions SET last_active = ?1 WHERE id = ?2", (at, id)).unwrap();
}

/// UPDATE of every column by id and, where no row changed, INSERT.
pub(super) fn write(conn: &Database, row: &Row) {
    let set: Vec<String> = row.keys().map(|name| format!("{name} = ?")).collect();
    let update = format!("UPDATE auth_sessions SET {} WHERE id = ?", set.join(", "));
    let values: Vec<Value> = row.values().chain([&row["id"]]).cloned().collect();
    if conn.execute(&update, values).unwrap() > 0 {
        return;
    }
    let names: Vec<&str> = row.keys().map(String::as_str).collect();
    let places = vec!["?"; names.len()].join(", ");
    // Of two requests at once the second gets an error, which PhotoPrism logs. A server also counts
    // a row that is as it was as one that did not change.
    let ignore = if conn.is_mariadb() { "IGNORE " } else { "" };
    let insert =
        format!("INSERT {ignore}INTO auth_sessions ({}) VALUES ({places})", names.join(", "));
    conn.execute(&insert, row.values().cloned().collect::<Vec<_>>()).unwrap();
}

/// The instant in the form in which PhotoPrism stores it.
pub(super) fn stored_now(conn: &Database) -> Value {
    let now = Clock::System.now().to_string();
    let seconds = now[..19].replace('T', " ");
    let end = if conn.is_mariadb() { "" } else { "+00:00" };
    Value::Text(seconds + end)
}
