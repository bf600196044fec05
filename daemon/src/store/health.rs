//! What the database reports about itself.

use std::path::PathBuf;

use super::attached::own_tables_file;
use super::db::Db;
use super::engine::Statement;
use super::error::StoreError;
use super::rows::text;

/// The journal mode that is in use: `wal`, `delete`, ….
pub fn journal_mode(db: &Db) -> Result<String, StoreError> {
    Ok(db.sqlite()?.pragma_query_value(None, "journal_mode", |row| text(row, 0))?)
}

/// What a check of every page of a file came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageCheck {
    /// The file.
    pub path: PathBuf,
    /// The first fault, in SQLite's words.
    pub fault: Option<String>,
}

/// Checks the pages of the file that holds the daemon's own tables: its own database, or
/// `photoprism-admin.db`, where there is one. It reads the whole file, so it is for a connection of
/// its own.
///
/// # Errors
/// Those of reading, but for damage.
pub fn check_pages(db: &Db) -> Result<Option<PageCheck>, StoreError> {
    if db.server.is_some() {
        return Ok(None);
    }
    let path = match own_tables_file(db) {
        Some(_) if !db.columns.attached => return Ok(None),
        Some(path) => path,
        None => db.path().to_owned(),
    };
    // A longer answer begins with the name of the schema, on a line of its own.
    let last = |text: String| text.lines().next_back().unwrap_or_default().to_owned();
    let check = Statement::sqlite("PRAGMA own.quick_check(1)").own();
    let fault = match db.one(check, &[], |row| row.text(0)) {
        Ok(found) => found.map(last).filter(|found| found != "ok"),
        Err(StoreError::Damaged(what)) => Some(what),
        Err(error) => return Err(error),
    };
    Ok(Some(PageCheck { path, fault }))
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
