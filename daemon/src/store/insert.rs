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
    check_kept(tx, table, values)?;
    let known = tx.columns.of(table);
    let there = values.iter().filter(|(name, _)| known.is_some_and(|known| known.contains(*name)));
    let (names, values): (Vec<&str>, Vec<&dyn ToSql>) = there.copied().unzip();
    let places = vec!["?"; values.len()].join(", ");
    let statement = format!("INSERT INTO {table} ({}) VALUES ({places})", names.join(", "));
    tx.conn.prepare_cached(&statement)?.execute(&*values)?;
    Ok(())
}
