//! From what is declared to the log: passwords on the pool, then one transaction.

use std::mem;
use std::path::Path;
use std::sync::{Arc, Mutex};

use futures_util::{StreamExt, stream};
use photoprism_protocol::command::CommandName;
use photoprism_protocol::envelope::Request;
use photoprism_protocol::transfer::ImportCounts;
use tokio::time::{Duration, timeout};
use tracing::{info, warn};

use super::file::{Declared, DeclaredFile, OPTIONS};
use super::session::Contexts;
use super::transaction::{Outcome, Work, run};
use crate::commands::app::App;
use crate::commands::blocking::run_blocking;
use crate::commands::import::{Import, hash};
use crate::commands::import_sessions::{Cancel, PasswordChange, Results, Rows, ValidRow};
use crate::commands::request::Context;
use crate::commands::runner::Runner;
use crate::config::When;
use crate::error::CommandError;
use crate::peer::Permit;

/// Passwords that are computed at once; administrators have as many places more in the queue.
const AT_ONCE: usize = 4;

/// How long to wait where others have the places.
const RETRY: Duration = Duration::from_secs(1);

/// What the log names at most; of the rest it says how many there are.
const MOST_LOGGED: usize = 100;

/// Applies what is declared, and logs what was done and what was refused; returns how much was
/// refused. Where `is_strict`, nothing is changed then.
///
/// # Errors
/// The store's and the pool's; nothing was changed.
pub(crate) async fn apply_declared(
    app: &App,
    declared: Declared,
    is_strict: bool,
) -> Result<usize, CommandError> {
    let Declared { mut rows, sessions } = declared;
    prepare(app, &mut rows).await?;
    let request = Request::of(CommandName::UsersImport);
    let runner = Runner::of_daemon(app, &request);
    let import = Import {
        id: String::new(),
        rows: Arc::new(rows),
        options: OPTIONS,
        cancel: Cancel::default(),
        results: Arc::new(Mutex::new(Results::default())),
        earlier: Arc::default(),
    };
    let context = |command| Context::new(app, Permit::of_daemon(command));
    let contexts =
        Contexts { add: context(CommandName::AuthAdd), rm: context(CommandName::AuthRm) };
    let outcome = Arc::new(Mutex::new(Outcome::default()));
    let accounts = runner.request(import);
    let work = Work { accounts, sessions, contexts, is_strict, outcome: Arc::clone(&outcome) };
    let deadline = runner.whole_time();
    let written = app.store.write_with_effects(deadline, move |tx| run(tx, &work)).await;
    let outcome = outcome.lock().map(|mut outcome| mem::take(&mut *outcome)).unwrap_or_default();
    if !outcome.is_undone(is_strict) {
        written?;
    }
    log(&outcome, is_strict);
    Ok(outcome.refused.len())
}

/// Reads the file again and applies it; what is refused is logged, and the rest applied.
///
/// # Errors
/// As [`apply_declared`]. A file that cannot be read is logged: it stays so until it is changed.
pub(crate) async fn apply_again(app: &App, path: &Path) -> Result<(), CommandError> {
    let (path, rules, only_bcrypt) = (path.to_owned(), app.rules, !app.own);
    let read = move || {
        let file = DeclaredFile::read(&path, When::Serving);
        Ok(file.and_then(|file| file.declared(rules, only_bcrypt)))
    };
    match run_blocking(read).await? {
        Ok(declared) => apply_declared(app, declared, false).await.map(drop),
        Err(why) => {
            warn!("the declared accounts stay as they are: {why}");
            Ok(())
        }
    }
}

/// Compares the passwords of rows with what the accounts have, and hashes those that differ.
async fn prepare(app: &App, rows: &mut Rows) -> Result<(), CommandError> {
    let pending = |row: &&mut ValidRow| matches!(row.hash, PasswordChange::Pending);
    let work = rows.iter_mut().flatten().filter(pending).map(|row| prepare_row(app, row));
    let mut work = stream::iter(work).buffer_unordered(AT_ONCE);
    while let Some(prepared) = work.next().await {
        prepared?;
    }
    Ok(())
}

async fn prepare_row(app: &App, row: &mut ValidRow) -> Result<(), CommandError> {
    let Some(password) = row.password().cloned() else { return Ok(()) };
    let request = Request::of(CommandName::UsersImport);
    loop {
        // Each has the whole time in which work must begin.
        let runner = Runner::of_daemon(app, &request);
        match hash(&runner, row, &password, OPTIONS).await {
            Ok(change) => {
                row.hash = change;
                return Ok(());
            }
            Err(CommandError::Busy { .. } | CommandError::Late) if !app.is_stopping() => {
                let _ = timeout(RETRY, app.stop.clone().wait_for(|stop| *stop)).await;
            }
            // A password that no hash takes is the row's fault, and the same for all.
            Err(error) => return Err(error),
        }
    }
}

fn log(outcome: &Outcome, is_strict: bool) {
    for (what, line, name, why) in outcome.refused.iter().take(MOST_LOGGED) {
        warn!(line, name, why, "declared and refused: {what}");
    }
    if let Some(more) = outcome.refused.len().checked_sub(MOST_LOGGED).filter(|more| *more > 0) {
        warn!(more, "declared and refused: more of them");
    }
    if outcome.is_undone(is_strict) {
        return;
    }
    for name in outcome.expired.iter().take(MOST_LOGGED) {
        info!(name, "declared and not created: its end has come");
    }
    for warning in outcome.warnings.iter().take(MOST_LOGGED) {
        warn!("{warning}");
    }
    let ImportCounts { added, updated, unchanged, refused, .. } = outcome.accounts;
    let sessions_added = outcome.added;
    let (sessions_unchanged, sessions_ended) = (outcome.unchanged, outcome.ended);
    info!(
        added,
        updated,
        unchanged,
        refused,
        sessions_added,
        sessions_unchanged,
        sessions_ended,
        "the declared accounts were applied"
    );
}
