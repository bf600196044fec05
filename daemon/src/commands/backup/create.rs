//! `backup.create`: a file written step by step, then its record.

use photoprism_protocol::backup::{BackupCreate, CreateResult};

use super::to_wire;
use crate::commands::blocking::{lock_backups, run_blocking};
use crate::commands::reply::Written;
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Prepared, Runner};
use crate::error::CommandError;
use crate::model::to_file_name;
use crate::store::{Made, Making, StoreError, Tx};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let mut file = None;
    // Held until the file is recorded.
    let mut turn = None;
    let prepare = async |mut args| {
        turn = Some(lock_backups(runner).await?);
        runner.check_key_is_new::<BackupCreate>(&mut args).await?;
        let created = write_file(runner).await?;
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

/// Each step has the whole time in which work must begin: the backup as a whole has no limit.
async fn write_file(runner: &Runner<'_>) -> Result<Made, CommandError> {
    let store = &runner.app.store;
    let name = format!("backup-{}", to_file_name(runner.context.now));
    let begin = move |db: &_| Making::begin(db, &name);
    let mut writer = store.read(runner.time_left(), begin).await?;
    loop {
        let step = move |db: &_| {
            let done = writer.step(db)?;
            Ok::<_, StoreError>((writer, done))
        };
        let done;
        (writer, done) = store.read(runner.whole_time(), step).await?;
        if done {
            return run_blocking(move || Ok(writer.publish()?)).await;
        }
    }
}

/// Records that the backup was created.
fn create(_: &Tx<'_>, request: &Request<Made>) -> Result<Written<CreateResult>, CommandError> {
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
