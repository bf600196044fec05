//! The steps, each of which takes an import out and puts it back.

use std::collections::BTreeSet;
use std::mem;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use photoprism_protocol::MAX_REPLY_BYTES;
use photoprism_protocol::role::Role;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::transfer::{ImportCounts, ImportResult};

use super::prepare::{Reading, give_files, line_of, named_files, prepare_next, rows};
use super::prune::accounts_not_in_file;
use super::run::{Import, import_accounts};
use super::worker::Turn;
use crate::clock::Stopwatch;
use crate::commands::blocking::run_blocking;
use crate::commands::import_sessions::{Cancel, ImportSession, Options, Part, Results, Rows};
use crate::commands::reply::Reply;
use crate::commands::runner::{Outcome, Prepared, Runner};
use crate::error::CommandError;
use crate::store::{AttachedSource, BackupBefore, Db};

/// How long a step prepares passwords before it reports its progress: a client that is interrupted
/// waits for that, to say what was done.
const WORK: Duration = Duration::from_secs(1);

/// Items of one reply: writing them must not keep the async thread busy for longer than a millisecond.
const PAGE: usize = 200;

/// Bytes of a reply that are not items.
const ENVELOPE_BYTES: usize = 4096;

/// What a step replies: the progress, or the results.
type StepReply = Result<Reply<ImportResult>, CommandError>;

/// The text, or its next part.
pub(super) fn text(runner: &Runner<'_>, id: Option<String>, part: &Secret) -> StepReply {
    let bytes = part.expose().len();
    let step = |staged: &mut ImportSession| staged.add(part);
    match id {
        Some(id) => change(runner, &id, bytes, step),
        None => begin(runner, bytes, step),
    }
}

/// The rows of a database, which are whole at once, and the bytes that they were read from.
pub(super) fn begin_with_rows(runner: &Runner<'_>, rows: Rows, bytes: usize) -> StepReply {
    begin(runner, bytes, |staged| {
        (staged.rows, staged.bytes) = (Some(Arc::new(rows)), bytes);
        Ok(())
    })
}

/// The password of a file that was asked for.
pub(super) fn file(runner: &Runner<'_>, id: &str, file: String, password: Secret) -> StepReply {
    change(runner, id, password.expose().len(), |staged| staged.give(file, password))
}

/// The first step of an import, which brings so many bytes. If it fails, the import is forgotten:
/// no client knows its name.
fn begin(
    runner: &Runner<'_>,
    bytes: usize,
    step: impl FnOnce(&mut ImportSession) -> Result<(), CommandError>,
) -> StepReply {
    let app = runner.app;
    let id = app.imports.begin(runner.uid(), bytes, app.started.elapsed(), app.random)?;
    let reply = change(runner, &id, bytes, step);
    if reply.is_err() {
        app.imports.forget(&id);
    }
    reply
}

/// A step that brings so many bytes.
fn change(
    runner: &Runner<'_>,
    id: &str,
    bytes: usize,
    step: impl FnOnce(&mut ImportSession) -> Result<(), CommandError>,
) -> StepReply {
    let (imports, now) = (&runner.app.imports, runner.app.started.elapsed());
    let mut staged = imports.take(id, runner.uid())?;
    let changed = imports.check_room(bytes, now).and_then(|()| step(&mut staged));
    let reply = changed.and_then(|()| Reply::new(&progress(id, &staged, Vec::new())));
    imports.put_back(id, staged, runner.app.started.elapsed());
    reply
}

/// The next results.
pub(super) fn results(runner: &Runner<'_>, id: &str, cursor: &str) -> StepReply {
    let mut staged = runner.app.imports.take(id, runner.uid())?;
    let found = page(id, &staged, cursor);
    let mut last = matches!(&found, Ok(result) if result.next.is_none());
    if last && staged.goes_on() {
        staged.begin_next();
        last = false;
    }
    runner.app.imports.put_back(id, staged, runner.app.started.elapsed());
    if last {
        runner.app.imports.forget(id);
    }
    Reply::new(&found?)
}

