//! Bordered tables and Markdown.

use std::borrow::Cow;

use tabled::grid::IterGrid;
use tabled::grid::colors::NoColors;
use tabled::grid::config::{
    AlignmentHorizontal, Borders, Entity, HorizontalLine, Indent, Sides, SpannedConfig,
};
use tabled::grid::dimension::{Estimate, IterGridDimension};
use tabled::grid::records::IterRecords;
use tabled::settings::width::Wrap;
use unicode_width::UnicodeWidthStr;

use super::Report;
use crate::escape;

/// The column that holds numbers.
const RIGHT_ALIGNED: &str = "ID";

/// Cells are never wrapped to fewer columns than this: a UID stays whole.
const LEAST_CELL_WIDTH: usize = 20;

/// With a line above and below; nothing where there are no rows. Cells wrap where the table is
/// wider than `width`.
pub(super) fn bordered(report: &Report, width: Option<usize>) -> String {
    let mut cells = cells(report, escape::line);
    if let Some(limit) = width.and_then(|width| cell_limit(&cells, width)) {
        for cell in cells.iter_mut().flatten() {
            *cell = Wrap::wrap(cell, limit, true);
        }
    }
    lay_out(report, cells, Some('-'))
}

/// The same without the first and the last line.
pub(super) fn markdown(report: &Report) -> String {
    lay_out(report, cells(report, |text| escape::markdown(text).into()), None)
}

/// Header and rows, escaped.
fn cells(report: &Report, escape: impl Fn(&str) -> Cow<'_, str>) -> Vec<Vec<String>> {
    let header = report.columns.iter().map(|&name| name.to_owned()).collect();
    let rows = report.rows.iter().map(|row| row.iter().map(|cell| escape(cell).into()).collect());
    std::iter::once(header).chain(rows).collect()
}

/// Draws the grid; `outer` is the character of the first and the last line.
fn lay_out(report: &Report, cells: Vec<Vec<String>>, outer: Option<char>) -> String {
    if report.rows.is_empty() {
        return String::new();
    }
    let mut config = SpannedConfig::new();
    config.set_borders(borders(outer));
    config.insert_horizontal_line(1, HorizontalLine::full('-', '|', '|', '|'));
    let (blank, none) = (Indent::spaced(1), Indent::zero());
    config.set_padding(Entity::Global, Sides::new(blank, blank, none, none));
    if let Some(column) = report.columns.iter().position(|&name| name == RIGHT_ALIGNED) {
        config.set_alignment_horizontal(Entity::Column(column), AlignmentHorizontal::Right);
    }
    config.set_alignment_horizontal(Entity::Row(0), AlignmentHorizontal::Center);
    let (rows, columns) = (cells.len(), report.columns.len());
    let records = IterRecords::new(cells, columns, Some(rows));
    let mut dimension = IterGridDimension::default();
    dimension.estimate(&records, &config);
    let mut text = IterGrid::new(records, config, dimension, NoColors).to_string();
    text.push('\n');
    text
}

/// The grid's lines: `|` between cells, `outer` above and below.
fn borders(outer: Option<char>) -> Borders<char> {
    let (side, corner) = (Some('|'), outer.map(|_| '|'));
    Borders {
        top: outer,
        top_left: corner,
        top_right: corner,
        top_intersection: corner,
        bottom: outer,
        bottom_left: corner,
        bottom_right: corner,
        bottom_intersection: corner,
        vertical: side,
        left: side,
        right: side,
        ..Borders::default()
    }
}

/// The widest that a cell may be for the table to fit; `None` where it fits as it is.
fn cell_limit(cells: &[Vec<String>], width: usize) -> Option<usize> {
    let columns = cells.first()?.len();
    let widths: Vec<usize> = (0..columns)
        .map(|column| cells.iter().map(|row| row[column].width()).max().unwrap_or_default())
        .collect();
    // Two blanks and a border for each cell, and the first border.
    let room = width.saturating_sub(3 * columns + 1);
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
        Report { columns: vec!["ID", "Name"], rows }
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
