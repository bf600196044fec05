//! `users import` of a file of any length: more rows than a transaction may have are imported in
//! parts, and no more than one of them is held.

use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;

use photoprism_protocol::transfer::{ImportCounts, ImportItem};

use super::accounts_file::{Input, Long, open};
use super::transfer::{
    Options, Results, begin, grouped, note_counts, refused, run, send, stop_if_interrupted, table,
};
use crate::context::Context;
use crate::error::CliError;
use crate::escape;
use crate::flags::FormatFlags;
use crate::output;
use crate::report::Layout;

/// Lines of a text that may have more rows than one transaction.
const MANY_LINES: usize = 20_000;

/// Bytes that the daemon may have left before it gets the next piece.
const FEW: u64 = 1024 * 1024;

/// Imports a file.
///
/// # Errors
/// As [`super::transfer::run_import`]; what was done before is said first.
pub(super) fn import(
    context: &mut Context,
    path: &Path,
    options: Options<'_>,
    format: FormatFlags,
) -> Result<(), CliError> {
    let mut source = open(path, Long::InPieces)?;
    // After Ctrl-C the step that runs is waited for, so that what it did can be said.
    let interrupt = Rc::clone(&context.person.interrupt);
    let held = interrupt.hold();
    context.wait_on();
    let mut parts = Parts { format, dry_run: options.dry_run, ..Parts::default() };
    let outcome = parts.import(context, path, &mut source, options);
    let outcome = if parts.number == 0 { outcome } else { parts.end(context, outcome) };
    drop(held);
    outcome
}

/// What was done by the parts that are over.
#[derive(Default)]
struct Parts {
    format: FormatFlags,
    dry_run: bool,
    number: u64,
    /// Bytes that were sent, and those of the whole where they are known.
    bytes: u64,
    size: Option<u64>,
    counts: ImportCounts,
    /// Code of the first row that was refused.
    code: Option<String>,
}

impl Parts {
    fn import(
        &mut self,
        context: &mut Context,
        path: &Path,
        source: &mut Input,
        options: Options<'_>,
    ) -> Result<(), CliError> {
        let id = begin(context, source, options)?;
        let mut more = self.sent(source);
        let mut given = BTreeSet::new();
        loop {
            let results = run(context, source, &id, (options, more), &mut given)?;
            let over = more != Some(true) && results.left == 0;
            if over && self.number == 0 {
                return results.print(context, self.format);
            }
            self.add(context, &results)?;
            if over {
                return Ok(());
            }
            stop_if_interrupted(context)?;
            if more == Some(true)
                && results.left < FEW
                && let Input::Text(accounts) = source
            {
                accounts.advance(path)?;
                send(context, Some(id.clone()), accounts.text().expose(), options)?;
                more = self.sent(source);
            }
        }
    }

    /// Whether more follows what was sent; `None` where all of it is one transaction.
    fn sent(&mut self, source: &Input) -> Option<bool> {
        let Input::Text(accounts) = source else { return None };
        let text = accounts.text().expose();
        (self.bytes, self.size) = (self.bytes + text.len() as u64, accounts.size);
        let many = || text.matches('\n').count() > MANY_LINES;
        (self.number > 0 || accounts.goes_on() || many()).then(|| accounts.goes_on())
    }

    /// Prints the rows of a part: in the table those that were refused alone.
    fn add(&mut self, context: &Context, results: &Results) -> Result<(), CliError> {
        let is_first = self.number == 0;
        self.number += 1;
        let counts = results.counts;
        self.counts.added += counts.added;
        self.counts.updated += counts.updated;
        self.counts.unchanged += counts.unchanged;
        self.counts.kept += counts.kept;
        self.counts.refused += counts.refused;
        let refused = |item: &&ImportItem| item.code.is_some();
        if self.code.is_none() {
            self.code = results.items.iter().find_map(|item| item.code.clone());
        }
        match self.format.layout() {
            None => {
                let items: Vec<&str> =
                    results.written.items.iter().map(|item| item.get()).collect();
                let begin = if is_first { "{\"items\":[" } else { "," };
                output::data(&escape::json(&[begin, &items.join(",")].concat()))?;
            }
            Some(Layout::Table) if counts.refused == 0 => {}
            Some(Layout::Table) => {
                let items = results.items.iter().filter(refused);
                table(items, Layout::Table, self.dry_run).print(Layout::Table)?;
            }
            Some(layout) => {
                let text = table(results.items.iter(), layout, self.dry_run).render(layout, None);
                // The names of the columns come once.
                let lines = if layout == Layout::Markdown { 2 } else { 1 };
                let skipped = if is_first { 0 } else { lines };
                output::data(text.splitn(skipped + 1, '\n').last().unwrap_or_default())?;
            }
        }
        context.progress(&self.progress());
        Ok(())
    }

    /// `imported 40,000 rows, 38 % of the file`.
    fn progress(&self) -> String {
        let (done, rows) = (if self.dry_run { "tried" } else { "imported" }, grouped(self.rows()));
        match self.size {
            Some(size @ 1..) => {
                format!("{done} {rows} rows, {} % of the file", self.bytes.min(size) * 100 / size)
            }
            _ => format!("{done} {rows} rows"),
        }
    }

    fn rows(&self) -> u64 {
        let ImportCounts { added, updated, unchanged, kept, refused, .. } = self.counts;
        added + updated + unchanged + kept + refused
    }

    /// Says what was done, whatever ended it.
    fn end(&self, context: &mut Context, outcome: Result<(), CliError>) -> Result<(), CliError> {
        context.progress("");
        if self.format.layout().is_none() {
            let counts = serde_json::to_string(&self.counts);
            let counts = counts.map_err(|error| CliError::Internal(error.to_string()))?;
            output::data(&["],\"counts\":", &counts, "}\n"].concat())?;
        }
        note_counts(context, self.counts, self.dry_run);
        if let Err(error) = outcome {
            let rows = grouped(self.rows());
            let done = if self.dry_run {
                format!("{rows} rows were tried, and nothing was changed")
            } else {
                format!("{rows} rows were imported; run the same command again for the rest")
            };
            if !matches!(error, CliError::Interrupted(_)) {
                context.note(&done);
                return Err(error);
            }
            // It lives as long as the process, which ends now.
            return Err(CliError::Interrupted(format!("cancelled; {done}").leak()));
        }
        self.code.as_deref().map_or(Ok(()), |code| Err(refused(context, code)))
    }
}
