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
use crate::report::{Layout, Report};

/// Bytes of a part: a line of the daemon has 64 KiB, and JSON writes a byte as six at the worst.
const PART: usize = 10_000;

/// How a file is applied.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options<'a> {
    pub(super) dry_run: bool,
    pub(super) update: bool,
    pub(super) prune: bool,
    /// Role of new accounts whose rows give none.
    pub(super) role: Option<&'a str>,
    /// Somebody agreed that accounts are deleted.
    pub(super) consent: Option<&'a Consent>,
}

/// The outcomes: how many rows had which, and each row by itself.
pub(super) struct Results {
    pub(super) counts: ImportCounts,
    pub(super) items: Vec<ImportItem>,
    /// Bytes of the text that are left to the next part.
    pub(super) left: u64,
    dry_run: bool,
    /// Path of the backup of what was there before.
    backup: Option<String>,
    pub(super) written: Written,
}

/// The same as the daemon wrote it, for `--json`: a newer one may have more keys.
#[derive(Deserialize)]
pub(super) struct Written {
    counts: Box<RawValue>,
    pub(super) items: Vec<Box<RawValue>>,
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
    let import = begin(context, source, options)?;
    run(context, source, &import, (options, None), &mut BTreeSet::new())
}

/// Sends the text, or names the database: the name of the import.
pub(super) fn begin(
    context: &mut Context,
    source: &Input,
    options: Options<'_>,
) -> Result<String, CliError> {
    match source {
        Input::Text(accounts) => send(context, None, accounts.text().expose(), options),
        Input::Database(path) => name(context, path, options),
    }
}

/// Has it applied; in parts where there are such: whether more of the text follows. `given` holds the
/// files that were asked for.
pub(super) fn run(
    context: &mut Context,
    source: &mut Input,
    import: &str,
    how: (Options<'_>, Option<bool>),
    given: &mut BTreeSet<String>,
) -> Result<Results, CliError> {
    let (options, more) = how;
    let mut next = Import {
        import: Some(import.to_owned()),
        run: Some(true),
        dry_run: Some(options.dry_run),
        update: Some(options.update),
        prune: Some(options.prune),
        role: options.role.map(str::to_owned),
        parts: more.map(|_| true),
        more: more.filter(|more| *more),
        ..Import::default()
    };
    let (mut items, mut texts) = (Vec::new(), Vec::new());
    loop {
        let Reply { value: mut step, raw } = ask(context, &next, options)?;
        for file in step.missing_files {
            let password = Some(requested(source, given, &file)?);
            let (import, file) = (Some(import.to_owned()), Some(file));
            ask(context, &Import { import, file, password, ..Import::default() }, options)?;
        }
        if !step.done {
            stop_if_interrupted(context)?;
            if step.prepared > 0 {
                let (prepared, rows) = (grouped(step.prepared), grouped(step.rows));
                context.progress(&format!("hashed the passwords of {prepared} of {rows} rows"));
            }
            continue;
        }
        let mut written: Written = decode::result(raw.get())?;
        items.append(&mut step.items);
        texts.append(&mut written.items);
        if step.next.is_none() {
            written.items = texts;
            context.progress("");
            let (counts, left, dry_run) = (step.counts, step.left.unwrap_or(0), options.dry_run);
            return Ok(Results { counts, items, left, dry_run, backup: step.backup, written });
        }
        let import = Some(import.to_owned());
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

/// The end of an import in which nothing has been carried out since it was last asked.
pub(super) fn stop_if_interrupted(context: &Context) -> Result<(), CliError> {
    if context.person.interrupt.came() {
        context.progress("");
        return Err(CliError::Interrupted("cancelled; nothing was imported"));
    }
    Ok(())
}

/// A number in groups of three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Sends a text, the first or one that goes on.
pub(super) fn send(
    context: &mut Context,
    mut import: Option<String>,
    text: &str,
    options: Options<'_>,
) -> Result<String, CliError> {
    let mut rest = text;
    loop {
        stop_if_interrupted(context)?;
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
            Some(layout) => table(self.items.iter(), layout, self.dry_run).print(layout)?,
        }
        note_counts(context, self.counts, self.dry_run);
        if let Some(path) = &self.backup {
            context.note(&format!("the backup that holds what was there before: {path}"));
        }
        let Some(code) = self.items.iter().find_map(|item| item.code.as_deref()) else {
            return Ok(());
        };
        Err(refused(context, code))
    }
}

/// What stands before what a dry run would do.
fn would(dry_run: bool) -> &'static str {
    if dry_run { "would be " } else { "" }
}

pub(super) fn note_counts(context: &mut Context, counts: ImportCounts, dry_run: bool) {
    let ImportCounts { added, updated, unchanged, kept, pruned, refused } = counts;
    let would = would(dry_run);
    context.note(&format!(
        "{would}added {added}, updated {updated}, unchanged {unchanged}, kept {kept}, pruned {pruned}, \
         refused {refused}"
    ));
}

/// The exit code of a row that was refused. It was reported by its row; the notes that wait for the end
/// come before the code.
pub(super) fn refused(context: &mut Context, code: &str) -> CliError {
    context.finish();
    CliError::Reported(ErrorCode::parse(code).map_or(Exit::Failed, Exit::from))
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

/// For people what was refused is at the end, and the outcomes of a dry run are what would be.
pub(super) fn table<'a>(
    items: impl Iterator<Item = &'a ImportItem>,
    layout: Layout,
    dry_run: bool,
) -> Report {
    let for_people = matches!(layout, Layout::Table | Layout::Markdown);
    let mut items: Vec<&ImportItem> = items.collect();
    if for_people {
        items.sort_by_key(|item| item.code.is_some());
    }
    let row = |item: &&ImportItem| {
        let line = if item.line == 0 { String::new() } else { item.line.to_string() };
        let message = item.message.as_deref().unwrap_or_default();
        let message = match &item.field {
            None => message.to_owned(),
            Some(field) => [field, ": ", message].concat(),
        };
        let changes = matches!(&*item.outcome, "added" | "updated" | "pruned");
        let would = if for_people && changes { would(dry_run) } else { "" };
        let outcome = [would, &item.outcome].concat();
        vec![line, item.name.clone(), outcome, item.changed.join(", "), message]
    };
    Report {
        columns: vec!["Line", "Username", "Outcome", "Changed", "Message"],
        rows: items.iter().map(row).collect(),
        ..Report::default()
    }
}
