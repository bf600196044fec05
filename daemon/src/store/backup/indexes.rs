//! Indexes of tables that are filled anew: built at the end, from sorted keys, they take a fraction of
//! the time that adding each key in the order of the rows takes.

use rusqlite::Connection;

use super::tables::quoted;
use crate::store::account_tables::Table;
use crate::store::error::StoreError;

/// What makes the indexes again that [`Indexes::drop_those_of`] dropped.
#[derive(Debug)]
pub(super) struct Indexes(Vec<String>);

impl Indexes {
    /// Drops the indexes of tables that are empty; those that belong to a key stay.
    pub(super) fn drop_those_of(conn: &Connection, tables: &[&Table]) -> Result<Self, StoreError> {
        let mut dropped = Vec::new();
        for Table { name, .. } in tables {
            if conn.query_row(&format!("SELECT EXISTS (SELECT 1 FROM main.{name})"), [], |row| {
                row.get(0)
            })? {
                continue;
            }
            let mut indexes = conn.prepare_cached(
                "SELECT name, sql FROM main.sqlite_schema
                 WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL ORDER BY rowid",
            )?;
            let indexes = indexes.query_map([name], |row| Ok((row.get(0)?, row.get(1)?)))?;
            for (index, statement) in indexes.collect::<Result<Vec<(String, String)>, _>>()? {
                conn.execute_batch(&format!("DROP INDEX main.{}", quoted(&index)))?;
                dropped.push(statement);
            }
        }
        Ok(Self(dropped))
    }

    /// Makes them again.
    pub(super) fn create_again(self, conn: &Connection) -> Result<(), StoreError> {
        self.0.iter().try_for_each(|statement| Ok(conn.execute_batch(statement)?))
    }
}
