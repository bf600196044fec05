//! What `users import` and `users apply` have in common: a file goes to the daemon in parts, and
//! comes back as a result for each row.

use std::collections::BTreeSet;

use photoprism_protocol::error::ErrorCode;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::transfer::{Import, UsersImport};
use serde_json::value::RawValue;

use super::accounts_file::Input;
use crate::context::{Context, decode, decode_all};
use crate::error::CliError;
use crate::escape;
use crate::exit::Exit;
use crate::flags::FormatFlags;
use crate::object::Object;
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
    counts: String,
    items: Vec<Box<RawValue>>,
    /// As JSON: the path of the backup of what was there before, or `null`.
    backup: String,
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
    let import = Some(match source {
        Input::Text(accounts) => send(context, accounts.text().expose(), options)?,
        Input::Database(path) => name(context, path, options)?,
    });
    let run = Import {
        import: import.clone(),
        run: Some(true),
        dry_run: Some(options.dry_run),
        update: Some(options.update),
        prune: Some(options.prune),
        ..Import::default()
    };
    let mut results = Results { counts: String::new(), items: Vec::new(), backup: String::new() };
    let (mut next, mut given) = (run.clone(), BTreeSet::new());
    loop {
        let answer = ask(context, &next, options)?;
        let step = decode(&answer)?;
        for file in step.texts("missing_files") {
            let Input::Text(accounts) = source else {
                return Err(CliError::BadReply("the daemon asks for a file of a database".into()));
            };
            if !given.insert(file.clone()) {
                return Err(CliError::BadReply("the daemon asks for a file a second time".into()));
            }
            let password = Some(accounts.password(&file)?);
            let (import, file) = (import.clone(), Some(file));
            ask(context, &Import { import, file, password, ..Import::default() }, options)?;
        }
        if !step.is_true("done") {
            continue;
        }
        step.raw("counts").clone_into(&mut results.counts);
        step.raw("backup").clone_into(&mut results.backup);
        results.items.append(&mut step.list("items"));
        let cursor = step.text("next");
        if cursor.is_empty() {
            return Ok(results);
        }
        next = Import { import: import.clone(), cursor: Some(cursor), ..Import::default() };
    }
}

fn send(context: &mut Context, text: &str, options: Options<'_>) -> Result<String, CliError> {
    let (mut import, mut rest) = (None, text);
    loop {
        let (part, more) = rest.split_at(rest.floor_char_boundary(PART));
        let text = Some(Secret::new(part.into()));
        let answer = ask(context, &Import { import, text, ..Import::default() }, options)?;
        let name = decode(&answer)?.text("import");
        if more.is_empty() {
            return Ok(name);
        }
        (import, rest) = (Some(name), more);
    }
}

fn name(context: &mut Context, path: &str, options: Options<'_>) -> Result<String, CliError> {
    let step = Import { database: Some(path.into()), ..Import::default() };
    let answer = ask(context, &step, options)?;
    Ok(decode(&answer)?.text("import"))
}

fn ask(
    context: &mut Context,
    step: &Import,
    options: Options<'_>,
) -> Result<Box<RawValue>, CliError> {
    match options.consent {
        Some(consent) => context.call_agreed_untyped::<UsersImport>(consent, step),
        None => context.call_untyped::<UsersImport>(step),
    }
}

impl Results {
    /// How many rows had that outcome.
    pub(super) fn count(&self, outcome: &str) -> Result<u64, CliError> {
        let bad_count = |_| CliError::BadReply("unexpected counts from the daemon".into());
        Ok(serde_json::from_str::<Object<'_>>(&self.counts).map_err(bad_count)?.number(outcome))
    }

    /// The first names with that outcome.
    pub(super) fn names(&self, outcome: &str, most: usize) -> Result<Vec<String>, CliError> {
        let items = decode_all(&self.items)?;
        let such = items.iter().filter(|item| item.text("outcome") == outcome);
        Ok(such.take(most).map(|item| item.text("name")).collect())
    }

    /// Prints a row for each result, and reports how many had which outcome.
    ///
    /// # Errors
    /// As [`output::data`]; the exit code of the first row that was refused.
    pub(super) fn print(&self, context: &mut Context, format: FormatFlags) -> Result<(), CliError> {
        let items = decode_all(&self.items)?;
        match format.layout() {
            None => {
                let items: Vec<&str> = self.items.iter().map(|item| item.get()).collect();
                let backup = match self.backup.as_str() {
                    "null" => String::new(),
                    path => [",\"backup\":", path].concat(),
                };
                let items = [",\"items\":[", &items.join(","), "]}"].concat();
                let text = ["{\"counts\":", &self.counts, &backup, &items].concat();
                output::line(&escape::json(&text))?;
            }
            Some(layout) => table(&items).print(layout)?,
        }
        let mut came = Vec::new();
        for outcome in ["added", "updated", "unchanged", "kept", "pruned", "refused"] {
            came.push([outcome, " ", &self.count(outcome)?.to_string()].concat());
        }
        context.note(&came.join(", "));
        if let Ok(path) = serde_json::from_str::<String>(&self.backup) {
            context.note(&format!("the backup that holds what was there before: {path}"));
        }
        let refusal = items.iter().map(|item| item.text("code")).find(|code| !code.is_empty());
        let Some(code) = refusal else { return Ok(()) };
        // It was reported by its row; the notes that wait for the end come before the code.
        context.finish();
        Err(CliError::Reported(ErrorCode::parse(&code).map_or(Exit::Failed, Exit::from)))
    }
}

fn table(items: &[Object<'_>]) -> Report {
    let row = |item: &Object<'_>| {
        let line = item.raw("line").trim_start_matches('0').to_owned();
        let (field, message) = (item.text("field"), item.text("message"));
        let message = if field.is_empty() { message } else { [&field, ": ", &message].concat() };
        let changed = item.texts("changed").join(", ");
        vec![line, item.text("name"), item.text("outcome"), changed, message]
    };
    Report {
        columns: vec!["Line", "Username", "Outcome", "Changed", "Message"],
        rows: items.iter().map(row).collect(),
    }
}
