//! `backup.prune`: the oldest of the backups that somebody asked for, or sent.

use std::path::Path;

use photoprism_protocol::args::Int;
use photoprism_protocol::backup::{self, BackupPrune, PruneResult};
use photoprism_protocol::envelope::Success;
use tracing::warn;

use super::{directory, refusal};
use crate::commands::blocking::run_blocking;
use crate::commands::reply::{Reply, Written};
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Prepared, Runner};
use crate::commands::transaction::record;
use crate::error::CommandError;
use crate::log::REPEATED;
use crate::model::Effect;
use crate::store::{BackupOrigin, Tx, backup_find, backup_list, backup_remove};

/// Names in a reply.
const NAMED: usize = 1000;

/// Backups that go, the oldest first, and how many stay.
pub(super) struct Surplus {
    files: Vec<String>,
    kept: usize,
}

/// The files are deleted once their records are committed, as by `backup.rm`.
pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let args = runner.args::<BackupPrune>()?;
    if args.dry_run == Some(true) {
        let keep = parse_keep(args.keep, 0)?;
        let _turn = runner.lock_backups().await?;
        let place = directory(runner);
        let found = run_blocking(move || Surplus::find(&place, keep)).await;
        let found = found.map_err(CommandError::of_read)?;
        return Reply::new(&found.result(true)).map(Success::from);
    }
    let (mut recorded, mut turn) = (Vec::new(), None);
    let prepare = async |mut args: backup::Prune| {
        let keep = parse_keep(args.keep, 0)?;
        turn = Some(runner.lock_backups().await?);
        runner.check_key_is_new::<BackupPrune>(&mut args).await?;
        let place = directory(runner);
        let found = run_blocking(move || Surplus::find(&place, keep)).await?;
        recorded.clone_from(&found.files);
        Ok(Prepared::new(found))
    };
    let outcome = runner.write_after::<BackupPrune, _>(args, prepare, prune).await;
    if outcome.is_ok() {
        remove(runner, recorded).await?;
    }
    outcome
}

/// How many stay, `least` or more.
pub(super) fn parse_keep(keep: Int, least: usize) -> Result<usize, CommandError> {
    let number = usize::try_from(keep.0).ok().filter(|number| *number >= least);
    number.ok_or_else(|| {
        let what = if least == 0 {
            "this is a number of backups, 0 or more"
        } else {
            "this is a number of backups, 1 or more: the new one is among them"
        };
        CommandError::broken("keep", what)
    })
}

impl Surplus {
    /// The manual backups behind the newest `keep`; they can be deleted.
    pub(super) fn find(path: &Path, keep: usize) -> Result<Self, CommandError> {
        let found = backup_list(path)?.into_iter();
        let found = found.filter(|entry| entry.origin == BackupOrigin::Manual);
        let mut files: Vec<String> = found.map(|entry| entry.file).collect();
        let kept = files.len().min(keep);
        let files: Vec<String> = files.drain(kept..).rev().collect();
        if let Some(first) = files.first() {
            backup_find(path, first).map_err(refusal)?;
        }
        Ok(Self { files, kept })
    }

    /// Their names.
    pub(super) fn into_files(self) -> Vec<String> {
        self.files
    }

    fn result(&self, dry_run: bool) -> PruneResult {
        PruneResult {
            dry_run,
            removed: self.files.len() as u64,
            kept: self.kept as u64,
            files: self.files.iter().take(NAMED).cloned().collect(),
        }
    }
}

/// Records each removal.
pub(super) fn record_removals(
    tx: &Tx<'_>,
    request: &Request<impl Sized>,
    files: &[String],
) -> Result<Vec<Effect>, CommandError> {
    files.iter().map(|file| record(tx, &request.context, file)).collect()
}

fn prune(tx: &Tx<'_>, request: &Request<Surplus>) -> Result<Written<PruneResult>, CommandError> {
    let effects = record_removals(tx, request, &request.args.files)?;
    Ok(Written::new("", &request.args.result(false))?.with_effects(effects))
}

/// Deletes the files whose removal was recorded.
///
/// # Errors
/// `unavailable` where one of them is still there.
pub(super) async fn remove(runner: &Runner<'_>, files: Vec<String>) -> Result<(), CommandError> {
    let directory = directory(runner);
    run_blocking(move || remove_files(&directory, &files)).await
}

/// The same on the thread for it.
pub(super) fn remove_files(directory: &Path, files: &[String]) -> Result<(), CommandError> {
    let mut failed = None;
    for file in files {
        if let Err(error) = backup_remove(directory, file) {
            warn!(target: REPEATED, file, %error, "a backup could not be deleted");
            failed.get_or_insert(format!(
                "its removal was recorded, but a file could not be deleted ({error}); delete it by \
                 hand: {}",
                directory.join(file).display()
            ));
        }
    }
    failed.map_or(Ok(()), |what| Err(CommandError::Unavailable(what.into())))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_newest_manual_ones_stay_and_so_do_the_others() {
        let place = tempfile::tempdir().unwrap();
        let names = [
            "backup-c.db",
            "auto-a.db",
            "sent-b.db",
            "schema-1.db",
            "backup-a.db",
            "periodic-a.db",
        ];
        for (age, name) in (1..).zip(names) {
            let file = File::create(place.path().join(name)).unwrap();
            let written = file.metadata().unwrap().modified().unwrap();
            file.set_modified(written - Duration::from_hours(age)).unwrap();
        }
        let found = |keep| Surplus::find(place.path(), keep).map_err(|_| "it fails").unwrap();
        assert_eq!(found(1).files, ["backup-a.db", "sent-b.db"]);
        assert_eq!((found(2).files.len(), found(2).kept), (1, 2));
        assert_eq!((found(3).files.len(), found(9).kept), (0, 3));
        assert_eq!(found(0).files.len(), 3);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 6);
    }
}
