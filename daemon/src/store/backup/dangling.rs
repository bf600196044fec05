//! Rows that refer to others by a foreign key and do not find them, before accounts are replaced and
//! after.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, params_from_iter};

use super::foreign_key::{Dangling, Key};
use super::server::{dangling_on_server, triggers_on_server};
use crate::store::account_tables::{TABLES, Table};
use crate::store::db::Db;
use crate::store::error::StoreError;

/// Every such row of tables that have to do with accounts.
pub(super) fn dangling(db: &Db) -> Result<Dangling, StoreError> {
    if db.server().is_some() {
        return dangling_on_server(db);
    }
    let conn = db.sqlite()?;
    let places = vec!["?"; TABLES.len()].join(", ");
    let mut names = conn.prepare_cached(&format!(
        "WITH accounts (name) AS (VALUES {})
         SELECT DISTINCT s.name FROM main.sqlite_schema s, pragma_foreign_key_list(s.name, 'main') k
         WHERE s.type = 'table' AND (s.name COLLATE NOCASE IN accounts
           OR k.\"table\" COLLATE NOCASE IN accounts)",
        places.replace('?', "(?)")
    ))?;
    let tables = params_from_iter(TABLES.iter().map(|table| table.name));
    let names: Vec<String> =
        names.query_map(tables, |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut found = Dangling::new();
    for name in names {
        match dangling_of(conn, &name, &mut found) {
            // It refers to what no index makes unique: nothing can be said of it.
            Err(error) if error.to_string().contains("foreign key mismatch") => {}
            end => end?,
        }
    }
    Ok(found)
}

fn dangling_of(conn: &Connection, name: &str, found: &mut Dangling) -> Result<(), rusqlite::Error> {
    let statement = "SELECT \"rowid\", parent, fkid FROM pragma_foreign_key_check(?1, 'main')";
    let mut statement = conn.prepare_cached(statement)?;
    let mut rows = statement.query([name])?;
    while let Some(row) = rows.next()? {
        let key = Key { table: name.into(), parent: row.get(1)?, number: row.get(2)? };
        *found.entry((key, row.get(0)?)).or_default() += 1;
    }
    Ok(())
}

/// Refuses where rows that are nobody's to replace lost what they refer to; rows of the accounts
/// themselves came back as they were, and a warning tells of them.
pub(super) fn compare(
    before: &Dangling,
    after: Dangling,
    tables: &[&Table],
) -> Result<Vec<String>, StoreError> {
    let inside = |key: &Key| tables.iter().any(|table| table.name.eq_ignore_ascii_case(&key.table));
    let mut was: HashMap<Key, u64> = HashMap::new();
    for ((key, _), number) in before.iter().filter(|((key, _), _)| inside(key)) {
        *was.entry(key.clone()).or_default() += number;
    }
    let mut now: BTreeMap<Key, u64> = BTreeMap::new();
    for ((key, row), number) in after {
        let known = if inside(&key) { None } else { before.get(&(key.clone(), row)) };
        *now.entry(key).or_default() += number.saturating_sub(known.copied().unwrap_or(0));
    }
    let mut warnings = Vec::new();
    for (key @ Key { table, parent, .. }, number) in &now {
        let more = number.saturating_sub(was.get(key).copied().unwrap_or(0));
        if more == 0 {
            continue;
        }
        if !inside(key) {
            return Err(StoreError::Constraint(format!(
                "rows of {table} ({more}) would refer to rows of {parent} that are gone; remove or \
                 change them first"
            )));
        }
        warnings.push(format!(
            "rows of {table} ({more}) came back as they were, and refer to rows of {parent} that are \
             not there"
        ));
    }
    Ok(warnings)
}

/// A message about triggers: SQLite's did not run, those of a server did.
pub(super) fn triggers(db: &Db, tables: &[&Table]) -> Result<Option<String>, StoreError> {
    if db.server().is_some() {
        return triggers_on_server(db, tables);
    }
    let mut statement = db.sqlite()?.prepare_cached(
        "SELECT name, tbl_name FROM main.sqlite_schema WHERE type = 'trigger' ORDER BY name",
    )?;
    let mut rows = statement.query([])?;
    let mut names: Vec<String> = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, of): (String, String) = (row.get(0)?, row.get(1)?);
        if tables.iter().any(|table| table.name.eq_ignore_ascii_case(&of)) {
            names.push(name);
        }
    }
    let told = format!("triggers on these tables did not run: {}", names.join(", "));
    Ok((!names.is_empty()).then_some(told))
}
