//! CSV: a first line with the names of the columns, separated by `;`, `,` or a tab.

use csv::{ReaderBuilder, StringRecord};
use serde_json::{Map, Value};

use super::{Found, broken, row};
use crate::error::CommandError;

/// Columns that hold yes or no.
const SWITCHES: [&str; 3] = ["super_admin", "can_login", "webdav"];

pub(super) fn read(text: &str) -> Result<Vec<Found>, CommandError> {
    let first = text.lines().next().unwrap_or_default();
    let separator = [b';', b'\t', b','].into_iter().find(|one| first.as_bytes().contains(one));
    let mut reader =
        ReaderBuilder::new().delimiter(separator.unwrap_or(b';')).from_reader(text.as_bytes());
    let columns = reader.headers().map_err(|error| unreadable(&error))?.clone();
    if !columns.iter().any(|column| column == "name") {
        return Err(broken(
            "the first line of a CSV names its columns, and one of them must be `name`",
        ));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        let line = record.position().map_or(0, |place| line_at(text, place.byte()));
        let row = cells(&columns, &record).and_then(row);
        rows.push(Found { line, row, may_be_cut: false });
    }
    if let Some(last) = rows.last_mut() {
        last.may_be_cut = !text.ends_with(['\n', '\r']);
    }
    Ok(rows)
}

/// The reader stands before the newline of the record before.
fn line_at(text: &str, offset: u64) -> u64 {
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    let (before, from) = text.split_at_checked(offset).unwrap_or((text, ""));
    let breaks = from.bytes().take_while(|byte| b"\r\n".contains(byte));
    let newlines = before.bytes().chain(breaks).filter(|byte| *byte == b'\n').count();
    newlines as u64 + 1
}

fn unreadable(error: &csv::Error) -> CommandError {
    let line = error.position().map_or(1, csv::Position::line);
    broken(format!("line {line} has another number of cells than the first one"))
}

/// An empty cell gives nothing.
fn cells(
    columns: &StringRecord,
    record: &StringRecord,
) -> Result<Map<String, Value>, CommandError> {
    let mut map = Map::new();
    for (column, cell) in columns.iter().zip(record).filter(|(_, cell)| !cell.is_empty()) {
        let value = if SWITCHES.contains(&column) { switch(column, cell)? } else { cell.into() };
        map.insert(column.into(), value);
    }
    Ok(map)
}

fn switch(column: &str, cell: &str) -> Result<Value, CommandError> {
    match cell.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" | "t" | "y" => Ok(true.into()),
        "false" | "no" | "off" | "0" | "f" | "n" => Ok(false.into()),
        _ => Err(CommandError::Invalid {
            field: column.to_owned().into(),
            message: "this is neither yes nor no; write true or false".into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_values_by_their_columns() {
        for separator in [";", ",", "\t"] {
            let text = "name;webdav;email;expires_at\n\"b\"\"ob\";Yes;;2027-01-31\n"
                .replace(';', separator);
            let rows = read(&text).unwrap();
            let row = rows[0].row.as_ref().unwrap();
            assert_eq!(
                (row.name.as_str(), row.webdav, row.email.as_ref()),
                ("b\"ob", Some(true), None)
            );
            assert_eq!(row.expires_at.as_deref(), Some("2027-01-31T00:00:00Z"));
        }
        let rows = read("name;display_name\nbob;\"two\nlines\"\neve;x\n").unwrap();
        assert_eq!(rows.iter().map(|found| found.line).collect::<Vec<_>>(), [2, 4]);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for text in ["user;role\nbob;user\n", "name;role\nbob\n", "hello\nworld\n"] {
            assert!(read(text).is_err(), "{text}");
        }
        let rows = read("name;webdav;colour\nbob;perhaps;\neve;;red\n").unwrap();
        assert!(rows.iter().all(|found| found.row.is_err()), "{rows:?}");
    }
}
