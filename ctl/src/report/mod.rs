//! Rows of text in every format that the reports have.

pub mod format;
mod separated;
mod style;
mod table;
mod wrap;

use std::io::{self, IsTerminal, Write};

use crate::error::CliError;
use crate::output;
pub(crate) use style::Style;

/// How rows are printed. JSON is not among them: it passes the daemon's objects through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A bordered table for people.
    Table,
    /// The same as Markdown.
    Markdown,
    /// Separated by semicolons.
    Csv,
    /// Separated by tabs.
    Tsv,
}

/// A table before it is laid out. Every row has as many cells as there are columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Headers.
    pub columns: Vec<&'static str>,
    /// Cells, as they came.
    pub rows: Vec<Vec<String>>,
    /// Columns that a terminal without room for all of them leaves out, least worth first.
    pub least: &'static [&'static str],
    /// Names and values: on a terminal a list and not a table.
    pub list: bool,
}

impl Report {
    /// Columns `Name` and `Value`, in the order given. What is empty is left out of the table and
    /// kept in the other layouts.
    pub fn properties(pairs: Vec<(&'static str, String)>, layout: Layout) -> Self {
        let rows = pairs
            .into_iter()
            .filter(|(_, value)| layout != Layout::Table || !value.is_empty())
            .map(|(name, value)| vec![name.to_owned(), value])
            .collect();
        Self { columns: vec!["Name", "Value"], rows, least: &[], list: true }
    }

    /// The text, lines ended by `\n`. `width` is that of the terminal in columns, where there is
    /// one.
    pub fn render(&self, layout: Layout, width: Option<usize>) -> String {
        self.styled(layout, width, &Style::PLAIN)
    }

    pub(crate) fn styled(&self, layout: Layout, width: Option<usize>, style: &Style) -> String {
        match (layout, width) {
            (Layout::Table, Some(width)) if self.list => table::list(self, width, style),
            (Layout::Table, _) => table::bordered(self, width, style),
            (Layout::Markdown, _) => table::markdown(self),
            (Layout::Csv, _) => separated::write(self, ';'),
            (Layout::Tsv, _) => separated::write(self, '\t'),
        }
    }

    /// Prints it. On a terminal notes follow: which columns there was no room for, and that times
    /// are UTC.
    pub fn print(mut self, layout: Layout) -> Result<(), CliError> {
        let Some(width) = terminal_width().filter(|_| layout == Layout::Table) else {
            return output::data(&self.render(layout, None));
        };
        let (_, notes) = self.fit(width);
        output::data(&self.styled(layout, Some(width), Style::of_terminal()))?;
        let _ = io::stderr().write_all(notes.as_bytes());
        Ok(())
    }

    /// Leaves out what a terminal of that width has no room for: those columns, and the notes to
    /// print.
    pub(crate) fn fit(&mut self, width: usize) -> (Vec<&'static str>, String) {
        let mut notes = String::new();
        if self.rows.is_empty() {
            return (Vec::new(), notes);
        }
        let gone = table::too_many(self, width);
        self.leave_out(&gone);
        if !gone.is_empty() {
            let names = gone.join(", ");
            let note =
                ["no room for: ", &names, "; see --csv, --json, or a wider terminal"].concat();
            notes.extend([&*wrap::wrapped(&note, width), "\n"]);
        }
        if self.rows.iter().flatten().any(|cell| format::is_time(cell)) {
            notes.push_str("times are UTC\n");
        }
        (gone, notes)
    }

    pub(crate) fn leave_out(&mut self, columns: &[&str]) {
        for name in columns {
            let Some(at) = self.columns.iter().position(|own| own == name) else { continue };
            self.rows.iter_mut().for_each(|row| drop(row.remove(at)));
            self.columns.remove(at);
        }
    }
}

/// Columns of the terminal that standard output is; `None` for anything else.
pub(crate) fn terminal_width() -> Option<usize> {
    let out = io::stdout();
    if !out.is_terminal() {
        return None;
    }
    terminal_size::terminal_size_of(out).map(|(width, _)| usize::from(width.0))
}
