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
use photoprism_protocol::role::Role;
use photoprism_protocol::transfer::{self, UsersImport};

pub(in crate::commands) use self::prepare::{Reading, hash, rows};
pub(in crate::commands) use self::run::{Import, import_rows};

use super::import_sessions::{Options, Part};
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
        role: role(&args)?,
        part: match (args.parts, args.more) {
            (Some(true), Some(true)) => Some(Part::Middle),
            (Some(true), _) => Some(Part::End),
            _ => None,
        },
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

/// The role of new accounts whose rows give none.
fn role(args: &transfer::Import) -> Result<Option<Role>, CommandError> {
    let role = args.role.as_deref().map(Role::parse).transpose();
    role.map_err(|rule| CommandError::invalid("role", &rule))
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
        return Err(CommandError::broken("password", "give a password only with file"));
    }
    let options = [
        ("dry_run", args.dry_run.is_some()),
        ("update", args.update.is_some()),
        ("prune", args.prune.is_some()),
        ("role", args.role.is_some()),
        ("parts", args.parts.is_some()),
        ("more", args.more.is_some()),
    ];
    if let Some((name, _)) = options.iter().find(|(_, is_given)| *is_given && !running) {
        return Err(CommandError::broken(name, "give this only with \"run\":true"));
    }
    match (args.parts == Some(true), args.more == Some(true), args.prune == Some(true)) {
        (true, _, true) => Err(CommandError::broken(
            "parts",
            "what is pruned is in one transaction with all rows: leave one of the two out",
        )),
        (false, true, _) => Err(CommandError::broken("more", "give more only with parts")),
        _ => Ok(()),
    }
}
