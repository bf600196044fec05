//! The steps, each of which takes an import out and puts it back.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use photoprism_protocol::MAX_REPLY_BYTES;
use photoprism_protocol::envelope::Success;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::transfer::{ImportCounts, ImportResult};

use super::prepare::{give_files, named_files, prepare_next, rows};
use super::worker::Turn;
use crate::clock::Stopwatch;
use crate::commands::ImportSession;
use crate::commands::success;
use crate::commands::users::{Import, import};
use crate::commands::{Answer, Runner};
use crate::commands::{Cancel, Options, Results, Rows};
use crate::error::CommandError;
use crate::store::Tx;

/// How long a step prepares passwords before it reports its progress: clients wait 40 s.
const WORK: Duration = Duration::from_secs(5);

/// Items of one reply: writing them must not keep the async thread busy for longer than a millisecond.
const PAGE: usize = 200;

/// Bytes of a reply that are not items.
const ENVELOPE_BYTES: usize = 4096;

/// The text, or its next part.
pub(super) fn text(call: &Runner<'_>, id: Option<String>, part: &Secret) -> Answer {
    let bytes = part.expose().len();
    let step = |staged: &mut ImportSession| staged.add(part);
    match id {
        Some(id) => change(call, &id, bytes, step),
        None => begin(call, bytes, step),
    }
}

/// The rows of a database, which are whole at once, and the bytes that they were read from.
pub(super) fn begin_with_rows(call: &Runner<'_>, rows: Rows, bytes: usize) -> Answer {
    begin(call, bytes, |staged| {
        (staged.rows, staged.bytes) = (Some(Arc::new(rows)), bytes);
        Ok(())
    })
}

/// The password of a file that was asked for.
pub(super) fn file(call: &Runner<'_>, id: &str, file: String, password: Secret) -> Answer {
    change(call, id, password.expose().len(), |staged| staged.give(file, password))
}

/// The first step of an import, which brings so many bytes. If it fails, the import is forgotten:
/// no client knows its name.
fn begin(
    call: &Runner<'_>,
    bytes: usize,
    step: impl FnOnce(&mut ImportSession) -> Result<(), CommandError>,
) -> Answer {
    let app = call.app;
    let id = app.imports.begin(call.uid(), bytes, (app.started.elapsed(), app.random))?;
    let answer = change(call, &id, bytes, step);
    if answer.is_err() {
        app.imports.forget(&id);
    }
    answer
}

/// A step that brings so many bytes.
fn change(
    call: &Runner<'_>,
    id: &str,
    bytes: usize,
    step: impl FnOnce(&mut ImportSession) -> Result<(), CommandError>,
) -> Answer {
    let (imports, now) = (&call.app.imports, call.app.started.elapsed());
    let mut staged = imports.take(id, call.uid())?;
    let changed = imports.check_room(bytes, now).and_then(|()| step(&mut staged));
    let answer = changed.and_then(|()| success(&progress(id, &staged, Vec::new())));
    imports.put_back(id, staged, call.app.started.elapsed());
    answer
}

/// The next results.
pub(super) fn results(call: &Runner<'_>, id: &str, cursor: &str) -> Answer {
    let staged = call.app.imports.take(id, call.uid())?;
    let answer = page(id, &staged, cursor);
    let last = matches!(&answer, Ok(result) if result.next.is_none());
    call.app.imports.put_back(id, staged, call.app.started.elapsed());
    if last {
        call.app.imports.forget(id);
    }
    success(&answer?)
}

/// Runs the import as far as one step allows.
pub(super) async fn run(call: &Runner<'_>, id: &str, options: Options) -> Answer {
    let key = call.key(&(id, options.dry_run, options.update, options.prune))?;
    if let Some(replay) = call.replay(key.as_ref(), None).await? {
        return Ok(replay);
    }
    let mut staged = call.app.imports.take(id, call.uid())?;
    let ended = advance(call, id, &mut staged, options).await;
    let over = match &ended {
        Ok(result) => result.done && result.next.is_none(),
        // What was lost, or is invalid, or names nobody, would fail again at the next attempt.
        Err(error) => {
            let nothing = staged.rows.as_ref().is_none_or(|rows| rows.is_empty());
            staged.is_lost || nothing && matches!(error, CommandError::Invalid { .. })
        }
    };
    let warnings = staged.results.as_ref().map(|found| found.warnings.clone());
    call.app.imports.put_back(id, staged, call.app.started.elapsed());
    if over {
        call.app.imports.forget(id);
    }
    Ok(Success { warnings: warnings.unwrap_or_default(), ..success(&ended?)? })
}

