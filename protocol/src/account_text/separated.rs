//! CSV: a first line with the names of the columns, separated by `;`, `,` or a tab.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use zeroize::Zeroizing;

use super::format::separator;
use super::{
    MOST_COLUMNS, MOST_ROW_BYTES, NAME, Object, ParsedRow, TextError, broken, newlines, shorten,
    too_long_at,
};

/// Columns that hold yes or no.
const SWITCHES: [&str; 3] = ["super_admin", "can_login", "webdav"];

pub(super) fn read<E: From<TextError>>(
    text: &str,
    each: &mut impl FnMut(ParsedRow) -> Result<(), E>,
) -> Result<(), E> {
    let mut records = Records::new(text);
    let columns: Vec<String> = match records.next()? {
        Some(_) => records.cells().map(column).collect(),
        None => Vec::new(),
    };
    let name_at = check_columns(&columns)?;
    let mut object = Object::new();
    while let Some(line) = records.next()? {
        if records.ends.len() != columns.len() {
            return Err(unequal(line).into());
        }
        let name = records.cells().nth(name_at).map(shorten).unwrap_or_default();
        let row = cells(&mut object, &columns, &records).and_then(|()| object.row());
        let may_be_cut = records.rest.is_empty() && !text.ends_with(['\n', '\r']);
        each(ParsedRow { line, name, row, may_be_cut })?;
    }
    Ok(())
}

/// `Display Name`, as a spreadsheet has it, is `display_name`.
pub(super) fn column(cell: &str) -> String {
    let mut name = cell.trim().to_ascii_lowercase();
    if name.contains([' ', '-']) {
        name = name.replace([' ', '-'], "_");
    }
    name
}

/// Where the column with the names is. A column that is there twice is refused: where one of the
/// two cells is empty, nothing else shows which of them is meant.
fn check_columns(columns: &[String]) -> Result<usize, TextError> {
    let has = |name: &str| columns.iter().any(|column| column == name);
    let name_at = columns.iter().position(|column| column == NAME).ok_or_else(|| {
        if has("uid") && has("username") {
            return broken(
                "these are the columns of `users ls --csv`, a list for reading; `photoprism users \
                 export --csv` writes what is taken here",
            );
        }
        broken("the first line of a CSV names its columns, and one of them must be `name`")
    })?;
    let twice = |at: usize| columns[..at].contains(&columns[at]);
    match (0..columns.len()).find(|at| twice(*at)) {
        None => Ok(name_at),
        // Its name may be a row's password, where the first line was forgotten.
        Some(at) => Err(broken(format!(
            "the first line of a CSV names column {} a second time; leave one of the two out",
            at + 1
        ))),
    }
}

fn unequal(line: u64) -> TextError {
    broken(format!("line {line} has another number of cells than the first one"))
}

/// An empty cell sets nothing.
pub(super) fn cells(
    object: &mut Object,
    columns: &[String],
    records: &Records<'_>,
) -> Result<(), TextError> {
    object.begin();
    for (column, cell) in columns.iter().zip(records.cells()).filter(|(_, cell)| !cell.is_empty()) {
        if SWITCHES.contains(&column.as_str()) {
            object.switch(column, switch(column, cell)?);
        } else {
            object.text(column, cell);
        }
    }
    Ok(())
}

fn switch(column: &str, cell: &str) -> Result<bool, TextError> {
    match cell.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" | "t" | "y" => Ok(true),
        "false" | "no" | "off" | "0" | "f" | "n" => Ok(false),
        _ => Err(TextError::Invalid {
            field: column.to_owned().into(),
            message: "this is neither yes nor no; write true or false".into(),
        }),
    }
}

/// The records of a text, one at a time in a buffer of fixed size.
pub(super) struct Records<'a> {
    reader: Reader,
    /// What is not read yet.
    rest: &'a [u8],
    /// Line on which `rest` begins.
    line: u64,
    /// The cells of the record, one behind the other, and where each ends.
    output: Zeroizing<Vec<u8>>,
    ends: Vec<usize>,
}

