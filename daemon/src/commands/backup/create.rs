//! `backup.create`: a file, then its record.

use photoprism_protocol::backup::{BackupCreate, CreateResult};

use super::to_wire;
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
    let prepare = async |mut args| {
        turn = Some(runner.lock_backups().await?);
        runner.check_key_is_new::<BackupCreate>(&mut args).await?;
        let (store, name) =
            (runner.app.store.clone(), format!("backup-{}", to_file_name(runner.context.now)));
        let write = move || Ok(backup_create(&store.connect()?, &name)?);
        let created = run_blocking(write).await?;
        file = Some(created.clone());
        Ok(Prepared::new(created).after_long_work())
    };
    let args = runner.args::<BackupCreate>()?;
    let outcome = runner.write_after::<BackupCreate, _>(args, prepare, create).await;
    if let (Err(_), Some(file)) = (&outcome, file) {
        file.discard();
    }
    outcome
}

/// Records that the backup was created.
fn create(_: &Tx<'_>, request: &Request<Backup>) -> Result<Written<CreateResult>, CommandError> {
    let created = &request.args;
    let file = created.path.file_name().unwrap_or_default().to_string_lossy();
    let result = CreateResult {
        backup: created.path.display().to_string(),
        file: file.clone().into_owned(),
        bytes: created.bytes,
        counts: to_wire(created.counts),
    };
    Written::new(file, &result)
}
