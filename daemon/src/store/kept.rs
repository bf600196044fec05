//! The one place that checks that a column can store a text unchanged.

use photoprism_protocol::numeric_text::survives_numeric_affinity;
use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

use super::db::Db;
use super::error::StoreError;

/// Checks values before they are written, whichever command brought them: whether each column
/// returns a text as it was stored. PhotoPrism declares texts as VARBINARY, which SQLite stores as a
/// number where they look like one: `007` as 7, a subject of 21 digits rounded, `1e5000` as
/// infinity. A missing column is not written.
pub(super) fn check_kept(
    db: &Db,
    table: &str,
    values: &[(&str, &dyn ToSql)],
) -> Result<(), StoreError> {
    let Some(numeric) = db.columns.numeric_of(table) else { return Ok(()) };
    for (column, value) in values.iter().filter(|(name, _)| numeric.contains(*name)) {
        let value = value.to_sql()?;
        let text = match &value {
            ToSqlOutput::Borrowed(ValueRef::Text(bytes)) => String::from_utf8_lossy(bytes),
            ToSqlOutput::Owned(Value::Text(text)) => text.into(),
            _ => continue,
        };
        if !survives_numeric_affinity(&text) {
            return Err(StoreError::NotKept { column: (*column).into() });
        }
    }
    Ok(())
}
