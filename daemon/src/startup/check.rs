//! `--check`, `--help` and `--version`: printed on standard output, nothing touched.

use std::io::Write;
use std::path::Path;

use super::database_lock::{gone, remembered};
use super::error::StartupError;
use super::first_start::{UNUSED_PASSWORD, admin_user, unused_name};
use super::running::refuse_own_database;
use crate::config::{AdminPassword, Database, Loaded, report};
use crate::store::{
    DatabaseKind, Expected, SCHEMA_VERSION, detect, first_admin, how_gone, is_index,
};

/// Exit code for a database that a start would refuse.
const REFUSED: u8 = 78;

pub(super) fn print(text: &str) -> Result<(), StartupError> {
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(StartupError::running)
}

/// Prints the effective settings; exit 78 for a database that a start would refuse.
pub(super) fn check(loaded: &Loaded) -> Result<(), StartupError> {
    admin_user(loaded)?;
    refuse_own_database(loaded)?;
    let database = &loaded.settings.database;
    let (description, refused) = describe(database);
    print(&(report(loaded, |_| description) + &unused(loaded)))?;
    match refused {
        None => Ok(()),
        Some(why) => Err(StartupError::new(why, REFUSED)),
    }
}

/// A line for each setting that only a first start uses, where there was one.
fn unused(loaded: &Loaded) -> String {
    let Database { path, server, .. } = &loaded.settings.database;
    if server.is_some() {
        return String::new();
    }
    let own = matches!(detect(path), Ok(DatabaseKind::Own(schema)) if schema <= SCHEMA_VERSION);
    let Some(first) = own.then(|| first_admin(path).ok().flatten()).flatten() else {
        return String::new();
    };
    let given = loaded.settings.admin_password != AdminPassword::None;
    let password = (given && first.had_password).then(|| UNUSED_PASSWORD.to_owned());
    let unused = unused_name(loaded, &first.name).into_iter().chain(password);
    unused.flat_map(|why| ["note: ".into(), why, "\n".into()]).collect()
}

fn describe(database: &Database) -> (String, Option<String>) {
    if database.server.is_some() {
        return ("photoprism, not asked".into(), None);
    }
    let path = &database.path;
    let refuse = |why: String| (format!("refused: {why}"), Some(would_be_refused(path, &why)));
    let expected = remembered(path);
    match detect(path) {
        Ok(DatabaseKind::Nothing | DatabaseKind::Unfinished)
            if is_index(path) || expected == Expected::PhotoPrism =>
        {
            ("photoprism, not there yet".into(), None)
        }
        Ok(DatabaseKind::Unfinished) => refuse("PhotoPrism has not finished creating it".into()),
        Ok(DatabaseKind::Nothing) if expected == Expected::Own => {
            refuse(gone(database, how_gone(path)))
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
