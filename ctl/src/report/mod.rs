//! Rows of text in every format that the reports have.

pub mod format;
mod separated;
mod table;

use std::io::{self, IsTerminal};

use crate::error::CliError;
use crate::output;

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
        Self { columns: vec!["Name", "Value"], rows }
    }

    /// The text, lines ended by `\n`. `width` is that of the terminal in columns, where there is
    /// one.
    pub fn render(&self, layout: Layout, width: Option<usize>) -> String {
        match layout {
            Layout::Table => table::bordered(self, width),
            Layout::Markdown => table::markdown(self),
            Layout::Csv => separated::write(self, ';'),
            Layout::Tsv => separated::write(self, '\t'),
        }
    }

    /// Prints it.
    pub fn print(&self, layout: Layout) -> Result<(), CliError> {
        output::data(&self.render(layout, terminal_width()))
    }
}

/// Columns of the terminal that standard output is; `None` for anything else.
fn terminal_width() -> Option<usize> {
    let out = io::stdout();
    if !out.is_terminal() {
        return None;
    }
    terminal_size::terminal_size_of(out).map(|(width, _)| usize::from(width.0))
}
