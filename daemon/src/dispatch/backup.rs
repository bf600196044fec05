//! The noun `backup`: what takes long runs in steps, or on a thread of its own.

use std::path::PathBuf;

use photoprism_protocol::backup::{BackupCreate, BackupLs, BackupRestore, BackupVerify};

use crate::commands::backup;
use crate::commands::{Answer, Runner};
use crate::commands::{lock_backups, run_blocking};
use crate::error::CommandError;
use crate::store::{BackupFile, Made, Making, Plan, StoreError, backup_directory, backup_open};

fn directory(call: &Runner<'_>) -> PathBuf {
    backup_directory(&call.app.places.database)
}

pub(super) async fn ls(call: &Runner<'_>) -> Answer {
    let request = backup::Ls::parse(call.args::<BackupLs>()?)?;
    call.read_with(request, backup::ls).await.map_err(CommandError::of_read)
}

pub(super) async fn verify(call: &Runner<'_>) -> Answer {
    let request = backup::Verify::parse(&call.args::<BackupVerify>()?)?;
    let _turn = lock_backups(call).await?;
    let directory = directory(call);
    let checked = run_blocking(move || backup::checked(&directory, &request)).await;
    backup::reply(checked.map_err(CommandError::of_read)?)
}

pub(super) async fn create(call: &Runner<'_>) -> Answer {
    let key = call.key(&call.args::<BackupCreate>()?)?;
    if let Some(replay) = call.replay(key.as_ref(), None).await? {
        return Ok(replay);
    }
    let _turn = lock_backups(call).await?;
    let created = write_file(call).await?;
    let file = created.clone();
    let outcome = call
        .write_with(key, move |tx, context, key| backup::create(tx, context, key, &created))
        .await;
    if outcome.is_err() {
        file.discard();
    }
    outcome
}

/// Each step has the whole time in which work must begin: the backup as a whole has no limit.
async fn write_file(call: &Runner<'_>) -> Result<Made, CommandError> {
    let store = &call.app.store;
    let name = backup::file_name(call.context.now);
    let begin = move |db: &_| Making::begin(db, &name);
    let mut writer = store.read(call.time_left(), begin).await?;
    let deadline = call.app.limits.borrow().request_timeout;
    loop {
        let step = move |db: &_| {
            let done = writer.step(db)?;
            Ok::<_, StoreError>((writer, done))
        };
        let done;
        (writer, done) = store.read(deadline, step).await?;
        if done {
            return run_blocking(move || Ok(writer.publish()?)).await;
        }
    }
}

pub(super) async fn restore(call: &Runner<'_>) -> Answer {
    let args = call.args::<BackupRestore>()?;
    let key = call.key(&args)?;
    if let Some(replay) = call.replay(key.as_ref(), None).await? {
        return Ok(replay);
    }
    let request = backup::Restore::parse(&args)?;
    let _turn = lock_backups(call).await?;
    let (directory, name) = (directory(call), request.file.clone());
    let open = move || backup_open(&directory, name.as_str()).map_err(backup::refusal);
    let file = run_blocking(open).await;
    if request.dry_run {
        let file = file.map_err(CommandError::of_read)?;
        return describe(call, file, request.with_sessions).await;
    }
    let file = file?;
    call.write_with(key, move |tx, context, key| {
        backup::restore(tx, context, key, (&request, &file))
    })
    .await
}

/// Compares step by step, and changes nothing.
async fn describe(call: &Runner<'_>, file: BackupFile, with_sessions: bool) -> Answer {
    let store = &call.app.store;
    let begin = move |db: &_| {
        backup::refuse_other(db, &file)?;
        let plan = Plan::begin(db, &file, with_sessions)?;
        Ok::<_, CommandError>((plan, file))
    };
    let (mut plan, mut file) = store.read(call.time_left(), begin).await?;
    let deadline = call.app.limits.borrow().request_timeout;
    loop {
        let step = move |db: &_| {
            let done = plan.step(db, &file)?;
            Ok::<_, StoreError>((plan, file, done))
        };
        let done;
        (plan, file, done) = store.read(deadline, step).await?;
        if done {
            return backup::outcome(plan);
        }
    }
}
