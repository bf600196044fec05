//! `backup.create`, as far as it concerns the database after the file was made.

use jiff::Timestamp;
use photoprism_protocol::backup::CreateResult;

use super::shown;
use crate::accounts::times;
use crate::error::CommandError;
use crate::handlers::context::{Context, Outcome};
use crate::handlers::write::{Key, Written, surrounded};
use crate::store::{Made, Tx};

/// The name of a backup that is asked for now, without its ending.
#[must_use]
pub fn file_name(now: Timestamp) -> String {
    format!("backup-{}", times::to_file_name(now))
}

/// Records that a backup was made.
///
/// # Errors
/// The store's.
pub fn create(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    made: &Made,
) -> Result<Outcome, CommandError> {
    surrounded(tx, context, key, || {
        let file = made.path.file_name().unwrap_or_default().to_string_lossy();
        let result = CreateResult {
            backup: made.path.display().to_string(),
            file: file.clone().into_owned(),
            bytes: made.bytes,
            counts: shown(made.counts),
        };
        Written::about(file, &result)
    })
}
