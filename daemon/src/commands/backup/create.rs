//! `backup.create`: a file, then its record.

use photoprism_protocol::backup::{self, BackupCreate, CreateResult};

use super::prune::{Surplus, parse_keep, record_removals, remove};
use super::{directory, to_wire};
use crate::commands::blocking::run_blocking;
use crate::commands::reply::Written;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Prepared, Runner};
use crate::error::CommandError;
use crate::model::to_file_name;
use crate::store::{Backup, Tx, backup_create};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let mut file = None;
    // Held until the file is recorded.
    let mut turn = None;
    let mut old = Vec::new();
    let prepare = async |mut args: backup::Create| {
        let keep = args.keep.map(|keep| parse_keep(keep, 1)).transpose()?;
        turn = Some(runner.lock_backups().await?);
        runner.check_key_is_new::<BackupCreate>(&mut args).await?;
        let (store, name) =
            (runner.app.store.clone(), format!("backup-{}", to_file_name(runner.context.now)));
        let write = move || Ok(backup_create(&store.connect()?, &name)?);
        let created = run_blocking(write).await?;
        file = Some(created.clone());
        let surplus = match keep {
            None => None,
            Some(keep) => {
                let place = directory(runner);
                let found = run_blocking(move || Surplus::find(&place, keep)).await?;
                Some(found.into_files())
            }
        };
        old = surplus.clone().unwrap_or_default();
        Ok(Prepared::new((created, surplus)).after_long_work())
    };
    let args = runner.args::<BackupCreate>()?;
    let outcome = runner.write_after::<BackupCreate, _>(args, prepare, create).await;
    if let (Err(_), Some(file)) = (&outcome, file) {
        file.discard();
    }
    if outcome.is_ok() {
        remove(runner, old).await?;
    }
    outcome
}

/// Records that the backup was created, and that older ones go.
fn create(
    tx: &Tx<'_>,
    request: &Request<(Backup, Option<Vec<String>>)>,
) -> Result<Written<CreateResult>, CommandError> {
    let (created, surplus) = &request.args;
    let effects = record_removals(tx, request, surplus.as_deref().unwrap_or_default())?;
    let file = created.path.file_name().unwrap_or_default().to_string_lossy();
    let result = CreateResult {
        backup: created.path.display().to_string(),
        file: file.clone().into_owned(),
        bytes: created.bytes,
        counts: to_wire(created.counts),
        removed: surplus.as_ref().map(|files| files.len() as u64),
    };
    Ok(Written::new(file, &result)?.with_effects(effects))
}
