//! New rows in tables whose columns differ from one version of PhotoPrism to another.

use rusqlite::ToSql;

use super::db::Tx;
use super::error::StoreError;
use super::kept::check_kept;

/// Inserts a row with those of `values` whose column exists. Columns that are not given get the
/// table's own default.
pub(super) fn insert(
    tx: &Tx<'_>,
    table: &str,
    values: &[(&str, &dyn ToSql)],
) -> Result<(), StoreError> {
    run(tx, "INSERT", table, values)
}

/// The same, unless a row with that key exists; an existing one is not changed. If the table is
/// missing, nothing is inserted.
pub(super) fn insert_if_new(
    tx: &Tx<'_>,
    table: &str,
    values: &[(&str, &dyn ToSql)],
) -> Result<(), StoreError> {
    if tx.columns.has_table(table) { run(tx, "INSERT OR IGNORE", table, values) } else { Ok(()) }
}

fn run(
    tx: &Tx<'_>,
    how: &str,
    table: &str,
    values: &[(&str, &dyn ToSql)],
) -> Result<(), StoreError> {
    check_kept(tx, table, values)?;
    let there = values.iter().filter(|(column, _)| tx.columns.has(table, column));
    let (names, values): (Vec<&str>, Vec<&dyn ToSql>) = there.copied().unzip();
    let places = vec!["?"; values.len()].join(", ");
    let statement = format!("{how} INTO {table} ({}) VALUES ({places})", names.join(", "));
    tx.conn.prepare_cached(&statement)?.execute(&*values)?;
    Ok(())
}
