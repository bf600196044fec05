//! Accounts as text: NDJSON, a JSON array, CSV, TOML and htpasswd, distinguished by their content and
//! read row by row.
//!
//! Each row becomes one JSON object first, so that all are read by the same strict rules. No
//! more than one row is ever held, and a row has at most [`MOST_ROW_BYTES`], so that memory and
//! time do not depend on what a stranger writes into 16 MiB.

mod array;
mod declared;
mod files;
mod format;
mod htpasswd;
mod separated;
mod toml_text;

use std::borrow::Cow;

use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::args::{ArgError, Entries};
use crate::json::Json;
use crate::name::MAX_NAME_CHARS;
use crate::transfer::Row;

pub use self::declared::{DeclaredSession, SessionEntry, SessionTable, take_sessions};
pub use self::files::password_files;
use self::format::Format;

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
        Format::Other(what) => Err(not_taken(what).into()),
        Format::Objects => objects(text, &mut each),
        Format::Array => array::read(text, &mut each),
        Format::Htpasswd => htpasswd::read(text, &mut each),
        Format::Toml => toml_text::read(text, &mut each),
        Format::Separated => separated::read(text, &mut each),
    }
}

fn a_database() -> TextError {
    broken("this is a database; PhotoPrism's index.db is named with the argument database")
}

fn not_taken(what: &str) -> TextError {
    broken(format!(
        "this looks like {what}, which is not taken; give a CSV whose first line names the columns, \
         JSON (a line for each account, or an array), TOML with a table [[account]] for each, or a \
         file of htpasswd -B"
    ))
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
    let raw = serde_json::from_str(line).map_err(|_| not_one())?;
    row_of(entries_of(raw)?)
}

fn entries_of(raw: &RawValue) -> Result<Entries<'_>, TextError> {
    if !raw.get().starts_with('{') {
        return Err(not_one());
    }
    Ok(Entries::read(Some(raw))?)
}

fn not_one() -> TextError {
    broken("this is not one JSON object; each account has one, on a line of its own or in an array")
}

fn row_of(entries: Entries<'_>) -> Result<Row, TextError> {
    let mut row = Row::decode(entries)?;
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

    /// Ends the object.
    fn close(&mut self) -> Result<&RawValue, TextError> {
        self.0.push(b'}');
        let text = str::from_utf8(&self.0).ok();
        text.and_then(|text| serde_json::from_str(text).ok())
            .ok_or_else(|| broken("the text is not UTF-8"))
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