impl<'a> Records<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let first = text.split_inclusive('\n').next().unwrap_or_default();
        let named = separator(first.trim_end_matches(['\n', '\r']));
        let has = |one: &u8| first.as_bytes().contains(one);
        let found = named.or_else(|| [b';', b'\t', b','].into_iter().find(has));
        let reader = ReaderBuilder::new().delimiter(found.unwrap_or(b';')).build();
        let output = Zeroizing::new(vec![0; MOST_ROW_BYTES]);
        let mut records = Self { reader, rest: text.as_bytes(), line: 1, output, ends: Vec::new() };
        if named.is_some() {
            records.pass(first.len());
        }
        records
    }

    /// Reads the next record and gives the line on which it begins.
    pub(super) fn next(&mut self) -> Result<Option<u64>, TextError> {
        while let Some((b'\n' | b'\r', _)) = self.rest.split_first() {
            self.pass(1);
        }
        let (line, mut length, mut count) = (self.line, 0, 0);
        self.ends.resize(MOST_COLUMNS, 0);
        loop {
            let (result, read, written, ended) = self.reader.read_record(
                self.rest,
                &mut self.output[length..],
                &mut self.ends[count..],
            );
            self.pass(read);
            (length, count) = (length + written, count + ended);
            match result {
                // Asked once more with nothing, the reader ends the last record.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => return Err(too_long_at(line)),
                ReadRecordResult::OutputEndsFull => {
                    return Err(broken(format!("line {line} has more than 64 cells")));
                }
                ReadRecordResult::Record => {
                    self.ends.truncate(count);
                    return Ok(Some(line));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    fn pass(&mut self, count: usize) {
        let (read, rest) = self.rest.split_at(count);
        self.line += newlines(read);
        self.rest = rest;
    }

    /// The cells of the record.
    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        let cells = begins.zip(&self.ends).map(|(begin, end)| &self.output[begin..*end]);
        // The text is UTF-8, and the reader takes nothing but ASCII out of it.
        cells.map(|cell| str::from_utf8(cell).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::super::all;
    use super::*;

    #[test]
    fn cells_are_values_by_their_columns() {
        for separator in [";", ",", "\t"] {
            let text = "name;webdav;email;expires_at\n\"b\"\"ob\";Yes;;2027-01-31\n"
                .replace(';', separator);
            let rows = all(&text).unwrap();
            let row = rows[0].row.as_ref().unwrap();
            assert_eq!(
                (row.name.as_str(), row.fields.webdav, row.fields.email.as_ref()),
                ("b\"ob", Some(true), None)
            );
            assert_eq!(row.fields.expires_at.as_deref(), Some("2027-01-31T00:00:00Z"));
        }
    }

    #[test]
    fn the_first_line_may_be_a_spreadsheets() {
        for text in [
            "sep=;\nName;Display Name;Can-Login\nbob;Bob;Yes\n",
            "\u{feff}SEP=,\r\n NAME ,display_name,can_login\r\nbob,Bob,1\r\n",
            "\"sep=\t\"\nname\tDISPLAY NAME\tcan_login\nbob\tBob\tTRUE\n",
        ] {
            let rows = all(text).unwrap();
            let row = rows[0].row.as_ref().unwrap();
            assert_eq!((row.name.as_str(), row.fields.can_login), ("bob", Some(true)), "{text}");
            assert_eq!(row.fields.display_name.as_deref(), Some("Bob"));
            assert_eq!(rows[0].line, 3);
        }
    }

    #[test]
    fn a_list_for_reading_is_named() {
        let text = "UID,Username,Role\nusa,bob,User\n";
        let TextError::Invalid { message, .. } = all(text).unwrap_err() else { panic!() };
        assert!(message.contains("photoprism users export --csv"), "{message}");
    }

    #[test]
    fn a_row_has_the_line_on_which_it_begins() {
        let lines = |text: &str| -> Vec<u64> {
            all(text).unwrap().iter().map(|found| found.line).collect()
        };
        assert_eq!(lines("name;display_name\nbob;\"two\nlines\"\neve;x\n"), [2, 4]);
        assert_eq!(lines("name;role\r\n\r\nbob;\"a\r\nb\"\r\n\r\neve;x"), [3, 6]);
        assert_eq!(lines("\nname\n\n\nbob\n\n"), [5]);
    }

    #[test]
    fn only_the_last_line_without_its_end_may_be_cut() {
        let cut = |text: &str| -> Vec<bool> {
            all(text).unwrap().iter().map(|found| found.may_be_cut).collect()
        };
        assert_eq!(cut("name\nbob\neve"), [false, true]);
        assert_eq!(cut("name\nbob\neve\n"), [false, false]);
        assert_eq!(cut("name\nbob\r\neve\r"), [false, false]);
    }

    #[test]
    fn a_text_that_is_not_a_table_is_refused() {
        let wide = format!("name{}\n", ";".repeat(MOST_COLUMNS));
        for text in ["user;role\nbob;user\n", "name;role\nbob\n", "hello\nworld\n", &wide] {
            assert!(all(text).is_err(), "{text}");
        }
        for text in ["name;role;name\nbob;user;\n", "name;role;email;role\nbob;user;;\n"] {
            let TextError::Invalid { field, message } = all(text).unwrap_err() else { panic!() };
            assert!(field == "text" && message.contains("a second time"), "{text}: {message}");
        }
        let rows = all("name;webdav;colour\nbob;perhaps;\neve;;red\n").unwrap();
        assert!(rows.iter().all(|found| found.row.is_err()), "{rows:?}");
    }
}
