//! New rows in tables whose columns differ from one version of PhotoPrism to another.

use rusqlite::ToSql;

use super::db::Tx;
use super::error::StoreError;
use super::kept::check_kept;

/// Inserts a row: of `values` those whose column is there. Columns that nobody names get the
/// table's own default.
pub(super) fn insert(
    tx: &Tx<'_>,
    table: &str,
    values: &[(&str, &dyn ToSql)],
) -> Result<(), StoreError> {
    run(tx, "INSERT", table, values)
}

/// The same, where there is no row with that key; an existing one stays as it is. A table that is
/// missing gets none.
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
