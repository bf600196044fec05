//! What a terminal shows bold, dim or red.

use std::env;

/// The sequences of the parts of a report; all empty where there is no colour.
pub(crate) struct Style {
    /// Headers, and names of properties.
    pub(super) bold: &'static str,
    /// The lines of the grid.
    pub(super) dim: &'static str,
    /// What somebody has to do something about.
    pub(super) alarm: &'static str,
    /// Ends each of them.
    pub(super) end: &'static str,
}

impl Style {
    pub(crate) const PLAIN: Self = Self { bold: "", dim: "", alarm: "", end: "" };

    const COLOUR: Self =
        Self { bold: "\u{1b}[1m", dim: "\u{1b}[2m", alarm: "\u{1b}[1;31m", end: "\u{1b}[0m" };

    /// That of a terminal.
    pub(crate) fn of_terminal() -> &'static Self {
        if may_colour() { &Self::COLOUR } else { &Self::PLAIN }
    }
}

/// Whether the person behind the terminal wants colours, and it has some.
fn may_colour() -> bool {
    let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !unwanted && env::var_os("TERM").is_some_and(|name| !name.is_empty() && name != "dumb")
}
