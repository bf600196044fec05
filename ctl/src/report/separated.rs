//! CSV and TSV.

use std::borrow::Cow;

use super::Report;
use crate::escape;

/// Header and rows, quoted where RFC 4180 needs it, lines ended by `\n`.
pub(super) fn write(report: &Report, separator: char) -> String {
    let mut text = line(report.columns.iter().map(|name| (*name).into()), separator);
    for row in &report.rows {
        text += &line(row.iter().map(|cell| escape::formula(cell)), separator);
    }
    text
}

// The writer of the crate csv would add 32 KB: it can distinguish numbers from texts as well.
fn line<'a>(cells: impl Iterator<Item = Cow<'a, str>>, separator: char) -> String {
    let cells: Vec<_> = cells.map(|cell| quoted(cell, separator)).collect();
    cells.join(&*separator.to_string()) + "\n"
}

/// A cell that contains what could end it is enclosed in quotes, those in it doubled.
fn quoted(cell: Cow<'_, str>, separator: char) -> Cow<'_, str> {
    if cell.contains([separator, '"', '\n', '\r']) {
        ["\"", &cell.replace('"', "\"\""), "\""].concat().into()
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn report(rows: Vec<Vec<String>>) -> Report {
        Report { columns: vec!["A", "B"], rows, ..Report::default() }
    }

    fn read(text: &str, separator: char) -> Vec<Vec<String>> {
        csv::ReaderBuilder::new()
            .delimiter(u8::try_from(separator).unwrap())
            .from_reader(text.as_bytes())
            .records()
            .map(|record| record.unwrap().iter().map(str::to_owned).collect())
            .collect()
    }

    #[test]
    fn only_what_needs_quotes_has_them() {
        let rows = vec![vec!["a;b".into(), "c\"d\n".into()], vec![String::new(), "=x".into()]];
        assert_eq!(write(&report(rows), ';'), "A;B\n\"a;b\";\"c\"\"d\n\"\n;'=x\n");
        let rows = vec![vec!["a\tb".into(), "a;b".into()]];
        assert_eq!(write(&report(rows), '\t'), "A\tB\n\"a\tb\"\ta;b\n");
        let rows = vec![vec!["a\rb".into(), String::new()], vec!["\"".into(), "'".into()]];
        assert_eq!(write(&report(rows), ';'), "A;B\n\"a\rb\";\n\"\"\"\";'\n");
        assert_eq!(write(&report(vec![]), ';'), "A;B\n");
    }

    proptest! {
        #[test]
        fn a_reader_gets_the_cells_back_and_no_formula(
            cells in prop::collection::vec((any::<String>(), "[=+@;\"'\t\r\n -]{0,3}x?"), 0..6),
            separator in prop::sample::select(vec![';', '\t']),
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
