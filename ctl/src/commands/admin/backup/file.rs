//! Finds the backup that is meant, and describes its content.

use photoprism_protocol::backup::{BackupLs, Counts, Ls};
use photoprism_protocol::error::{ErrorCode, ReplyError};

use crate::commands::listing;
use crate::context::Context;
use crate::error::CliError;
use crate::report::format;

/// The name that the daemon takes. A path as the daemon prints it is looked up among its backups:
/// it need not be a path of this machine.
///
/// # Errors
/// Not found where no backup has that path.
pub(super) fn resolve(context: &mut Context, given: String) -> Result<String, CliError> {
    if !given.contains('/') {
        return Ok(given);
    }
    let args = |limit, cursor| Ls { limit, cursor };
    let listing = listing::fetch::<BackupLs, _>(context, 0, args)?;
    let mut entries = listing.rows.into_iter().map(|row| row.value);
    if let Some(entry) = entries.find(|entry| entry.path == given) {
        return Ok(entry.file);
    }
    Err(CliError::Refused(ReplyError {
        code: ErrorCode::NotFound.name().into(),
        message: "no backup of the daemon has that path".into(),
        field: None,
        retry_after_s: None,
        hint: Some("photoprism admin backup ls lists those that there are".into()),
    }))
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
