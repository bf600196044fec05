//! `backup.create`, as far as it concerns the database after the file was made.

use jiff::Timestamp;
use photoprism_protocol::backup::CreateResult;

use super::to_wire;
use crate::accounts::times;
use crate::error::CommandError;
use crate::handlers::context::{Context, Outcome};
use crate::handlers::write::{Key, WriteResult, run_write};
use crate::store::{Made, Tx};

/// The name of a backup that is asked for now, without its ending.
pub fn file_name(now: Timestamp) -> String {
    format!("backup-{}", times::to_file_name(now))
}

/// Records that a backup was made.
pub fn create(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    made: &Made,
) -> Result<Outcome, CommandError> {
    run_write(tx, context, key, || {
        let file = made.path.file_name().unwrap_or_default().to_string_lossy();
        let result = CreateResult {
            backup: made.path.display().to_string(),
            file: file.clone().into_owned(),
            bytes: made.bytes,
            counts: to_wire(made.counts),
        };
        WriteResult::new(file, &result)
    })
}
