//! A table of any texts, bordered and as Markdown: harmless, and every row is there.

#![no_main]

use libfuzzer_sys::fuzz_target;
use photoprism_ctl::report::{Layout, Report};
use photoprism_protocol::text::is_misleading;

fuzz_target!(|input: (Vec<[String; 2]>, Option<u8>)| {
    let (rows, width) = input;
    let count = rows.len();
    let rows = rows.into_iter().map(Vec::from).collect();
    let report = Report { columns: vec!["ID", "Name"], rows, ..Report::default() };
    let bordered = report.render(Layout::Table, None);
    let narrow = report.render(Layout::Table, width.map(usize::from));
    let markdown = report.render(Layout::Markdown, None);
    if count == 0 {
        assert!(bordered.is_empty() && narrow.is_empty() && markdown.is_empty());
        return;
    }
    for text in [&bordered, &narrow, &markdown] {
        assert!(!text.contains(|c| c != '\n' && is_misleading(c)), "it misleads a terminal");
        assert!(text.lines().all(|line| line.starts_with('|') && line.ends_with('|')));
    }
    assert_eq!(bordered.lines().count(), count + 4);
    assert!(narrow.lines().count() >= count + 4);
    assert_eq!(markdown.lines().count(), count + 2);
    markdown.lines().for_each(|line| assert_eq!(bars(line), 3, "{line}"));
});

/// Bars of a line of Markdown that end a cell.
fn bars(line: &str) -> usize {
    let mut escaped = false;
    let mut bars = 0;
    for c in line.chars() {
        bars += usize::from(c == '|' && !escaped);
        escaped = c == '\\' && !escaped;
    }
    bars
}
