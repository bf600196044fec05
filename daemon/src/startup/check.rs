//! `--check`, `--help` and `--version`: printed on standard output, nothing touched.

use std::io::{ErrorKind, Write};
use std::path::Path;

use super::accounts;
use super::database_lock::{gone, remembered};
use super::error::StartupError;
use super::first_start::{UNUSED_PASSWORD, admin_user, unused_name};
use super::running::refuse_own_database;
use crate::config::{AdminPassword, Database, Id, Loaded, report};
use crate::store::{
    DatabaseKind, Expected, SCHEMA_VERSION, detect, first_admin, how_gone, is_index,
};

/// Exit code for a database that a start would refuse.
const REFUSED: u8 = 78;

/// A reader that has seen enough of it (`photoprismd --help | head -1`) gets no error.
pub(super) fn print(text: &str) -> Result<(), StartupError> {
    let mut out = std::io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(StartupError::running(error)),
        _ => Ok(()),
    }
}

/// Prints the effective settings; exit 78 for a database that a start would refuse.
pub(super) fn check(loaded: &Loaded) -> Result<(), StartupError> {
    admin_user(loaded)?;
    refuse_own_database(loaded)?;
    let database = &loaded.settings.database;
    let (description, refused) = describe(database);
    let declared = accounts::check(loaded)?;
    let declared_text = declared.as_ref().map(declared_lines).unwrap_or_default();
    print(&(report(loaded, |_| description) + &declared_text + &unused(loaded)))?;
    if let Some(why) = refused {
        return Err(StartupError::new(why, REFUSED));
    }
    let refused = declared.map(|declared| declared.refused).unwrap_or_default();
    let is_lenient = loaded.settings.accounts.as_ref().is_none_or(|accounts| accounts.lenient);
    match refused.first().filter(|_| !is_lenient) {
        None => Ok(()),
        Some(first) => {
            Err(loaded.refuse(Id::Accounts, accounts::refusal(first, refused.len())).into())
        }
    }
}

/// What would be applied, and what of it is refused whatever the database contains.
fn declared_lines(declared: &accounts::Summary) -> String {
    let refused = declared.refused.iter().flat_map(|why| ["refused: ", why, "\n"]);
    let lines = ["declared: ", &declared.text, "\n"].into_iter();
    lines.chain(refused).collect()
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