/// Runs the import as far as one step allows.
pub(super) async fn run(runner: &Runner<'_>, id: &str, options: Options) -> Outcome {
    let key = runner.key(&key_of(id, options))?;
    if let Some(replay) = runner.replay(key.as_ref(), None).await? {
        return Ok(replay);
    }
    let mut staged = runner.app.imports.take(id, runner.uid())?;
    let ended = advance(runner, id, &mut staged, options).await;
    let mut over = match &ended {
        Ok(result) => result.done && result.next.is_none(),
        // What was lost, or is invalid, or names nobody, would fail again at the next attempt.
        Err(error) => {
            let nothing = staged.rows.as_ref().is_none_or(|rows| rows.is_empty());
            staged.is_lost || nothing && matches!(error, CommandError::Invalid { .. })
        }
    };
    let warnings = staged.results.as_ref().map(|found| found.warnings.clone());
    if over && ended.is_ok() && staged.goes_on() {
        staged.begin_next();
        over = false;
    }
    runner.app.imports.put_back(id, staged, runner.app.started.elapsed());
    if over {
        runner.app.imports.forget(id);
    }
    Ok(Reply::new(&ended?)?.with_warnings(warnings.unwrap_or_default()).into())
}

/// What the key of a run stands for: the last part of a text is another run than those before.
fn key_of(id: &str, options: Options) -> impl serde::Serialize {
    let Options { dry_run, update, prune, role, part } = options;
    let role = role.map(Role::as_str);
    (id.to_owned(), dry_run, update, prune, role, part.map(|part| part == Part::Middle))
}

async fn advance(
    runner: &Runner<'_>,
    id: &str,
    staged: &mut ImportSession,
    options: Options,
) -> Result<ImportResult, CommandError> {
    if staged.results.is_some() {
        return page(id, staged, "0");
    }
    if *staged.options.get_or_insert(options) != options {
        return Err(CommandError::broken("run", "this import was begun with other options"));
    }
    if staged.rows.is_none() {
        parse(runner, staged, options).await?;
    }
    if !staged.missing.is_empty() {
        return Ok(progress(id, staged, first_missing(&staged.missing)));
    }
    if !staged.files.is_empty() {
        fill(runner, staged).await?;
    }
    let count = staged.rows.as_ref().map_or(0, |rows| rows.len());
    let watch = Stopwatch::start();
    while staged.prepared < count {
        if watch.elapsed() > WORK {
            return Ok(progress(id, staged, Vec::new()));
        }
        prepare_next(runner, staged, options).await?;
    }
    let results = execute(runner, id, staged, options).await?;
    staged.results = Some(results);
    page(id, staged, "0")
}

/// Reads the rows of a text that is whole.
async fn parse(
    runner: &Runner<'_>,
    staged: &mut ImportSession,
    options: Options,
) -> Result<(), CommandError> {
    let turn = Turn::take(runner).await?;
    let how = Reading { rules: runner.app.rules, only_bcrypt: !runner.app.own, options };
    let (text, mut parts) = (mem::take(&mut staged.text), mem::take(&mut staged.parts));
    staged.is_lost = true;
    let work = move |cancel: &Cancel| {
        let text = parts.next(text)?;
        let found = rows(&text, how, cancel)?;
        let first = found.rows.first().map(line_of);
        let left = found.left.map(|line| parts.leave(&text, first, line)).transpose()?;
        let named = named_files(&found.rows);
        Ok((found.rows, named, left, parts))
    };
    let (rows, named, left, parts) = turn.run(runner, work).await?;
    (staged.rows, staged.missing, staged.is_lost) = (Some(Arc::new(rows)), named, false);
    (staged.text, staged.parts) = (left.unwrap_or_default(), parts);
    Ok(())
}

/// Puts the passwords of files into the rows.
async fn fill(runner: &Runner<'_>, staged: &mut ImportSession) -> Result<(), CommandError> {
    let turn = Turn::take(runner).await?;
    let (files, rules) = (mem::take(&mut staged.files), runner.app.rules);
    let mut rows = staged.rows.take().unwrap_or_default();
    staged.is_lost = true;
    let work = move |cancel: &Cancel| {
        give_files(Arc::make_mut(&mut rows), &files, rules, cancel)?;
        Ok(rows)
    };
    (staged.rows, staged.is_lost) = (Some(turn.run(runner, work).await?), false);
    Ok(())
}

