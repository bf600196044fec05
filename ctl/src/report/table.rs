//! Bordered tables, Markdown, and lists of properties.
//!
//! Written here and not by the crate tabled, which takes about 60 KB for the same bytes.

use std::borrow::Cow;
use std::iter::repeat_n;

use unicode_width::UnicodeWidthStr;

use super::Report;
use super::style::Style;
use super::wrap::wrapped;
use crate::escape;

/// The column that holds numbers.
const RIGHT_ALIGNED: &str = "ID";

/// The column in which a No is something to do.
const MARKED: &str = "OK";

/// Cells are never wrapped to fewer columns than this: a UID stays whole.
const LEAST_CELL_WIDTH: usize = 20;

/// What a long cell counts where columns are left out: the rest of it wraps.
const COUNTED_CELL_WIDTH: usize = 24;

/// With a line above and below; nothing where there are no rows. Cells wrap where the table is
/// wider than `width`.
pub(super) fn bordered(report: &Report, width: Option<usize>, style: &Style) -> String {
    let mut cells = cells(report, escape::line);
    if let Some(limit) = width.and_then(|width| cell_limit(&widths(&cells), width)) {
        for cell in cells.iter_mut().flatten() {
            *cell = wrapped(cell, limit);
        }
    }
    draw(&cells, &report.columns, true, style)
}

/// The same without the first and the last line.
pub(super) fn markdown(report: &Report) -> String {
    let cells = cells(report, |text| escape::markdown(text).into());
    draw(&cells, &report.columns, false, &Style::PLAIN)
}

/// Names and values, a line each; a value goes on below itself where the line ends.
pub(super) fn list(report: &Report, width: usize, style: &Style) -> String {
    let cells = cells(report, escape::line);
    // A colon and two blanks.
    let indent = widths(&cells)[0] + 3;
    let room = width.saturating_sub(indent).max(LEAST_CELL_WIDTH);
    let mut text = String::new();
    for row in &cells[1..] {
        text.extend([style.bold, &row[0], ":", style.end]);
        let mut at = row[0].width() + 1;
        for line in wrapped(&row[1], room).split('\n') {
            blanks(&mut text, indent - at);
            text.extend([line, "\n"]);
            at = 0;
        }
    }
    text
}

/// Names of the columns to leave out, least worth first, for the others to have room.
pub(super) fn too_many(report: &Report, width: usize) -> Vec<&'static str> {
    let widths = widths(&cells(report, escape::line));
    let mut total = 1 + widths.iter().map(|cell| cell.min(&COUNTED_CELL_WIDTH) + 3).sum::<usize>();
    let mut names = Vec::new();
    for name in report.least {
        let Some(at) = report.columns.iter().position(|column| column == name) else { continue };
        if total <= width {
            break;
        }
        total -= widths[at].min(COUNTED_CELL_WIDTH) + 3;
        names.push(*name);
    }
    names
}

/// Header and rows, escaped.
fn cells(report: &Report, escape: fn(&str) -> Cow<'_, str>) -> Vec<Vec<String>> {
    let header = report.columns.iter().map(|&name| name.to_owned()).collect();
    let rows = report.rows.iter().map(|row| row.iter().map(|cell| escape(cell).into()).collect());
    std::iter::once(header).chain(rows).collect()
}

/// Of each column, the columns of the terminal that its widest line takes.
fn widths(cells: &[Vec<String>]) -> Vec<usize> {
    let widest = |at: usize| {
        let lines = cells.iter().flat_map(|row| row[at].split('\n'));
        lines.map(UnicodeWidthStr::width).max().unwrap_or_default()
    };
    (0..cells[0].len()).map(widest).collect()
}

/// Draws the grid; `outer` is whether there is a line above and below.
fn draw(cells: &[Vec<String>], names: &[&str], outer: bool, style: &Style) -> String {
    if cells.len() == 1 {
        return String::new();
    }
    let widths = widths(cells);
    let mut rule = String::from(style.dim);
    for width in &widths {
        rule.push('|');
        rule.extend(repeat_n('-', width + 2));
    }
    rule.extend(["|", style.end, "\n"]);
    let mut text = String::new();
    for (number, row) in cells.iter().enumerate() {
        if number == 1 || (number == 0 && outer) {
            text.push_str(&rule);
        }
        draw_row(&mut text, row, &Grid { names, widths: &widths, header: number == 0, style });
    }
    if outer {
        text.push_str(&rule);
    }
    text
}

/// What the cells of a row have in common with those above and below.
struct Grid<'a> {
    names: &'a [&'a str],
    widths: &'a [usize],
    header: bool,
    style: &'a Style,
}

/// One row, of as many lines as its highest cell.
fn draw_row(text: &mut String, row: &[String], grid: &Grid<'_>) {
    let style = grid.style;
    let height = row.iter().map(|cell| cell.split('\n').count()).max().unwrap_or_default();
    for line in 0..height {
        for (at, cell) in row.iter().enumerate() {
            let part = cell.split('\n').nth(line).unwrap_or_default();
            let missing = grid.widths[at] - part.width();
            let before = match grid.names[at] {
                _ if grid.header => missing / 2,
                RIGHT_ALIGNED => missing,
                _ => 0,
            };
            let marked = match grid.names[at] {
                _ if grid.header => style.bold,
                MARKED if part == "No" => style.alarm,
                _ => "",
            };
            text.extend([style.dim, "| ", style.end]);
            blanks(text, before);
            text.extend([marked, part, if marked.is_empty() { "" } else { style.end }]);
            blanks(text, missing - before + 1);
        }
        text.extend([style.dim, "|", style.end, "\n"]);
    }
}

