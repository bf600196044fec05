//! `--check`, `--help` and `--version`: printed on standard output, nothing touched.

use std::io::Write;
use std::path::Path;

use super::database_lock::{gone, remembered};
use super::error::StartupError;
use super::first_start::admin_user;
use crate::config::{Database, Loaded, report};
use crate::store::{DatabaseKind, Expected, SCHEMA_VERSION, detect, how_gone, is_index};

/// Exit code for a database that a start would refuse.
const REFUSED: u8 = 78;

pub(super) fn print(text: &str) -> Result<(), StartupError> {
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(StartupError::running)
}

/// Prints the effective settings; exit 78 for a database that a start would refuse.
pub(super) fn check(loaded: &Loaded) -> Result<(), StartupError> {
    admin_user(loaded)?;
    let database = &loaded.settings.database;
    let (description, refused) = describe(database);
    print(&report(loaded, |_| description))?;
    match refused {
        None => Ok(()),
        Some(why) => Err(StartupError::new(why, REFUSED)),
    }
}

fn describe(database: &Database) -> (String, Option<String>) {
    let path = &database.path;
    let refuse = |why: String| (format!("refused: {why}"), Some(would_be_refused(path, &why)));
    let expected = remembered(path);
    match detect(path) {
        Ok(DatabaseKind::Nothing | DatabaseKind::Unfinished)
            if is_index(path) || expected == Expected::PhotoPrism =>
        {
            ("photoprism, does not exist yet".into(), None)
        }
        Ok(DatabaseKind::Unfinished) => refuse("PhotoPrism has not finished creating it".into()),
        Ok(DatabaseKind::Nothing) if expected == Expected::Own => {
            refuse(gone(path, how_gone(path)))
        }
        Ok(DatabaseKind::Nothing) => ("own, created at the first start".into(), None),
        Ok(DatabaseKind::Own(schema)) if schema > SCHEMA_VERSION => {
            refuse(format!("its schema {schema} is newer than {SCHEMA_VERSION}, which is known"))
        }
        Ok(DatabaseKind::Own(schema)) => (format!("own, schema {schema}"), None),
        Ok(DatabaseKind::PhotoPrism) => ("photoprism".into(), None),
        Ok(DatabaseKind::Foreign(what)) => refuse(what),
        Err(error) => refuse(error.to_string()),
    }
}

fn would_be_refused(path: &Path, why: &str) -> String {
    format!("{} would be refused: {why}", path.display())
}
