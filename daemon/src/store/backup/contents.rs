//! What the rows of a backup must be, so that a restore takes them and the daemon can serve the
//! accounts: a file that passes here is not refused by a constraint later.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};

use super::fault::BackupFault;
use super::tables::{list, quoted};
use crate::store::account_tables::{TABLES, Table};
use crate::store::schema::STEPS;

/// The accounts that a first start makes and nobody changes.
const SYSTEM_ROWS: [(i64, &str); 2] = [(-1, "u000000000000001"), (-2, "u000000000000002")];

/// Where the rows come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// From a file, which anybody may have changed.
    Anybodys,
    /// Just now from the daemon's own tables, whose constraints they keep.
    Own,
    /// Just now from PhotoPrism's.
    PhotoPrisms,
}

/// Checks the rows of a backup whose tables were checked. What PhotoPrism's database may hold is
/// PhotoPrism's business, but for keys that no version of it lets be double.
pub(super) fn check(conn: &Connection, rows: Rows, of_photoprism: bool) -> Result<(), BackupFault> {
    if rows != Rows::Own {
        numbers(conn)?;
        unique(conn, &TABLES[0], &["user_uid".into()])?;
    }
    if of_photoprism {
        return Ok(());
    }
    if rows == Rows::Anybodys {
        constraints(conn)?;
    }
    names(conn)?;
    system_rows(conn)
}

/// What the tables declare that they are restored to.
fn constraints(conn: &Connection) -> Result<(), BackupFault> {
    let own = Connection::open_in_memory()?;
    STEPS.iter().try_for_each(|step| own.execute_batch(step))?;
    for table in &TABLES {
        let there = table.columns(conn)?;
        let has = |name: &String| there.iter().any(|column| column.name == *name);
        let mut keys = keys(&own, table)?;
        keys.retain(|key| key.iter().all(has));
        let needed: Vec<String> = needed_columns(&own, table)?.into_iter().filter(has).collect();
        each_row(conn, table, &needed, &keys.concat())?;
        for key in &keys {
            unique(conn, table, key)?;
        }
    }
    Ok(())
}

/// The number of an account is the number of its row, and the last one leaves no next.
fn numbers(conn: &Connection) -> Result<(), BackupFault> {
    let wrong = "SELECT id FROM auth_users
         WHERE typeof(id) <> 'integer' OR id = 9223372036854775807 LIMIT 1";
    refuse(conn, wrong, |id| format!("it has an account with the id {id}, which none can have"))?;
    unique(conn, &TABLES[0], &["id".into()])
}

fn names(conn: &Connection) -> Result<(), BackupFault> {
    let wrong = "SELECT user_name FROM auth_users WHERE user_name <> ''
         GROUP BY CAST(user_name AS TEXT) HAVING count(*) > 1 LIMIT 1";
    refuse(conn, wrong, |name| format!("it has two accounts of the name {name}"))
}

fn system_rows(conn: &Connection) -> Result<(), BackupFault> {
    for (id, uid) in SYSTEM_ROWS {
        let there = "SELECT EXISTS (SELECT 1 FROM auth_users WHERE id = ?1 AND user_uid = ?2)";
        if !conn.query_row(there, (id, uid), |row| row.get(0))? {
            return Err(BackupFault::NotOne(format!("it lacks the system account {uid}")));
        }
    }
    Ok(())
}

/// No column is NULL that may not be, and keys are texts: what is a text in one row and a number in
/// another could become one. All in one pass over the rows.
fn each_row(
    conn: &Connection,
    table: &Table,
    needed: &[String],
    keys: &[String],
) -> Result<(), BackupFault> {
    let null = needed.iter().map(|name| format!("WHEN {} IS NULL THEN '{name}'", quoted(name)));
    let number = keys
        .iter()
        .map(|name| format!("WHEN typeof({}) NOT IN ('text', 'null') THEN '{name}'", quoted(name)));
    let cases: Vec<String> = null.chain(number).collect();
    if cases.is_empty() {
        return Ok(());
    }
    let wrong = format!("CASE {} END", cases.join(" "));
    let statement = format!("SELECT {wrong} FROM {} WHERE {wrong} IS NOT NULL LIMIT 1", table.name);
    let what = |column: &str| format!("a row of {} has no text as its {column}", table.name);
    refuse(conn, &statement, what)
}

fn unique(conn: &Connection, table: &Table, key: &[String]) -> Result<(), BackupFault> {
    let all = list(key.iter().map(String::as_str));
    let double = format!(
        "SELECT {all} FROM {0} WHERE {1} IS NOT NULL GROUP BY {all} HAVING count(*) > 1 LIMIT 1",
        table.name,
        quoted(&key[0])
    );
    let columns = key.join(" and ");
    refuse(conn, &double, |value| format!("two rows of {} have the {columns} {value}", table.name))
}

fn refuse(
    conn: &Connection,
    wrong: &str,
    what: impl FnOnce(&str) -> String,
) -> Result<(), BackupFault> {
    match conn.query_row(wrong, [], shown).optional()? {
        None => Ok(()),
        Some(value) => Err(BackupFault::NotOne(what(&value))),
    }
}

/// Characters of a value in a message.
const SHOWN: usize = 64;

/// The first column, for a message.
fn shown(row: &Row<'_>) -> Result<String, rusqlite::Error> {
    Ok(match row.get_ref(0)? {
        ValueRef::Null => "NULL".into(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) | ValueRef::Blob(text) => {
            String::from_utf8_lossy(text).chars().take(SHOWN).collect()
        }
    })
}

/// Columns that are never NULL in the daemon's own tables.
fn needed_columns(own: &Connection, table: &Table) -> Result<Vec<String>, rusqlite::Error> {
    let statement = "SELECT name FROM pragma_table_info(?1) WHERE \"notnull\" AND NOT pk";
    let mut statement = own.prepare(statement)?;
    let names = statement.query_map([table.name], |row| row.get(0))?;
    names.collect()
}

/// What no two rows share in the daemon's own tables.
fn keys(own: &Connection, table: &Table) -> Result<Vec<Vec<String>>, rusqlite::Error> {
    let statement = "SELECT name FROM pragma_index_list(?1) WHERE \"unique\"";
    let mut indexes = own.prepare(statement)?;
    let indexes = indexes.query_map([table.name], |row| row.get::<_, String>(0))?;
    let mut columns = own.prepare("SELECT name FROM pragma_index_info(?1) ORDER BY seqno")?;
    let mut keys = Vec::new();
    for index in indexes {
        let names = columns.query_map([index?], |row| row.get(0))?;
        keys.push(names.collect::<Result<Vec<String>, _>>()?);
    }
    Ok(keys)
}
