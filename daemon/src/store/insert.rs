//! New rows in tables whose columns differ from one version of PhotoPrism to another.

use super::db::Tx;
use super::engine::{Statement, Value};
use super::error::StoreError;
use super::kept::check_kept;

/// Inserts a row with those of `values` whose column exists. Columns that are not given get the
/// table's own default.
pub(super) fn insert(
    tx: &Tx<'_>,
    table: &str,
    values: &[(&str, Value<'_>)],
) -> Result<(), StoreError> {
    check_kept(tx, table, values)?;
    let known = tx.columns.of(table);
    let there = values.iter().filter(|(name, _)| known.is_some_and(|known| known.contains(*name)));
    let (names, values): (Vec<&str>, Vec<Value<'_>>) = there.copied().unzip();
    let places: Vec<String> = (1..=values.len()).map(|number| format!("?{number}")).collect();
    let statement =
        format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
    tx.change(Statement::same(&statement), &values).map(drop)
}
