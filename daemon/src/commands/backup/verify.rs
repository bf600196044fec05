//! `backup.verify`: reads the files of backups, and never the database.

use std::path::Path;

use photoprism_protocol::backup::{self, BackupVerify, Checked, FileName, VerifyResult};
use photoprism_protocol::envelope::Success;

use super::{directory, parse_file, to_wire};
use crate::commands::blocking::run_blocking;
use crate::commands::reply::Reply;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::store::{BackupFault, BackupFile, backup_list, backup_open};

/// Most files that are checked at once: a reply has its bound.
const MOST: usize = 1000;

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let file = parse(&runner.args::<BackupVerify>()?)?;
    let _turn = runner.lock_backups().await?;
    let directory = directory(runner);
    let checked = run_blocking(move || checked(&directory, file.as_ref())).await;
    let backups = checked.map_err(CommandError::of_read)?;
    let ok = backups.iter().all(|backup| backup.ok);
    Reply::new(&VerifyResult { ok, backups }).map(Success::from)
}

fn parse(args: &backup::Verify) -> Result<Option<FileName>, CommandError> {
    args.file.as_deref().map(parse_file).transpose()
}

/// Checks the backup that is named, or all of the directory, the newest first; takes as long as
/// reading them.
///
/// # Errors
/// `not_found` for one that is not there, or the store's.
fn checked(directory: &Path, file: Option<&FileName>) -> Result<Vec<Checked>, CommandError> {
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

/// Checks one by the rules of a restore.
pub(super) fn check(directory: &Path, file: &str) -> Result<Checked, BackupFault> {
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
