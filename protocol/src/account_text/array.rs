//! A JSON array with an object for each account, as `users ls --json` prints it.

use serde_json::Deserializer;
use serde_json::value::RawValue;

use super::{
    MOST_ROW_BYTES, ParsedRow, TextError, broken, entries_of, name_in, newlines, row_of, shorten,
    too_long_at,
};
use crate::args::Entries;

/// What an account has in a list, and no file sets.
const LISTED: [&str; 11] = [
    "uid",
    "may_login",
    "may_webdav",
    "method",
    "scope",
    "has_password",
    "two_factor",
    "login_at",
    "created_at",
    "updated_at",
    DELETED,
];

/// Where an account is deleted, the time of that.
const DELETED: &str = "deleted_at";

pub(super) fn read<E: From<TextError>>(
    text: &str,
    each: &mut impl FnMut(ParsedRow) -> Result<(), E>,
) -> Result<(), E> {
    for item in Items::new(text) {
        let (line, item) = item?;
        if item.get().len() > MOST_ROW_BYTES {
            return Err(too_long_at(line).into());
        }
        let row = entries_of(item).and_then(without_listed).and_then(row_of);
        let name = row.as_ref().map_or_else(|_| name_in(item.get()), |row| shorten(&row.name));
        each(ParsedRow { line, name, row, may_be_cut: false })?;
    }
    Ok(())
}

/// A null is a value that is not there.
fn without_listed(entries: Entries<'_>) -> Result<Entries<'_>, TextError> {
    if entries.get(DELETED).is_some_and(|time| time != "null") {
        return Err(broken("the account is deleted where the list comes from; leave it out"));
    }
    Ok(entries.filter(|key, value| value != "null" && !LISTED.contains(&key)))
}

/// The parser's own message could repeat a password that is in the text.
fn not_understood(line: u64) -> TextError {
    broken(format!(
        "line {line}: this is not an array of JSON objects, or does not end; has it been cut?"
    ))
}

/// The items of an array, each with the line on which it begins.
pub(super) struct Items<'a> {
    /// What is not read yet.
    rest: &'a str,
    /// The line on which that begins.
    line: u64,
    place: Place,
}

enum Place {
    /// Before the first item.
    Begin,
    Within,
    /// Behind the last one, or behind what cannot be read.
    End,
}

impl<'a> Items<'a> {
    /// Those of a text that begins with a bracket.
    pub(super) const fn new(text: &'a str) -> Self {
        Self { rest: text, line: 1, place: Place::Begin }
    }

    fn pass(&mut self, count: usize) {
        self.line += newlines(&self.rest.as_bytes()[..count]);
        self.rest = &self.rest[count..];
    }

    /// Passes over a character, with the blanks on both sides of it.
    fn take(&mut self, wanted: char) -> bool {
        self.pass_blanks();
        let is_there = self.rest.starts_with(wanted);
        if is_there {
            self.pass(wanted.len_utf8());
            self.pass_blanks();
        }
        is_there
    }

    fn pass_blanks(&mut self) {
        self.pass(self.rest.len() - self.rest.trim_start().len());
    }

    /// The next item; `None` behind the last.
    fn item(&mut self) -> Result<Option<(u64, &'a RawValue)>, TextError> {
        let begins = matches!(self.place, Place::Begin);
        self.place = Place::End;
        if begins {
            self.take('[');
        }
        if self.take(']') {
            let is_over = self.rest.is_empty();
            return if is_over { Ok(None) } else { Err(not_understood(self.line)) };
        }
        if !begins && !self.take(',') {
            return Err(not_understood(self.line));
        }
        let line = self.line;
        let mut values = Deserializer::from_str(self.rest).into_iter::<&RawValue>();
        let Some(Ok(value)) = values.next() else { return Err(not_understood(line)) };
        let end = values.byte_offset();
        self.pass(end);
        self.place = Place::Within;
        Ok(Some((line, value)))
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<(u64, &'a RawValue), TextError>;

    fn next(&mut self) -> Option<Self::Item> {
        if matches!(self.place, Place::End) { None } else { self.item().transpose() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::all;
    use super::*;

    #[test]
    fn a_list_of_accounts_is_taken() {
        let text = r#"[
            {"uid":"usa","name":"bob","email":"","role":"user","super_admin":false,
             "may_login":true,"has_password":true,"login_at":null,"expires_at":null},
            {"name":"eve","expires_at":"2027-01-31","deleted_at":null} ]
            "#;
        let rows = all(text).unwrap();
        let lines: Vec<u64> = rows.iter().map(|found| found.line).collect();
        assert_eq!(lines, [2, 4]);
        let bob = rows[0].row.as_ref().unwrap();
        assert_eq!((bob.name.as_str(), bob.fields.super_admin), ("bob", Some(false)));
        assert_eq!((bob.fields.email.as_deref(), &bob.fields.expires_at), (Some(""), &None));
        let eve = rows[1].row.as_ref().unwrap();
        assert_eq!(eve.fields.expires_at.as_deref(), Some("2027-01-31T00:00:00Z"));
        assert_eq!(all("[]").unwrap().len() + all(" [ ] \n").unwrap().len(), 0);
    }

    #[test]
    fn a_bad_item_is_refused_in_its_place() {
        let text = r#"[{"name":"bob","colour":"red"},{"name":"eve","deleted_at":"2026-01-01"},
            3,{"name":"zoe"}]"#;
        let rows = all(text).unwrap();
        let bad: Vec<bool> = rows.iter().map(|found| found.row.is_err()).collect();
        assert_eq!(bad, [true, true, true, false]);
        let names: Vec<&str> = rows.iter().map(|found| found.name.as_str()).collect();
        assert_eq!(names, ["bob", "eve", "", "zoe"]);
    }

    #[test]
    fn an_array_that_is_cut_or_goes_on_is_refused() {
        for text in [
            "[",
            "[{\"name\":\"bob\"}",
            "[{\"name\":\"bob\"},",
            "[{\"name\":\"bob\"},]",
            "[{\"name\":\"bob\"}{\"name\":\"eve\"}]",
            "[{\"name\":\"bob\"}]\n[]",
            "[{\"name\":\"hunter2",
        ] {
            let TextError::Invalid { field, message } = all(text).unwrap_err() else { panic!() };
            assert!(field == "text" && message.contains("line "), "{text}: {message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn an_item_has_an_end() {
        let text = format!("[{{\"name\":\"{}\"}}]", "x".repeat(MOST_ROW_BYTES));
        assert_eq!(all(&text).unwrap_err(), too_long_at(1));
    }
}