async fn execute(
    runner: &Runner<'_>,
    id: &str,
    staged: &mut ImportSession,
    options: Options,
) -> Result<Results, CommandError> {
    if runner.is_abandoned() {
        return Err(runner.abandoned().await);
    }
    let key = runner.key(&key_of(id, options))?;
    let (rows, cancel) = (staged.rows.clone().unwrap_or_default(), Cancel::default());
    let results = Arc::new(Mutex::new(Results::default()));
    let import = Import {
        id: id.to_owned(),
        rows: Arc::clone(&rows),
        options,
        cancel: cancel.clone(),
        results: Arc::clone(&results),
        earlier: staged.parts.named(),
    };
    let mut prepared = Prepared::new(import).dry_run(options.dry_run).after_long_work();
    // Held until the old backups are gone.
    let mut _turn = None;
    if options.prune && !options.dry_run && !rows.is_empty() {
        _turn = Some(runner.lock_backups().await?);
        let backup = back_up(runner, rows).await?;
        prepared = prepared.after_backup(backup, AttachedSource::default());
    }
    let written = runner.commit(key, prepared, import_accounts);
    cancelled(runner, &cancel, options.dry_run, written).await?;
    results
        .lock()
        .map(|mut found| mem::take(&mut *found))
        .map_err(|_| CommandError::Internal("the results of an import were lost".into()))
}

/// Prepares the backup of what is there, and writes it ahead only where the rows leave somebody out
/// who would be deleted.
async fn back_up(runner: &Runner<'_>, rows: Arc<Rows>) -> Result<BackupBefore, CommandError> {
    let (store, name) = (runner.app.store.clone(), runner.backup_name("users-prune"));
    run_blocking(move || {
        let backup = store.backup_before(name, |_, _| Ok(()))?;
        let deletes =
            |db: &Db| Ok::<_, CommandError>(!accounts_not_in_file(db, &rows)?.rows.is_empty());
        backup.write_ahead(deletes)?;
        Ok(backup)
    })
    .await
}

/// Waits for the outcome of a transaction, which is asked to end where the daemon stops, and a dry run
/// where nobody waits for it any more.
async fn cancelled<T>(
    runner: &Runner<'_>,
    cancel: &Cancel,
    is_dry_run: bool,
    written: impl Future<Output = T>,
) -> T {
    tokio::pin!(written);
    tokio::select! {
        biased;
        outcome = &mut written => return outcome,
        () = runner.stopping() => cancel.cancel(),
        _ = runner.abandoned(), if is_dry_run => cancel.cancel(),
    }
    written.await
}

/// As many of the missing files as a reply can contain.
fn first_missing(missing: &BTreeSet<String>) -> Vec<String> {
    let mut bytes = ENVELOPE_BYTES;
    let fits = missing.iter().take(PAGE).take_while(|file| {
        bytes += serde_json::to_string(file).map_or(0, |text| text.len() + 1);
        bytes < MAX_REPLY_BYTES
    });
    fits.cloned().collect()
}

fn progress(id: &str, staged: &ImportSession, missing_files: Vec<String>) -> ImportResult {
    ImportResult {
        import: id.into(),
        done: false,
        rows: staged.rows.as_ref().map_or(0, |rows| rows.len() as u64),
        prepared: staged.prepared as u64,
        missing_files,
        counts: ImportCounts::default(),
        items: Vec::new(),
        next: None,
        effective_within_s: None,
        pending: None,
        backup: None,
        left: staged.options.and_then(|how| how.part).map(|_| staged.text.len() as u64),
    }
}

fn page(id: &str, staged: &ImportSession, cursor: &str) -> Result<ImportResult, CommandError> {
    let results = staged.results.as_ref().ok_or_else(|| {
        CommandError::Conflict("this import was not carried out yet; run it first".into())
    })?;
    let begin = cursor.parse().ok().filter(|begin| *begin <= results.items.len());
    let begin: usize = begin.ok_or_else(|| {
        CommandError::broken("cursor", "this is not the next of results of this import")
    })?;
    let mut bytes = ENVELOPE_BYTES;
    let fits = results.items[begin..].iter().take(PAGE).take_while(|item| {
        bytes += serde_json::to_string(item).map_or(0, |text| text.len() + 1);
        bytes < MAX_REPLY_BYTES
    });
    let items: Vec<_> = fits.cloned().collect();
    let end = begin + items.len();
    let next = (end < results.items.len()).then(|| end.to_string());
    Ok(ImportResult {
        done: true,
        counts: results.counts,
        items,
        next,
        backup: results.backup.clone(),
        ..progress(id, staged, Vec::new())
    })
}
