//! Finds the backup that is meant, and describes its content.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::Path;

use photoprism_protocol::backup::{BackupLs, Counts, Ls};
use photoprism_protocol::error::{ErrorCode, ReplyError};

use crate::commands::listing;
use crate::context::Context;
use crate::error::CliError;
use crate::report::format;

/// What a FILE turned out to be.
pub(super) enum Source {
    /// A backup of the daemon, by its name.
    Named(String),
    /// A file of this machine.
    Local(Box<dyn Read>),
}

/// A backup of the daemon where it has one of that name or path, else a file of this machine; `-` is
/// standard input.
///
/// # Errors
/// Not found where neither is there, [`CliError::Usage`] where the file cannot be read.
pub(super) fn source(context: &mut Context, given: String) -> Result<Source, CliError> {
    if given == "-" {
        return Ok(Source::Local(Box::new(stdin())));
    }
    let path = Path::new(&given);
    let is_here = path.exists();
    if !is_here && !given.contains('/') {
        return Ok(Source::Named(given));
    }
    if let Some(name) = lookup(context, &given)? {
        return Ok(Source::Named(name));
    }
    if !is_here {
        return Err(not_found());
    }
    match File::open(path) {
        Ok(file) => Ok(Source::Local(Box::new(file))),
        Err(error) => Err(CliError::Usage(format!("cannot read {given}: {error}"))),
    }
}

/// The name that the daemon takes. A path as the daemon prints it is looked up among its backups:
/// it need not be a path of this machine.
///
/// # Errors
/// Not found where no backup has that path.
pub(super) fn resolve(context: &mut Context, given: String) -> Result<String, CliError> {
    if !given.contains('/') {
        return Ok(given);
    }
    lookup(context, &given)?.ok_or_else(not_found)
}

/// The name of the daemon's backup that has that name or path.
fn lookup(context: &mut Context, given: &str) -> Result<Option<String>, CliError> {
    let args = |limit, cursor| Ls { limit, cursor };
    let listing = listing::fetch::<BackupLs, _>(context, 0, args)?;
    let mut entries = listing.rows.into_iter().map(|row| row.value);
    Ok(entries.find(|entry| entry.path == given || entry.file == given).map(|entry| entry.file))
}

fn not_found() -> CliError {
    CliError::Refused(ReplyError {
        code: ErrorCode::NotFound.name().into(),
        message: "no backup of the daemon has that path".into(),
        field: None,
        retry_after_s: None,
        hint: Some("photoprism admin backup ls lists them".into()),
    })
}

/// `2 users, 1 deleted, 3 sessions`.
pub(super) fn holds(counts: Counts) -> String {
    format!(
        "{}, {} deleted, {}",
        format::count(counts.users, "user"),
        counts.deleted,
        format::count(counts.sessions, "session")
    )
}
