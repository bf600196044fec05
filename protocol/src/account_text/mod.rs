//! Accounts as text: NDJSON, CSV and TOML, distinguished by their content and read row by row.
//!
//! Each row becomes one JSON object first, so that all three are read by the same strict rules. No
//! more than one row is ever held, and a row has at most [`MOST_ROW_BYTES`], so that memory and
//! time do not depend on what a stranger writes into 16 MiB.

mod files;
mod separated;
mod toml_text;

use std::borrow::Cow;

use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::args::{ArgError, Entries};
use crate::json::Json;
use crate::name::MAX_NAME_CHARS;
use crate::transfer::Row;

pub use self::files::password_files;

/// Bytes of the longest text.
pub const MOST_BYTES: usize = 16 << 20;

/// Rows of one text: with more, the one transaction that writes them would block others for
/// seconds.
pub const MOST_ROWS: usize = 20_000;

/// Bytes of one row: as much as a line of the protocol has by default.
pub const MOST_ROW_BYTES: usize = 64 * 1024;

/// Columns of a CSV: there are fewer keys.
const MOST_COLUMNS: usize = 64;

/// The key of an account's name.
const NAME: &str = "name";

/// What an SQLite file begins with.
const SQLITE: &str = "SQLite format 3";

/// A row with the line on which it begins.
#[derive(Debug)]
pub struct ParsedRow {
    /// From 1.
    pub line: u64,
    /// The name that it has, whether it keeps the rule or not, cut at 200 characters; empty where
    /// none can be read.
    pub name: String,
    /// The row, or what is wrong with it.
    pub row: Result<Row, TextError>,
    /// It may have been cut without a trace: the last line of a CSV, without its newline.
    pub may_be_cut: bool,
}

impl ParsedRow {
    /// A row that was read from elsewhere, as a whole.
    pub fn whole(line: u64, row: Row) -> Self {
        Self { line, name: shorten(&row.name), row: Ok(row), may_be_cut: false }
    }
}

/// Why a row, or a text as a whole, cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextError {
    /// The keys or types of a row.
    Args(ArgError),
    /// A field breaks a rule; `text` where the text itself does.
    Invalid {
        /// Which.
        field: Cow<'static, str>,
        /// What is wrong and what to do.
        message: Cow<'static, str>,
    },
}

impl From<ArgError> for TextError {
    fn from(fault: ArgError) -> Self {
        Self::Args(fault)
    }
}

/// Reads a text, and gives each row to `each` as soon as it is found.
///
/// # Errors
/// Those of `each`, which ends the reading; and where the text as a whole is invalid. A bad row is
/// reported in its place.
pub fn read<E: From<TextError>>(
    text: &str,
    mut each: impl FnMut(ParsedRow) -> Result<(), E>,
) -> Result<(), E> {
    let (text, format) = Format::of(text);
    match format {
        Format::Nothing => Ok(()),
        Format::Database => Err(a_database().into()),
        Format::Objects => objects(text, &mut each),
        Format::Toml => toml_text::read(text, &mut each),
        Format::Separated => separated::read(text, &mut each),
    }
}

/// What a text is.
enum Format {
    Nothing,
    Database,
    Objects,
    Toml,
    Separated,
}

impl Format {
    /// The text without its byte order mark, and what it is.
    fn of(text: &str) -> (&str, Self) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let format = match text.trim_start() {
            "" => Self::Nothing,
            start if start.starts_with(SQLITE) => Self::Database,
            start if start.starts_with('{') => Self::Objects,
            start if is_toml(start) => Self::Toml,
            _ => Self::Separated,
        };
        (text, format)
    }
}

fn a_database() -> TextError {
    broken("this is a database; PhotoPrism's index.db is named with the argument database")
}

fn broken(message: impl Into<Cow<'static, str>>) -> TextError {
    TextError::Invalid { field: "text".into(), message: message.into() }
}

fn too_long() -> TextError {
    broken("an account has at most 64 KiB; is there a line end or a quote missing?")
}

