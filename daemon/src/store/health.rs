//! What the database reports about itself.

use super::db::Db;
use super::error::StoreError;
use super::rows::text;

/// The journal mode that is in use: `wal`, `delete`, ….
pub fn journal_mode(db: &Db) -> Result<String, StoreError> {
    Ok(db.conn.pragma_query_value(None, "journal_mode", |row| text(row, 0))?)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{own, photoprism};
    use super::*;

    #[test]
    fn the_daemon_s_own_is_wal_and_photoprism_s_keeps_its_mode() {
        let (_directory, db) = own();
        assert_eq!(journal_mode(&db).unwrap(), "wal");
        let (_directory, db) = photoprism();
        assert_eq!(journal_mode(&db).unwrap(), "delete");
    }
}
