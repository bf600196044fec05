//! `logins ls --follow`: new attempts as they come.

use std::collections::HashSet;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use nix::poll::PollFlags;
use photoprism_protocol::logins;
use photoprism_protocol::logins::{Entry, LoginsLs};
use unicode_width::UnicodeWidthStr;

use super::rows;
use crate::clock::{self, Deadline};
use crate::commands::listing::{self, Row};
use crate::context::Context;
use crate::error::CliError;
use crate::escape;
use crate::exit::Exit;
use crate::flags::{FormatFlags, values};
use crate::interrupt::{InterruptGuard, Waited};
use crate::output;
use crate::report::{self, Layout, Report, Style};

/// How often the daemon is asked.
const ROUND: Duration = Duration::from_secs(1);

/// How far each question reaches back before the one before it: refusals of the limiter may be
/// written a second late.
const OVERLAP: Duration = Duration::from_secs(10);

/// Columns of a row in tables: what comes later must line up with what came first.
const WIDTHS: [usize; 6] = [15, 16, 6, 14, 19, 19];

/// Prints the attempts that `args` selects as they come; first those since its time, if it has
/// one, at most `count`.
///
/// # Errors
/// [`Exit::Interrupted`] after Ctrl-C, which is its only normal end and needs no message; what the
/// daemon refused, or why it could not be asked.
pub(super) fn run(
    context: &mut Context,
    args: &logins::Ls,
    count: u64,
    format: FormatFlags,
) -> Result<(), CliError> {
    let interrupt = Rc::clone(&context.person.interrupt);
    let held = interrupt.hold();
    match follow(context, args, count, Printer::new(&held, format.layout())) {
        Err(CliError::Interrupted(_)) if !context.json => {
            Err(CliError::Reported(Exit::Interrupted))
        }
        end => end,
    }
}

fn follow(
    context: &mut Context,
    args: &logins::Ls,
    count: u64,
    mut printer: Printer<'_>,
) -> Result<(), CliError> {
    let mut asked = clock::now();
    let mut known = ask(context, args, back_from(asked), 0)?;
    if let Some(width) = report::terminal_width() {
        printer.begin(width)?;
    }
    if let Some(since) = args.since.clone() {
        let first = ask(context, args, since, count)?;
        printer.print(first.clone())?;
        known.extend(first);
    }
    loop {
        pause(printer.held, PollFlags::empty(), Some(Deadline::after(ROUND)))?;
        let since = back_from(asked);
        asked = clock::now();
        let items = ask(context, args, since, 0)?;
        let before: HashSet<&str> = known.iter().map(|row| row.raw.get()).collect();
        let new = items.iter().filter(|row| !before.contains(row.raw.get())).cloned();
        printer.print(new.collect())?;
        known = items;
    }
}

fn back_from(asked: SystemTime) -> String {
    values::rfc3339(asked.checked_sub(OVERLAP).unwrap_or(asked))
}

/// Rows updated then or later, newest first.
fn ask(
    context: &mut Context,
    args: &logins::Ls,
    since: String,
    count: u64,
) -> Result<Vec<Row<Entry>>, CliError> {
    let since = Some(since);
    let page = |limit, cursor| logins::Ls { limit, cursor, since: since.clone(), ..args.clone() };
    Ok(listing::fetch::<LoginsLs, _>(context, count, page)?.rows)
}

/// Waits for the next round, or for room to write; sees meanwhile whether anybody reads on.
fn pause(
    held: &InterruptGuard<'_>,
    room: PollFlags,
    deadline: Option<Deadline>,
) -> Result<(), CliError> {
    let out = io::stdout();
    let waited = held.wait(out.as_fd(), room, deadline);
    match waited.map_err(|error| CliError::System("cannot wait", error))? {
        Waited::Ready if room.is_empty() => Err(CliError::ClosedPipe),
        Waited::Ready | Waited::TimedOut => Ok(()),
        Waited::Interrupted => Err(CliError::Interrupted("cancelled")),
    }
}

struct Printer<'a> {
    held: &'a InterruptGuard<'a>,
    /// `None` for JSON.
    layout: Option<Layout>,
    /// The header was printed.
    begun: bool,
    /// Columns that the terminal has no room for.
    gone: Vec<&'static str>,
    style: &'static Style,
}