fn too_long_at(line: u64) -> TextError {
    broken(format!(
        "line {line}: an account has at most 64 KiB; is there a line end or a quote missing?"
    ))
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.split(|byte| *byte == b'\n').count() as u64 - 1
}

/// A comment, a table, or a key with its value; the first line of a CSV is none of these.
fn is_toml(start: &str) -> bool {
    let line = start.lines().next().unwrap_or_default();
    line.starts_with('#') || line.starts_with('[') || line.contains('=')
}

/// One object a line; empty lines are passed over.
fn objects<E>(text: &str, each: &mut impl FnMut(ParsedRow) -> Result<(), E>) -> Result<(), E> {
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    for (line, number) in lines {
        let row = object(line);
        let name = match &row {
            Ok(row) => shorten(&row.name),
            Err(_) => name_in(line),
        };
        each(ParsedRow { line: number, name, row, may_be_cut: false })?;
    }
    Ok(())
}

/// The name in an object that was refused; empty where it is not an object, or the name not a text
/// that is given once.
fn name_in(line: &str) -> String {
    let fits = line.len() <= MOST_ROW_BYTES;
    match fits.then(|| Json::read(line)).flatten() {
        Some(Json::Object(entries)) => {
            let mut values = entries.iter().filter(|(key, _)| key == NAME);
            match (values.next(), values.next()) {
                (Some((_, value)), None) => match Json::read(value.get()) {
                    Some(Json::Text(name)) => shorten(&name),
                    _ => String::new(),
                },
                _ => String::new(),
            }
        }
        _ => String::new(),
    }
}

/// A name that may break every rule, its length included.
fn shorten(name: &str) -> String {
    name.chars().take(MAX_NAME_CHARS).collect()
}

fn object(line: &str) -> Result<Row, TextError> {
    if line.len() > MOST_ROW_BYTES {
        return Err(too_long());
    }
    decoded(line)
}

fn decoded(line: &str) -> Result<Row, TextError> {
    let not_one = || broken("the line is not one JSON object; each account has a line");
    let raw: &RawValue = serde_json::from_str(line).map_err(|_| not_one())?;
    if !raw.get().starts_with('{') {
        return Err(not_one());
    }
    let mut row = Row::decode(Entries::read(Some(raw))?)?;
    row.fields.expires_at = row.fields.expires_at.map(whole_day);
    Ok(row)
}

/// Bytes of the longest object: a byte of a value, or of the name of its column, takes six in JSON
/// at the worst, and each column brings two pairs of quotes, a colon and a comma.
const MOST_OBJECT_BYTES: usize = 12 * MOST_ROW_BYTES + 6 * MOST_COLUMNS + 2;

/// The object that a row of CSV or TOML is written into; zeroed when it is dropped. It never grows,
/// which would leave what it held behind.
struct Object(Zeroizing<Vec<u8>>);

impl Object {
    fn new() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(MOST_OBJECT_BYTES)))
    }

    fn begin(&mut self) {
        self.0.clear();
        self.0.push(b'{');
    }

    fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        json(&mut self.0, value);
    }

    fn switch(&mut self, key: &str, value: bool) {
        self.key(key);
        self.0.extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn key(&mut self, key: &str) {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        json(&mut self.0, key);
        self.0.push(b':');
    }

    fn row(&mut self) -> Result<Row, TextError> {
        self.0.push(b'}');
        decoded(str::from_utf8(&self.0).map_err(|_| broken("the text is not UTF-8"))?)
    }
}

fn json(out: &mut Vec<u8>, text: &str) {
    // A text is always JSON, and a vector takes all of it.
    let _ = serde_json::to_writer(out, text);
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
fn all(text: &str) -> Result<Vec<ParsedRow>, TextError> {
    let mut rows = Vec::new();
    read(text, |found| {
        rows.push(found);
        Ok::<_, TextError>(())
    })?;
    Ok(rows)
}

#[cfg(test)]
mod tests;
