//! The one place that checks that a column can store a text unchanged.

use photoprism_protocol::numeric_text::survives_numeric_affinity;

use super::db::Db;
use super::engine::Value;
use super::error::StoreError;

/// Checks values before they are written, whichever command brought them: whether each column
/// returns a text as it was stored. PhotoPrism declares texts as VARBINARY, which SQLite stores as a
/// number where they look like one: `007` as 7, a subject of 21 digits rounded, `1e5000` as
/// infinity. A missing column is not written.
pub(super) fn check_kept(
    db: &Db,
    table: &str,
    values: &[(&str, Value<'_>)],
) -> Result<(), StoreError> {
    let Some(numeric) = db.columns.numeric_of(table) else { return Ok(()) };
    for (column, value) in values.iter().filter(|(name, _)| numeric.contains(*name)) {
        // A stored time never looks like a number.
        if let Value::Text(text) = value
            && !survives_numeric_affinity(text)
        {
            return Err(StoreError::NotKept { column: (*column).into() });
        }
    }
    Ok(())
}
