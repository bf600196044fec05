//! Looks PhotoPrism's tables up again.

use tracing::warn;

use crate::store::attached;
use crate::store::columns::{Columns, schema_version};
use crate::store::db::Db;
use crate::store::error::StoreError;
use crate::store::kind::photoprism_kind;

/// Reads the columns again if the schema changed; false if the account tables lack what nothing
/// works without.
pub(super) fn renew_columns(db: &mut Db) -> Result<bool, StoreError> {
    let renewed = match schema_version(&db.conn) {
        Ok(version) if version == db.columns.schema_version => return Ok(true),
        Ok(_) => reread_columns(db),
        Err(error) => Err(error),
    };
    match renewed {
        Err(error @ StoreError::Locked(_)) => return Err(error),
        Err(error) => warn!(%error, "the tables could not be looked up again"),
        Ok(()) => {}
    }
    Ok(db.columns.missing().is_none())
}

/// Reads everything, or nothing where PhotoPrism's lock prevents it: the next request tries again.
fn reread_columns(db: &mut Db) -> Result<(), StoreError> {
    let (columns, kind) = (Columns::read(&db.conn)?, photoprism_kind(&db.conn)?);
    let before = std::mem::replace(&mut db.columns, columns);
    db.mark.set_ready(false);
    // A restore drops tables and creates them again.
    let compared = if db.server.is_some() { Ok(()) } else { attached::compare_accounts(db) };
    match compared {
        Err(StoreError::Locked(_)) => db.columns = before,
        _ => db.kind = kind,
    }
    compared
}