impl<'a> Printer<'a> {
    fn new(held: &'a InterruptGuard<'a>, layout: Option<Layout>) -> Self {
        Self { held, layout, begun: false, gone: Vec::new(), style: &Style::PLAIN }
    }

    /// Prints the header at once: on a terminal somebody wants to see that it runs.
    fn begin(&mut self, width: usize) -> Result<(), CliError> {
        let Some(layout) = self.layout else { return Ok(()) };
        let mut report = rows::table(&[]);
        report.rows.push(vec![String::new(); WIDTHS.len()]);
        if layout == Layout::Table {
            self.style = Style::of_terminal();
            let mut wide = report.clone();
            wide.rows.iter_mut().for_each(|row| widen(row));
            let (gone, notes) = wide.fit(width);
            self.gone = gone;
            // There are no rows to see times in.
            let _ = io::stderr().write_all([&notes, "times are UTC\n"].concat().as_bytes());
        }
        let text = self.continued(report, layout);
        // All but the row, of which there is none yet.
        let header = text.trim_end_matches('\n').rfind('\n').map_or("", |end| &text[..=end]);
        self.begun = true;
        self.write(header)
    }

    /// Prints rows, the newest of which comes first, the other way round.
    fn print(&mut self, mut items: Vec<Row<Entry>>) -> Result<(), CliError> {
        if items.is_empty() {
            return Ok(());
        }
        items.reverse();
        let Some(layout) = self.layout else {
            let objects = items.iter().map(|item| escape::json(item.raw.get()) + "\n");
            return objects.into_iter().try_for_each(|line| self.write(&line));
        };
        let entries: Vec<&Entry> = items.iter().map(|item| &item.value).collect();
        let text = self.continued(rows::table(&entries), layout);
        self.begun = true;
        text.split_inclusive('\n').try_for_each(|line| self.write(line))
    }

    /// A line by itself: Ctrl-C works also while nobody reads.
    fn write(&self, line: &str) -> Result<(), CliError> {
        pause(self.held, PollFlags::POLLOUT, None)?;
        output::data(line)
    }

    /// Rows that go on below those printed so far: the header once, no last line.
    fn continued(&self, mut report: Report, layout: Layout) -> String {
        let (before, after) = match layout {
            Layout::Table => (3, 1),
            Layout::Markdown => (2, 0),
            Layout::Csv | Layout::Tsv => (1, 0),
        };
        if before > 1 {
            report.rows.iter_mut().for_each(|row| widen(row));
        }
        report.leave_out(&self.gone);
        let text = report.styled(layout, None, self.style);
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let skipped = if self.begun { before } else { 0 };
        lines[skipped..lines.len() - after].concat()
    }
}

/// Rows that come later must line up with what came first.
fn widen(row: &mut [String]) {
    for (cell, width) in row.iter_mut().zip(WIDTHS) {
        let missing = width.saturating_sub(cell.width());
        cell.extend(std::iter::repeat_n(' ', missing));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interrupt::Interrupt;

    fn printed(layout: Layout) -> Vec<String> {
        let interrupt = Interrupt::install().unwrap();
        let held = interrupt.hold();
        let mut printer = Printer::new(&held, Some(layout));
        let mut row = |name: &str| {
            let cells = ["192.0.2.7", name, "api", "OK", "2026-11-24 08:00:00", ""];
            let columns =
                vec!["Client IP", "User Name", "Realm", "Status", "Last Login", "Failed At"];
            let report = Report {
                columns,
                rows: vec![cells.map(String::from).to_vec()],
                ..Report::default()
            };
            let text = printer.continued(report, layout);
            printer.begun = true;
            text
        };
        vec![row("bob"), row("somebody")]
    }

    #[test]
    fn the_header_comes_once_and_columns_stay_where_they_are() {
        for (layout, lines) in
            [(Layout::Table, 4), (Layout::Markdown, 3), (Layout::Csv, 2), (Layout::Tsv, 2)]
        {
            let texts = printed(layout);
            assert_eq!(texts[0].lines().count(), lines, "{layout:?}");
            assert_eq!(texts[1].lines().count(), 1, "{layout:?}");
            assert!(texts[1].contains("somebody"));
        }
        let texts = printed(Layout::Table);
        let widths: HashSet<usize> = texts.concat().lines().map(str::len).collect();
        assert_eq!(widths.len(), 1, "{texts:?}");
    }
}
