//! `backup.create`: the database's part, after the file was written.

use jiff::Timestamp;
use photoprism_protocol::backup::CreateResult;

use super::to_wire;
use crate::commands::context::{Context, Outcome};
use crate::commands::write::{Key, WriteResult, run_write};
use crate::error::CommandError;
use crate::model::to_file_name;
use crate::store::{Made, Tx};

/// The name of a backup that is requested now, without its extension.
pub(crate) fn file_name(now: Timestamp) -> String {
    format!("backup-{}", to_file_name(now))
}

/// Records that a backup was created.
pub(crate) fn create(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    created: &Made,
) -> Result<Outcome, CommandError> {
    run_write(tx, context, key, || {
        let file = created.path.file_name().unwrap_or_default().to_string_lossy();
        let result = CreateResult {
            backup: created.path.display().to_string(),
            file: file.clone().into_owned(),
            bytes: created.bytes,
            counts: to_wire(created.counts),
        };
        WriteResult::new(file, &result)
    })
}
