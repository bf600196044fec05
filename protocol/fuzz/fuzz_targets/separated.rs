//! CSV and TSV of any texts: a reader gets them back, and a spreadsheet no formula.

#![no_main]

use libfuzzer_sys::fuzz_target;
use photoprism_ctl::report::{Layout, Report};

fuzz_target!(|rows: Vec<[String; 2]>| {
    let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
    let report = Report { columns: vec!["A", "B"], rows, ..Report::default() };
    for (layout, separator) in [(Layout::Csv, b';'), (Layout::Tsv, b'\t')] {
        let text = report.render(layout, None);
        let mut reader = csv::ReaderBuilder::new();
        let back = reader.delimiter(separator).from_reader(text.as_bytes()).into_records();
        let back: Vec<Vec<String>> =
            back.map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect();
        assert_eq!(back.len(), report.rows.len());
        for (cell, given) in back.iter().flatten().zip(report.rows.iter().flatten()) {
            let formula = given.starts_with(['=', '+', '-', '@', '\t', '\r']);
            let expected = if formula { format!("'{given}") } else { given.clone() };
            assert_eq!(*cell, expected);
        }
    }
});
