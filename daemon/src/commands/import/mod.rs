//! `users.import`, step by step: the text comes in parts, passwords are hashed on the pool, and
//! one transaction writes all of it.

mod account_row;
mod database;
mod prepare;
mod prune;
mod row;
mod run;
mod steps;
mod worker;

use photoprism_protocol::envelope::Success;
use photoprism_protocol::transfer::{self, UsersImport};

use super::import_sessions::Options;
use super::runner::{Outcome, Runner};
use crate::error::CommandError;

/// Runs the step that the arguments name.
pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let args = runner.args::<UsersImport>()?;
    check_step(&args)?;
    let options = Options {
        dry_run: args.dry_run.unwrap_or(false),
        update: args.update.unwrap_or(false),
        prune: args.prune.unwrap_or(false),
    };
    let transfer::Import { import, text, database, file, password, cursor, .. } = args;
    if let Some(text) = text {
        return steps::text(runner, import, &text).map(Success::from);
    }
    if let Some(path) = database {
        return database::begin(runner, &path).await.map(Success::from);
    }
    let Some(id) = import else {
        return Err(CommandError::broken("import", "give the import of the step before"));
    };
    match (file, cursor) {
        (Some(file), _) => match password {
            Some(password) => steps::file(runner, &id, file, password).map(Success::from),
            None => Err(CommandError::broken("password", "send the file's content in `password`")),
        },
        (None, Some(cursor)) => steps::results(runner, &id, &cursor).map(Success::from),
        (None, None) if options.prune && !options.dry_run && !runner.is_confirmed() => {
            Err(CommandError::Unconfirmed)
        }
        (None, None) => steps::run(runner, &id, options).await,
    }
}

/// One step at a time, and what belongs to a run with a run only.
fn check_step(args: &transfer::Import) -> Result<(), CommandError> {
    let running = args.run == Some(true);
    let whole = args.database.is_some();
    let steps = [args.text.is_some(), whole, args.file.is_some(), running, args.cursor.is_some()];
    if steps.iter().filter(|given| **given).count() != 1 || args.run == Some(false) {
        return Err(CommandError::broken(
            "run",
            "give one of text, database, file, run and cursor",
        ));
    }
    if whole && args.import.is_some() {
        return Err(CommandError::broken("import", "a database begins an import of its own"));
    }
    if args.password.is_some() && args.file.is_none() {
        return Err(CommandError::broken("password", "this is said with file only"));
    }
    let options = [("dry_run", args.dry_run), ("update", args.update), ("prune", args.prune)];
    match options.iter().find(|(_, option)| option.is_some() && !running) {
        Some((name, _)) => Err(CommandError::broken(name, "this is said with \"run\":true only")),
        None => Ok(()),
    }
}
