//! CSV and TSV.

use csv::{QuoteStyle, Terminator, WriterBuilder};

use super::Report;
use crate::escape;

/// Header and rows, quoted where RFC 4180 needs it, lines ended by `\n`.
pub(super) fn write(report: &Report, separator: u8) -> String {
    let mut writer = WriterBuilder::new()
        .delimiter(separator)
        .quote_style(QuoteStyle::Necessary)
        .terminator(Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    let cells =
        |row: &[String]| row.iter().map(|cell| escape::formula(cell).into_owned()).collect();
    let rows = report.rows.iter().map(|row| cells(row));
    let header: Vec<String> = report.columns.iter().map(|&name| name.to_owned()).collect();
    for record in std::iter::once(header).chain(rows) {
        writer.write_record(&record).expect("rows are as long as the header, memory never fails");
    }
    let bytes = writer.into_inner().expect("memory never fails");
    String::from_utf8(bytes).expect("texts joined by ASCII are text")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn report(rows: Vec<Vec<String>>) -> Report {
        Report { columns: vec!["A", "B"], rows }
    }

    fn read(text: &str, separator: u8) -> Vec<Vec<String>> {
        csv::ReaderBuilder::new()
            .delimiter(separator)
            .from_reader(text.as_bytes())
            .records()
            .map(|record| record.unwrap().iter().map(str::to_owned).collect())
            .collect()
    }

    #[test]
    fn only_what_needs_quotes_has_them() {
        let rows = vec![vec!["a;b".into(), "c\"d\n".into()], vec![String::new(), "=x".into()]];
        assert_eq!(write(&report(rows), b';'), "A;B\n\"a;b\";\"c\"\"d\n\"\n;'=x\n");
        let rows = vec![vec!["a\tb".into(), "a;b".into()]];
        assert_eq!(write(&report(rows), b'\t'), "A\tB\n\"a\tb\"\ta;b\n");
        assert_eq!(write(&report(vec![]), b';'), "A;B\n");
    }

    proptest! {
        #[test]
        fn a_reader_gets_the_cells_back_and_no_formula(
            cells in prop::collection::vec((any::<String>(), "[=+@;\"'\t\r\n -]{0,3}x?"), 0..6),
            separator in prop::sample::select(vec![b';', b'\t']),
        ) {
            let rows: Vec<Vec<String>> = cells.into_iter().map(|(a, b)| vec![a, b]).collect();
            let back = read(&write(&report(rows.clone()), separator), separator);
            let expected: Vec<Vec<String>> = rows.iter()
                .map(|row| row.iter().map(|cell| escape::formula(cell).into_owned()).collect())
                .collect();
            prop_assert_eq!(&back, &expected);
            for cell in back.iter().flatten() {
                prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']));
            }
        }
    }
}
