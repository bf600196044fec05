//! Backups that the daemon writes by itself, each checked after it is written; the oldest of them go.

use photoprism_protocol::command::CommandName;
use photoprism_protocol::envelope::Request;
use tracing::{info, warn};

use super::prune::remove_files;
use super::verify::check;
use crate::commands::app::App;
use crate::commands::blocking::run_blocking;
use crate::commands::request::Context;
use crate::commands::runner::Runner;
use crate::commands::transaction::record;
use crate::error::CommandError;
use crate::model::{WithEffects, to_file_name};
use crate::peer::Permit;
use crate::store::{
    Backup, BackupEntry, BackupOrigin, Store, StoreError, Tx, WorkError, backup_create, backup_list,
};

/// Those in the directory, the newest first.
fn periodic(found: Vec<BackupEntry>) -> Vec<BackupEntry> {
    let is_one = |entry: &BackupEntry| entry.origin == BackupOrigin::Periodic;
    found.into_iter().filter(is_one).collect()
}

/// Finds out when the newest was written, as far as the clock has come: one from a clock that was
/// ahead says nothing.
///
/// # Errors
/// The store's, where the directory cannot be read; it is the last error from then on.
pub(crate) async fn find_last_backup(app: &App) -> Result<(), CommandError> {
    let (directory, now) = (app.places.backups.clone(), app.clock.machine().as_second());
    let found = run_blocking(move || Ok(backup_list(&directory)?)).await;
    let found = found.inspect_err(|error| app.periodic.note_error(error))?;
    let newest = periodic(found).into_iter().find(|entry| entry.made <= now);
    app.periodic.note_newest(newest.map(|entry| entry.made));
    Ok(())
}

/// Writes one, checks it, and deletes those behind the newest that are kept. False while there is no
/// database.
///
/// # Errors
/// The store's; what was written is deleted then.
pub(crate) async fn write_periodic_backup(app: &App) -> Result<bool, CommandError> {
    let outcome = Box::pin(write_one(app)).await;
    match outcome {
        Ok(()) => Ok(true),
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => {
            app.periodic.note_error(&error);
            Err(error)
        }
    }
}

fn is_missing(error: &CommandError) -> bool {
    matches!(error.store_error(), Some(StoreError::Missing | StoreError::Unreachable(_)))
}

async fn write_one(app: &App) -> Result<(), CommandError> {
    // Others wait for it as for a backup that somebody asked for.
    let _turn = app.backups.turn.lock().await;
    let request = Request::of(CommandName::BackupCreate);
    let runner = Runner::of_daemon(app, &request);
    let name = format!("periodic-{}", to_file_name(runner.context.now));
    let (store, keep) = (app.store.clone(), app.periodic.keep());
    let (backup, surplus) = run_blocking(move || create(&store, &name, keep)).await?;
    let file = backup.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let recorded = record_all(&runner, app, file.clone(), surplus.clone()).await;
    recorded.inspect_err(|_| backup.discard())?;
    app.periodic.note_written(app.clock.machine().as_second());
    let removed = surplus.len();
    let directory = app.places.backups.clone();
    if let Err(error) = run_blocking(move || remove_files(&directory, &surplus)).await {
        warn!(%error, "periodic backups that are not kept");
    }
    info!(file, bytes = backup.bytes, removed, "a periodic backup was written");
    Ok(())
}

/// The new one, which keeps the rules of `backup.verify`, and the names of those that go.
fn create(store: &Store, name: &str, keep: usize) -> Result<(Backup, Vec<String>), CommandError> {
    let db = store.connect()?;
    let backup = backup_create(&db, name)?;
    let checked = || {
        let file = backup.path.file_name().unwrap_or_default().to_string_lossy();
        let checked = check(db.backups(), &file).map_err(super::refusal)?;
        if let Some(why) = checked.error {
            let message = format!("the backup that was written is not a good one: {why}");
            return Err(CommandError::Unavailable(message.into()));
        }
        let found = periodic(backup_list(db.backups())?).into_iter().skip(keep).rev();
        // The newest is this one, whatever the clock did to the times of the others.
        Ok(found.map(|entry| entry.file).filter(|other| *other != file).collect())
    };
    match checked() {
        Ok(surplus) => Ok((backup, surplus)),
        Err(error) => {
            backup.discard();
            Err(error)
        }
    }
}

async fn record_all(
    runner: &Runner<'_>,
    app: &App,
    created: String,
    removed: Vec<String>,
) -> Result<(), CommandError> {
    let context = |command| Context::new(app, Permit::of_daemon(command));
    let (create, prune) = (context(CommandName::BackupCreate), context(CommandName::BackupPrune));
    let work = move |tx: &Tx<'_>| {
        let removals = removed.iter().map(|file| record(tx, &prune, file));
        let mut effects = removals.collect::<Result<Vec<_>, CommandError>>()?;
        effects.push(record(tx, &create, &created)?);
        Ok::<_, CommandError>(WithEffects { value: (), effects })
    };
    app.store.write_with_effects(runner.whole_time(), work).await
}
