//! What the database adds to `metrics`.

use std::path::{Path, PathBuf};

use crate::error::CommandError;
use crate::metrics::DatabaseFigures;
use crate::store::{Db, StoreError, audit_head, counts, own_tables_file};
use crate::system::Seen;

/// Figures of the database; `None` while it is missing.
pub(crate) fn database(
    db: Result<&Db, StoreError>,
) -> Result<Option<DatabaseFigures>, CommandError> {
    let db = match db {
        Ok(db) => db,
        Err(StoreError::Missing) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let found = counts(db)?;
    let mut bytes = vec![("main", length(db.path())), ("wal", length(&wal_of(db.path())))];
    if let Some(own) = own_tables_file(db) {
        bytes.extend([("admin", length(&own)), ("admin-wal", length(&wal_of(&own)))]);
    }
    Ok(Some(DatabaseFigures {
        bytes,
        audit_head: audit_head(db)?.number.unsigned_abs(),
        users: (found.users, found.deleted),
        sessions: found.sessions,
        login_records: found.logins,
    }))
}

fn wal_of(path: &Path) -> PathBuf {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    wal.into()
}

fn length(path: &Path) -> u64 {
    Seen::through(path).map_or(0, |seen| seen.length)
}
