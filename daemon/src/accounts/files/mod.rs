//! Accounts as text: NDJSON, CSV and TOML, told apart by what stands in them. Each row becomes
//! one JSON object first, so that all three are read by the same strict rules.

mod separated;
mod toml_text;

use photoprism_protocol::args::{Entries, decode};
use photoprism_protocol::transfer::Row;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::error::CommandError;

/// What an SQLite file begins with.
const SQLITE: &str = "SQLite format 3";

/// A row with the line on which it begins.
#[derive(Debug)]
pub struct Found {
    /// From 1.
    pub line: u64,
    /// The row, or what is wrong with it.
    pub row: Result<Row, CommandError>,
    /// It may have been cut without a trace: the last line of a CSV, without its newline.
    pub may_be_cut: bool,
}

/// Reads a text.
///
/// # Errors
/// `invalid_argument` at `text` where the text as a whole makes no sense; a bad row is told in
/// its place.
pub fn read(text: &str) -> Result<Vec<Found>, CommandError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rows = match text.trim_start() {
        "" => Vec::new(),
        start if start.starts_with(SQLITE) => return Err(a_database()),
        start if start.starts_with('{') => objects(text),
        start if is_toml(start) => toml_text::read(text)?,
        _ => separated::read(text)?,
    };
    Ok(rows)
}

fn a_database() -> CommandError {
    broken("this is a database; PhotoPrism's index.db is named with the argument database")
}

fn broken(message: impl Into<std::borrow::Cow<'static, str>>) -> CommandError {
    CommandError::broken("text", message)
}

/// A comment, a table, or a key with its value; the first line of a CSV is none of these.
fn is_toml(start: &str) -> bool {
    let line = start.lines().next().unwrap_or_default();
    line.starts_with('#') || line.starts_with('[') || line.contains('=')
}

/// One object a line; empty lines are passed over.
fn objects(text: &str) -> Vec<Found> {
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    lines
        .map(|(line, number)| Found { line: number, row: object(line), may_be_cut: false })
        .collect()
}

fn object(line: &str) -> Result<Row, CommandError> {
    let raw: &RawValue = serde_json::from_str(line)
        .map_err(|_| broken("the line is not one JSON object; each account has a line"))?;
    if !raw.get().starts_with('{') {
        return Err(broken("the line is not one JSON object; each account has a line"));
    }
    let row: Row = decode(Entries::read(Some(raw))?)?;
    Ok(Row { expires_at: row.expires_at.map(whole_day), ..row })
}

/// The row of a map that CSV or TOML made.
fn row(map: Map<String, Value>) -> Result<Row, CommandError> {
    object(&Value::Object(map).to_string())
}

/// `2027-01-31` means its beginning in UTC.
fn whole_day(text: String) -> String {
    let digits =
        |part: &str, count| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    match parts[..] {
        [year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2) => {
            text + "T00:00:00Z"
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(u64, String)> {
        let rows = read(text).unwrap();
        rows.into_iter().map(|found| (found.line, found.row.unwrap().name)).collect()
    }

    fn fault(text: &str) -> CommandError {
        match read(text) {
            Err(error) => error,
            Ok(rows) => rows.into_iter().find_map(|found| found.row.err()).expect(text),
        }
    }

    #[test]
    fn the_three_formats_are_told_apart() {
        let two = vec![(1, "bob".into()), (3, "eve".into())];
        assert_eq!(names("{\"name\":\"bob\"}\n\n{\"name\":\"eve\"}\n"), two);
        assert_eq!(
            names("\u{feff}name;role\r\nbob;user\r\neve;\r\n"),
            [(2, "bob".into()), (3, "eve".into())]
        );
        assert_eq!(names("name\nbob\n"), [(2, "bob".into())]);
        let toml = "# who\n[[account]]\nname = \"bob\"\n\n[[account]]\nname = 'eve'\n";
        assert_eq!(names(toml), [(2, "bob".into()), (5, "eve".into())]);
        assert_eq!(names("account = [{ name = \"bob\" }]"), [(1, "bob".into())]);
        assert_eq!(names(" \n"), []);
        assert!(fault("SQLite format 3\0\u{1}").to_string().contains("index.db"));
    }

    #[test]
    fn bad_rows_are_told_in_their_place_and_the_others_are_read() {
        let rows =
            read("{\"name\":\"bob\"}\n[1]\n{\"nam\":\"x\"}\n{\"name\":1}\n{\"name\":\"eve\"}");
        let rows = rows.unwrap();
        let good: Vec<bool> = rows.iter().map(|found| found.row.is_ok()).collect();
        assert_eq!(good, [true, false, false, false, true]);
        assert!(matches!(&rows[2].row, Err(CommandError::BadArgs(_))));
    }

    #[test]
    fn a_day_means_its_beginning() {
        for (text, expected) in [
            ("2027-01-31", "2027-01-31T00:00:00Z"),
            ("never", "never"),
            ("27-01-31", "27-01-31"),
            ("2027-01-31T12:00:00Z", "2027-01-31T12:00:00Z"),
            ("2027-1a-31", "2027-1a-31"),
        ] {
            assert_eq!(whole_day(text.into()), expected);
        }
    }
}
