//! Flags that several commands share.

use clap::Args;

use crate::report::Layout;

/// The formats of the report commands: one at most.
#[derive(Clone, Copy, Debug, Default, Args)]
#[group(id = "format", multiple = false)]
#[expect(clippy::struct_excessive_bools, reason = "one flag each, clap keeps them apart")]
pub(crate) struct FormatFlags {
    /// Print a Markdown table
    #[arg(short = 'm', long)]
    md: bool,
    /// Print semicolon-separated values
    #[arg(short = 'c', long)]
    csv: bool,
    /// Print tab-separated values
    #[arg(short = 't', long)]
    tsv: bool,
    /// Print JSON
    #[arg(short = 'j', long)]
    pub json: bool,
}

impl FormatFlags {
    /// The layout of the rows; `None` for JSON.
    pub(crate) fn layout(self) -> Option<Layout> {
        match self {
            Self { json: true, .. } => None,
            Self { md: true, .. } => Some(Layout::Markdown),
            Self { csv: true, .. } => Some(Layout::Csv),
            Self { tsv: true, .. } => Some(Layout::Tsv),
            Self { .. } => Some(Layout::Table),
        }
    }
}

/// JSON from a command that changes something.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct JsonFlag {
    /// Print the daemon's result as JSON
    #[arg(short = 'j', long)]
    pub json: bool,
}

/// How many rows a list has.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct CountFlag {
    /// Most rows to print, 0 for all of them
    #[arg(short = 'n', long, value_name = "LIMIT", default_value_t = 100)]
    pub count: u64,
}

/// The way around a question.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct YesFlag {
    /// Do not ask
    #[arg(short = 'y', long)]
    pub yes: bool,
}
