//! What `users import` and `users apply` have in common: a file goes to the daemon in parts, and
//! comes back as a result for each row.

use std::collections::BTreeSet;

use photoprism_protocol::error::ErrorCode;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::transfer::{Import, ImportCounts, ImportItem, ImportResult, UsersImport};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::accounts_file::Input;
use crate::context::{Context, Reply};
use crate::decode;
use crate::error::CliError;
use crate::escape;
use crate::exit::Exit;
use crate::flags::FormatFlags;
use crate::output;
use crate::prompt::Consent;
use crate::report::Report;

/// Bytes of a part: a line of the daemon has 64 KiB, and JSON writes a byte as six at the worst.
const PART: usize = 10_000;

/// How a file is applied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options<'a> {
    pub(super) dry_run: bool,
    pub(super) update: bool,
    pub(super) prune: bool,
    /// Somebody agreed that accounts are deleted.
    pub(super) consent: Option<&'a Consent>,
}

/// The outcomes: how many rows had which, and each row by itself.
pub(super) struct Results {
    pub(super) counts: ImportCounts,
    items: Vec<ImportItem>,
    /// Path of the backup of what was there before.
    backup: Option<String>,
    written: Written,
}

/// The same as the daemon wrote it, for `--json`: a newer one may have more keys.
#[derive(Deserialize)]
struct Written {
    counts: Box<RawValue>,
    items: Vec<Box<RawValue>>,
    #[serde(default)]
    backup: Option<Box<RawValue>>,
}

/// Sends the text, or names the database, and has it applied.
///
/// # Errors
/// As [`Context::call`], and [`CliError::Usage`] for a password file.
pub(super) fn run_import(
    context: &mut Context,
    source: &mut Input,
    options: Options<'_>,
) -> Result<Results, CliError> {
    let import = match source {
        Input::Text(accounts) => send(context, accounts.text().expose(), options)?,
        Input::Database(path) => name(context, path, options)?,
    };
    let mut next = Import {
        import: Some(import.clone()),
        run: Some(true),
        dry_run: Some(options.dry_run),
        update: Some(options.update),
        prune: Some(options.prune),
        ..Import::default()
    };
    let (mut items, mut texts, mut given) = (Vec::new(), Vec::new(), BTreeSet::new());
    loop {
        let Reply { value: mut step, raw } = ask(context, &next, options)?;
        for file in step.missing_files {
            let password = Some(requested(source, &mut given, &file)?);
            let (import, file) = (Some(import.clone()), Some(file));
            ask(context, &Import { import, file, password, ..Import::default() }, options)?;
        }
        if !step.done {
            continue;
        }
        let mut written: Written = decode::result(raw.get())?;
        items.append(&mut step.items);
        texts.append(&mut written.items);
        if step.next.is_none() {
            written.items = texts;
            return Ok(Results { counts: step.counts, items, backup: step.backup, written });
        }
        let import = Some(import.clone());
        next = Import { import, cursor: step.next, ..Import::default() };
    }
}

/// The password in a file that the daemon asks for, each file once.
fn requested(
    source: &mut Input,
    given: &mut BTreeSet<String>,
    file: &str,
) -> Result<Secret, CliError> {
    let Input::Text(accounts) = source else {
        return Err(CliError::BadReply("the daemon asks for a file of a database".into()));
    };
    if !given.insert(file.to_owned()) {
        return Err(CliError::BadReply("the daemon asks for a file a second time".into()));
    }
    accounts.password(file)
}

fn send(context: &mut Context, text: &str, options: Options<'_>) -> Result<String, CliError> {
    let (mut import, mut rest) = (None, text);
    loop {
        let (part, more) = rest.split_at(rest.floor_char_boundary(PART));
        let text = Some(Secret::new(part.into()));
        let answer = ask(context, &Import { import, text, ..Import::default() }, options)?;
        let name = answer.value.import;
        if more.is_empty() {
            return Ok(name);
        }
        (import, rest) = (Some(name), more);
    }
}

fn name(context: &mut Context, path: &str, options: Options<'_>) -> Result<String, CliError> {
    let step = Import { database: Some(path.into()), ..Import::default() };
    let answer = ask(context, &step, options)?;
    Ok(answer.value.import)
}

fn ask(
    context: &mut Context,
    step: &Import,
    options: Options<'_>,
) -> Result<Reply<ImportResult>, CliError> {
    match options.consent {
        Some(consent) => context.call_agreed::<UsersImport>(consent, step),
        None => context.call::<UsersImport>(step),
    }
}

impl Results {
    /// The first names of accounts that were deleted, or would be.
    pub(super) fn pruned(&self, most: usize) -> Vec<&str> {
        let pruned = self.items.iter().filter(|item| item.outcome == "pruned");
        pruned.take(most).map(|item| item.name.as_str()).collect()
    }

    /// Prints a row for each result, and reports how many had which outcome.
    ///
    /// # Errors
    /// As [`output::data`]; the exit code of the first row that was refused.
    pub(super) fn print(&self, context: &mut Context, format: FormatFlags) -> Result<(), CliError> {
        match format.layout() {
            None => output::line(&escape::json(&self.written.json()))?,
            Some(layout) => table(&self.items).print(layout)?,
        }
        let ImportCounts { added, updated, unchanged, kept, pruned, refused } = self.counts;
        context.note(&format!(
            "added {added}, updated {updated}, unchanged {unchanged}, kept {kept}, pruned {pruned}, \
             refused {refused}"
        ));
        if let Some(path) = &self.backup {
            context.note(&format!("the backup that holds what was there before: {path}"));
        }
        let Some(code) = self.items.iter().find_map(|item| item.code.as_deref()) else {
            return Ok(());
        };
        // It was reported by its row; the notes that wait for the end come before the code.
        context.finish();
        Err(CliError::Reported(ErrorCode::parse(code).map_or(Exit::Failed, Exit::from)))
    }
}

impl Written {
    /// One object of all pages.
    fn json(&self) -> String {
        let items: Vec<&str> = self.items.iter().map(|item| item.get()).collect();
        let backup = match &self.backup {
            None => String::new(),
            Some(path) => [",\"backup\":", path.get()].concat(),
        };
        let items = [",\"items\":[", &items.join(","), "]}"].concat();
        ["{\"counts\":", self.counts.get(), &backup, &items].concat()
    }
}

fn table(items: &[ImportItem]) -> Report {
    let row = |item: &ImportItem| {
        let line = if item.line == 0 { String::new() } else { item.line.to_string() };
        let message = item.message.as_deref().unwrap_or_default();
        let message = match &item.field {
            None => message.to_owned(),
            Some(field) => [field, ": ", message].concat(),
        };
        let changed = item.changed.join(", ");
        vec![line, item.name.clone(), item.outcome.clone(), changed, message]
    };
    Report {
        columns: vec!["Line", "Username", "Outcome", "Changed", "Message"],
        rows: items.iter().map(row).collect(),
    }
}
