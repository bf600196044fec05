//! Rows with the columns that a database has, whatever it has beyond those that are given.

use jiff::Timestamp;
use rusqlite::{Connection, Statement};

/// A statement that adds a row: the given columns are its parameters, the others are empty.
pub(super) fn insert<'a>(conn: &'a Connection, table: &str, given: &[&str]) -> Statement<'a> {
    let mut columns: Vec<String> = given.iter().map(|&column| column.to_owned()).collect();
    let mut values: Vec<String> = (1..=given.len()).map(|number| format!("?{number}")).collect();
    let mut known =
        conn.prepare(&format!("SELECT name, type FROM pragma_table_info('{table}')")).expect("it");
    let known = known.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("its columns");
    for column in known {
        let (name, kind): (String, String) = column.expect("a column");
        if name == "id" || given.contains(&name.as_str()) {
            continue;
        }
        columns.push(name);
        values.push(empty(&kind.to_uppercase()).to_owned());
    }
    let (columns, values) = (columns.join(", "), values.join(", "));
    conn.prepare(&format!("INSERT INTO {table} ({columns}) VALUES ({values})")).expect("columns")
}

/// What a column without a value holds: never NULL where it is a text.
fn empty(kind: &str) -> &'static str {
    if kind.contains("CHAR") || kind.contains("BINARY") {
        "''"
    } else if kind.contains("INT") || kind.contains("BOOL") {
        "0"
    } else {
        "NULL"
    }
}

/// Drops the indexes that can be made again at once, and returns the statements that make them.
pub(super) fn drop_indexes(conn: &Connection) -> Vec<String> {
    let mut known = conn
        .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        .expect("the schema");
    let known = known.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("the indexes");
    let known: Vec<(String, String)> = known.collect::<Result<_, _>>().expect("the indexes");
    for (name, _) in &known {
        conn.execute_batch(&format!("DROP INDEX \"{name}\"")).expect("an index");
    }
    known.into_iter().map(|(_, statement)| statement).collect()
}

/// An instant as PhotoPrism's tables hold it.
pub(super) fn stored(unix: i64) -> String {
    let at = Timestamp::from_second(unix).expect("an instant");
    at.strftime("%Y-%m-%d %H:%M:%S+00:00").to_string()
}