fn blanks(text: &mut String, count: usize) {
    text.extend(repeat_n(' ', count));
}

/// The widest that a cell may be for the table to fit; `None` where it fits as it is.
fn cell_limit(widths: &[usize], width: usize) -> Option<usize> {
    // Two blanks and a border for each cell, and the first border.
    let room = width.saturating_sub(3 * widths.len() + 1);
    let total = |limit: usize| widths.iter().map(|cell| (*cell).min(limit)).sum::<usize>();
    let widest = widths.iter().copied().max()?;
    if total(widest) <= room {
        return None;
    }
    (LEAST_CELL_WIDTH..widest).rev().find(|limit| total(*limit) <= room).or(Some(LEAST_CELL_WIDTH))
}

#[cfg(test)]
mod tests {
    use photoprism_protocol::text::is_misleading;
    use proptest::prelude::*;

    use super::*;

    fn report(rows: &[[&str; 2]]) -> Report {
        let rows = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        Report { columns: vec!["ID", "Name"], rows, ..Report::default() }
    }

    fn bordered(report: &Report, width: Option<usize>) -> String {
        super::bordered(report, width, &Style::PLAIN)
    }

    #[test]
    fn columns_are_as_wide_as_they_look() {
        let report = report(&[["1", "東京"], ["12", "e\u{301}"]]);
        let expected = "\
            |----|------|\n\
            | ID | Name |\n\
            |----|------|\n\
            |  1 | 東京 |\n\
            | 12 | e\u{301}    |\n\
            |----|------|\n";
        assert_eq!(bordered(&report, None), expected);
    }

    #[test]
    fn the_odd_blank_of_a_header_goes_right() {
        let report = report(&[["1234567", "bobby"]]);
        assert_eq!(bordered(&report, None).lines().nth(1), Some("|   ID    | Name  |"));
    }

    #[test]
    fn without_rows_there_is_nothing() {
        assert_eq!(bordered(&report(&[]), None), "");
        assert_eq!(markdown(&report(&[])), "");
    }

    #[test]
    fn markdown_has_no_outer_lines() {
        assert_eq!(
            markdown(&report(&[["1", "a|b"]])),
            "| ID | Name |\n|----|------|\n|  1 | a\\|b |\n"
        );
    }

    #[test]
    fn long_cells_wrap_to_the_terminal_only() {
        let long = "word ".repeat(20);
        let report = report(&[["1", &long]]);
        assert_eq!(bordered(&report, None).lines().count(), 5);
        let wrapped = bordered(&report, Some(40));
        assert!(wrapped.lines().count() > 5);
        assert!(wrapped.lines().all(|line| line.width() <= 40), "{wrapped}");
        assert_eq!(bordered(&report, Some(200)), bordered(&report, None));
    }

    #[test]
    fn the_least_columns_go_until_the_others_have_room() {
        let rows = vec![vec!["1234567890".into(), "a".repeat(60), "b".into()]];
        let columns = vec!["One", "Two", "Three"];
        let report = Report { columns, rows, least: &["Three", "Zero", "One"], list: false };
        // 13 and 27, of which the long cell counts 24, and 8, and the last border.
        for (width, gone) in [(49, &[][..]), (48, &["Three"]), (41, &["Three"])] {
            assert_eq!(too_many(&report, width), gone, "{width}");
        }
        assert_eq!(too_many(&report, 40), ["Three", "One"]);
        assert_eq!(too_many(&report, 1), ["Three", "One"]);
    }

    #[test]
    fn properties_are_aligned_and_go_on_below_themselves() {
        let text =
            list(&report(&[["Name", "one two three four five"], ["東京", "b"]]), 27, &Style::PLAIN);
        assert_eq!(text, "Name:  one two three four\n       five\n東京:  b\n");
    }

    proptest! {
        #[test]
        fn a_table_is_a_rectangle_of_harmless_text(
            cells in prop::collection::vec((any::<String>(), "[|\\\\\u{1b}\u{202e}\n\ta]{0,4}"), 1..5),
            width in prop::option::of(1_usize..120),
        ) {
            let rows: Vec<[&str; 2]> = cells.iter().map(|(a, b)| [a.as_str(), b.as_str()]).collect();
            let report = report(&rows);
            for text in [bordered(&report, width), markdown(&report)] {
                prop_assert!(!text.contains(|c| c != '\n' && is_misleading(c)));
                prop_assert!(text.lines().all(|line| line.starts_with('|') && line.ends_with('|')));
            }
            prop_assert_eq!(bordered(&report, None).lines().count(), rows.len() + 4);
            prop_assert_eq!(markdown(&report).lines().count(), rows.len() + 2);
        }
    }
}
