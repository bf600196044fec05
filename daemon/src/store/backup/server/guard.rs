//! What the server would do by itself while accounts are replaced.

use crate::store::account_tables::{TABLES, Table};
use crate::store::backup::foreign_key::{Dangling, Key};
use crate::store::db::Db;
use crate::store::engine::Statement;
use crate::store::error::StoreError;

use super::layout::quoted;

/// Switches foreign keys on or off, for this connection.
pub(in crate::store::backup) fn check_foreign_keys(db: &Db, on: bool) -> Result<(), StoreError> {
    let statement = format!("SET SESSION foreign_key_checks = {}", u8::from(on));
    db.conn.prepare_once(&statement)?.change(&[]).map(drop)
}

/// Foreign keys that have to do with accounts, a row for each of their columns.
const KEYS: &str = "SELECT constraint_name, table_name, column_name, referenced_table_name,
       referenced_column_name
     FROM information_schema.key_column_usage
     WHERE table_schema = DATABASE() AND referenced_table_schema = DATABASE()
     ORDER BY table_name, constraint_name, ordinal_position";

/// A foreign key with its pairs of columns.
struct ForeignKey {
    name: String,
    table: String,
    parent: String,
    columns: Vec<(String, String)>,
}

fn foreign_keys(db: &Db) -> Result<Vec<ForeignKey>, StoreError> {
    let rows = db.all(Statement::same(KEYS), &[], |row| {
        let pair = (row.text(2)?, row.text(4)?);
        Ok(ForeignKey {
            name: row.text(0)?,
            table: row.text(1)?,
            parent: row.text(3)?,
            columns: vec![pair],
        })
    })?;
    let mut keys: Vec<ForeignKey> = Vec::new();
    for row in rows {
        match keys.last_mut() {
            Some(key) if key.name == row.name && key.table == row.table => {
                key.columns.extend(row.columns);
            }
            _ => keys.push(row),
        }
    }
    let of_accounts = |name: &str| TABLES.iter().any(|table| table.name.eq_ignore_ascii_case(name));
    keys.retain(|key| of_accounts(&key.table) || of_accounts(&key.parent));
    Ok(keys)
}

/// How many rows of each foreign key refer to none.
pub(in crate::store::backup) fn dangling_on_server(db: &Db) -> Result<Dangling, StoreError> {
    let mut found = Dangling::new();
    for (number, key) in (0..).zip(foreign_keys(db)?) {
        let count = db.number(Statement::same(&key.dangling()), &[])?;
        let ForeignKey { table, parent, .. } = key;
        if count > 0 {
            found.insert((Key { table, parent, number }, None), count);
        }
    }
    Ok(found)
}

impl ForeignKey {
    /// Counts the rows that refer to none.
    fn dangling(&self) -> String {
        let (table, parent) = (quoted(&self.table), quoted(&self.parent));
        let columns = || self.columns.iter();
        let refers = columns().map(|(column, _)| format!("c.{} IS NOT NULL", quoted(column)));
        let same =
            columns().map(|(column, other)| format!("p.{} = c.{}", quoted(other), quoted(column)));
        format!(
            "SELECT count(*) FROM {table} c WHERE {} AND NOT EXISTS
               (SELECT 1 FROM {parent} p WHERE {})",
            refers.collect::<Vec<_>>().join(" AND "),
            same.collect::<Vec<_>>().join(" AND ")
        )
    }
}

const TRIGGERS: Statement<'_> = Statement::same(
    "SELECT trigger_name, event_object_table FROM information_schema.triggers
     WHERE event_object_schema = DATABASE() ORDER BY trigger_name",
);

/// The triggers that ran: nothing switches them off.
pub(in crate::store::backup) fn triggers_on_server(
    db: &Db,
    tables: &[&Table],
) -> Result<Option<String>, StoreError> {
    let found = db.all(TRIGGERS, &[], |row| Ok((row.text(0)?, row.text(1)?)))?;
    let of_accounts = |name: &str| tables.iter().any(|table| table.name.eq_ignore_ascii_case(name));
    let names = found.into_iter().filter_map(|(name, of)| of_accounts(&of).then_some(name));
    let names: Vec<String> = names.collect();
    let told = format!("triggers on these tables ran: {}", names.join(", "));
    Ok((!names.is_empty()).then_some(told))
}
