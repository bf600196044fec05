//! The daemon's own tables in PhotoPrism's database: made with the first write, never with a look.

use rusqlite::OptionalExtension;
use tracing::info;

use super::columns::Columns;
use super::db::Db;
use super::error::StoreError;
use super::group::commit;
use super::schema::{ADMIN, LOGINS, SCHEMA_VERSION};

/// Whether the daemon's tables are there: in our own database always.
#[must_use]
pub const fn has_admin_tables(db: &Db) -> bool {
    db.columns.admin
}

/// Whether PhotoPrism's database has all that the daemon needs.
pub(super) const fn complete(db: &Db) -> bool {
    db.columns.admin && db.columns.logins
}

/// Makes what is missing, in a transaction of its own. No table of PhotoPrism is touched.
pub(super) fn make(db: &mut Db) -> Result<(), StoreError> {
    let (trail, logins) = (!db.columns.admin, !db.columns.logins);
    db.begin()?;
    // A sync that fails here is as fatal as that of any other commit.
    let made = tables(db).and_then(|()| commit(db, true));
    if made.is_err() && !db.is_autocommit() {
        db.rollback()?;
    }
    made?;
    db.columns = Columns::look_up(&db.conn)?;
    info!(path = %db.path.display(), audit_logins = logins, admin = trail, "tables of the daemon made");
    if trail {
        info!("a new audit trail begins");
    }
    Ok(())
}

fn tables(db: &Db) -> Result<(), StoreError> {
    if !db.columns.logins {
        db.conn.execute_batch(LOGINS)?;
    }
    db.conn.execute_batch(ADMIN)?;
    db.conn.execute(
        "INSERT OR IGNORE INTO admin_meta (key, value) VALUES ('schema_version', ?1)",
        [SCHEMA_VERSION],
    )?;
    Ok(())
}

/// The schema of the daemon's tables, where they are there.
pub(super) fn schema(db: &Db) -> Result<Option<u32>, StoreError> {
    if !db.columns.has_table("admin_meta") {
        return Ok(None);
    }
    let sentence = "SELECT CAST(value AS INTEGER) FROM admin_meta WHERE key = 'schema_version'";
    Ok(db.conn.query_row(sentence, [], |row| row.get(0)).optional()?)
}
