//! `backup.verify`: reads the files of backups, and never the database.

use std::path::Path;

use photoprism_protocol::backup::{self, Checked, FileName, VerifyResult};
use photoprism_protocol::envelope::Success;

use super::{parse_file, to_wire};
use crate::commands::context::success;
use crate::error::CommandError;
use crate::store::{BackupFault, BackupFile, backup_list, backup_open};

/// Most files that are checked at once: a reply has its bound.
const MOST: usize = 1000;

/// A checked request.
#[derive(Debug)]
pub(crate) struct Verify(Option<FileName>);

impl Verify {
    /// Checks the arguments.
    pub(crate) fn parse(args: &backup::Verify) -> Result<Self, CommandError> {
        args.file.as_deref().map(parse_file).transpose().map(Self)
    }
}

/// Checks the backup that is named, or all of the directory, the newest first; takes as long as
/// reading them.
///
/// # Errors
/// `not_found` for one that is not there, or the store's.
pub(crate) fn checked(
    directory: &Path,
    Verify(file): &Verify,
) -> Result<Vec<Checked>, CommandError> {
    if let Some(file) = file {
        return Ok(vec![check(directory, file.as_str()).map_err(super::refusal)?]);
    }
    let found = backup_list(directory)?;
    if found.len() > MOST {
        return Err(CommandError::broken("file", "there are too many to check all; name one"));
    }
    let mut checked = Vec::new();
    for entry in &found {
        match check(directory, &entry.file) {
            // One that went since it was listed: the oldest automatic ones do.
            Err(BackupFault::Missing) => {}
            found => checked.push(found.map_err(super::refusal)?),
        }
    }
    Ok(checked)
}

fn check(directory: &Path, file: &str) -> Result<Checked, BackupFault> {
    let fault = match backup_open(directory, file) {
        Ok(backup) => return Ok(good(file, &backup)),
        Err(fault) => fault,
    };
    let (ok, error, database) = match fault {
        BackupFault::Whole => (true, None, Some("own".into())),
        BackupFault::NotOne(what) => (false, Some(what), None),
        fault @ BackupFault::Newer(_) => (false, Some(fault.to_string()), None),
        fault @ (BackupFault::Missing | BackupFault::Store(_)) => {
            return Err(fault);
        }
    };
    Ok(Checked { file: file.into(), ok, error, database, counts: None })
}

fn good(file: &str, backup: &BackupFile) -> Checked {
    let database = if backup.of_photoprism { "photoprism" } else { "own" };
    Checked {
        file: file.into(),
        ok: true,
        error: None,
        database: Some(database.into()),
        counts: Some(to_wire(backup.counts)),
    }
}

/// The reply.
pub(crate) fn reply(backups: Vec<Checked>) -> Result<Success, CommandError> {
    success(&VerifyResult { ok: backups.iter().all(|backup| backup.ok), backups })
}