async fn advance(
    call: &Runner<'_>,
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
        parse(call, staged).await?;
    }
    if !staged.missing.is_empty() {
        return Ok(progress(id, staged, first_missing(&staged.missing)));
    }
    if !staged.files.is_empty() {
        fill(call, staged).await?;
    }
    let count = staged.rows.as_ref().map_or(0, |rows| rows.len());
    let watch = Stopwatch::start();
    while staged.prepared < count {
        if watch.elapsed() > WORK {
            return Ok(progress(id, staged, Vec::new()));
        }
        prepare_next(call, staged, options).await?;
    }
    let results = execute(call, id, staged, options).await?;
    staged.results = Some(results);
    page(id, staged, "0")
}

/// Reads the rows of a text that is whole.
async fn parse(call: &Runner<'_>, staged: &mut ImportSession) -> Result<(), CommandError> {
    let turn = Turn::take(call).await?;
    let (text, rules) = (std::mem::take(&mut staged.text), (call.app.rules, !call.app.own));
    staged.is_lost = true;
    let work = move |cancel: &Cancel| {
        let rows = rows(text, rules, cancel)?;
        let named = named_files(&rows);
        Ok((rows, named))
    };
    let (rows, named) = turn.run(call, work).await?;
    (staged.rows, staged.missing, staged.is_lost) = (Some(Arc::new(rows)), named, false);
    Ok(())
}

/// Puts the passwords of files into the rows.
async fn fill(call: &Runner<'_>, staged: &mut ImportSession) -> Result<(), CommandError> {
    let turn = Turn::take(call).await?;
    let (files, rules) = (std::mem::take(&mut staged.files), call.app.rules);
    let mut rows = staged.rows.take().unwrap_or_default();
    staged.is_lost = true;
    let work = move |cancel: &Cancel| {
        give_files(Arc::make_mut(&mut rows), &files, rules, cancel)?;
        Ok(rows)
    };
    (staged.rows, staged.is_lost) = (Some(turn.run(call, work).await?), false);
    Ok(())
}

async fn execute(
    call: &Runner<'_>,
    id: &str,
    staged: &mut ImportSession,
    options: Options,
) -> Result<Results, CommandError> {
    if call.is_abandoned() {
        return Err(call.abandoned().await);
    }
    // What a dry run writes is rolled back, its key included.
    let key = call.key(&(id, options.dry_run, options.update, options.prune))?;
    let key = key.filter(|_| !options.dry_run);
    let (rows, cancel) = (staged.rows.clone().unwrap_or_default(), Cancel::default());
    let request = Import { id: id.to_owned(), rows, options, cancel: cancel.clone() };
    let results = Arc::new(Mutex::new(Results::default()));
    let (kept, context) = (Arc::clone(&results), Arc::clone(&call.context));
    let work = move |tx: &Tx<'_>| import(tx, &context, key.as_ref(), (&request, &kept));
    let store = &call.app.store;
    let written = async {
        if options.dry_run {
            store.write_and_rollback(call.whole_time(), work).await
        } else {
            store.write_with_effects(call.whole_time(), work).await
        }
    };
    cancelled_by_stop(call, &cancel, written).await?;
    results
        .lock()
        .map(|mut found| std::mem::take(&mut *found))
        .map_err(|_| CommandError::Internal("the results of an import were lost".into()))
}

/// Waits for the outcome of a transaction, which is asked to end where the daemon stops.
async fn cancelled_by_stop<T>(
    call: &Runner<'_>,
    cancel: &Cancel,
    written: impl Future<Output = T>,
) -> T {
    tokio::pin!(written);
    tokio::select! {
        biased;
        outcome = &mut written => return outcome,
        () = call.stopping() => cancel.cancel(),
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
        backup: None,
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
        effective_within_s: results.effective_within_s,
        backup: results.backup.clone(),
        ..progress(id, staged, Vec::new())
    })
}
