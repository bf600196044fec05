//! The noun `backup`.

pub(super) mod create;
pub(super) mod fetch;
pub(super) mod ls;
pub(super) mod periodic;
pub(super) mod prune;
pub(super) mod restore;
pub(super) mod rm;
pub(super) mod send;
pub(super) mod verify;

use std::path::PathBuf;

use photoprism_protocol::backup::{Counts, FileName};

use super::runner::Runner;
use crate::error::CommandError;
use crate::store::{BackupCounts, BackupFault};

fn directory(runner: &Runner<'_>) -> PathBuf {
    runner.app.places.backups.clone()
}

fn parse_file(text: &str) -> Result<FileName, CommandError> {
    FileName::parse(text).map_err(|rule| CommandError::invalid("file", &rule))
}

fn to_wire(counts: BackupCounts) -> Counts {
    Counts { users: counts.users, deleted: counts.deleted, sessions: counts.sessions }
}

/// Why a file cannot be restored.
fn refusal(fault: BackupFault) -> CommandError {
    let broken = |message: String| CommandError::broken("file", message);
    match fault {
        BackupFault::Missing => CommandError::NotFound {
            message: "there is no such backup".into(),
            hint: Some("photoprism admin backup ls lists them".into()),
        },
        BackupFault::NotOne(what) => {
            broken(format!("the file is not a backup of this daemon: {what}"))
        }
        BackupFault::Whole => broken(
            "the file is a copy of the whole database; stop the daemon and put it in the place of \
             the database instead"
                .into(),
        ),
        BackupFault::Newer(schema) => broken(format!(
            "the backup has the schema {schema}, which this daemon does not know yet; use the \
             newer daemon that made it"
        )),
        BackupFault::Store(error) => error.into(),
    }
}
