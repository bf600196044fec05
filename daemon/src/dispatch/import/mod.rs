//! `users.import`, step by step: the text comes in parts, passwords are hashed on the pool, and
//! one transaction writes all of it.

mod foreign;
mod prepare;
mod steps;
mod worker;

use photoprism_protocol::transfer;
use photoprism_protocol::transfer::UsersImport;

use crate::commands::Options;
use crate::commands::{Answer, Runner};
use crate::error::CommandError;

/// Runs the step that the arguments name.
pub(super) async fn import(call: &Runner<'_>) -> Answer {
    let args = call.args::<UsersImport>()?;
    check_step(&args)?;
    let options = Options {
        dry_run: args.dry_run.unwrap_or(false),
        update: args.update.unwrap_or(false),
        prune: args.prune.unwrap_or(false),
    };
    let transfer::Import { import, text, database, file, password, cursor, .. } = args;
    if let Some(text) = text {
        return steps::text(call, import, &text);
    }
    if let Some(path) = database {
        return foreign::database(call, &path).await;
    }
    let Some(id) = import else {
        return Err(CommandError::broken("import", "give the import of the step before"));
    };
    match (file, cursor) {
        (Some(file), _) => match password {
            Some(password) => steps::file(call, &id, file, password),
            None => Err(CommandError::broken("password", "send the file's content in `password`")),
        },
        (None, Some(cursor)) => steps::results(call, &id, &cursor),
        (None, None) if options.prune && !options.dry_run && !call.is_confirmed() => {
            Err(CommandError::Unconfirmed)
        }
        (None, None) => steps::run(call, &id, options).await,
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
