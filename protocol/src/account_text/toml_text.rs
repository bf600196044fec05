//! TOML: a table `[[account]]` for each account.
//!
//! The text is divided before each `[[`, by the tokens of TOML's own lexer, and each part is read
//! by itself: as a whole it would take a hundred times its size in memory.

use std::ops::Range;

use serde::Deserialize;
use toml::{Spanned, Table, Value};
use toml_parser::Source;
use toml_parser::lexer::{Lexer, TokenKind};
use zeroize::Zeroize;

use super::{MOST_ROW_BYTES, NAME, Object, ParsedRow, TextError, broken, newlines, shorten};

/// What a part that is a table begins with.
pub(super) const TABLE: &str = "[[";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    account: Vec<Spanned<Account>>,
}

/// Zeroed when it is dropped, whatever is read of it: any of its values may be a password.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Account(Table);

impl Drop for Account {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|(_, value)| zero(value));
    }
}

fn zero(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(zero),
        Value::Table(table) => table.iter_mut().for_each(|(_, value)| zero(value)),
        Value::Boolean(_) | Value::Datetime(_) | Value::Integer(_) | Value::Float(_) => {}
    }
}

pub(super) fn read<E: From<TextError>>(
    text: &str,
    each: &mut impl FnMut(ParsedRow) -> Result<(), E>,
) -> Result<(), E> {
    let mut lines = Lines::new(text);
    let mut object = Object::new();
    let mut is_list = false;
    for part in Parts::new(text) {
        let is_table = text[part.start..].starts_with(TABLE);
        if part.len() > MOST_ROW_BYTES {
            return Err(too_long(lines.line_at(part.start), is_table).into());
        }
        if is_table && is_list {
            return Err(not_understood(lines.line_at(part.start)).into());
        }
        let file: File = toml::from_str(&text[part.clone()]).map_err(|error| {
            let within = error.span().map_or(0, |span| span.start);
            not_understood(lines.line_at(part.start + within))
        })?;
        // TOML adds no tables to accounts that were written as a list.
        is_list = !is_table && !file.account.is_empty();
        for account in file.account {
            let line = lines.line_at(part.start + account.span().start);
            let name = account.as_ref().0.get(NAME).and_then(Value::as_str).unwrap_or_default();
            let name = shorten(name);
            let row = fill(&mut object, account.as_ref()).and_then(|()| object.row());
            each(ParsedRow { line, name, row, may_be_cut: false })?;
        }
    }
    Ok(())
}

/// The parser's own message could repeat a password that is in the text.
pub(super) fn not_understood(line: u64) -> TextError {
    broken(format!(
        "line {line} is not TOML as it is understood here: each account is a table [[account]]"
    ))
}

fn too_long(line: u64, is_table: bool) -> TextError {
    broken(if is_table {
        format!(
            "line {line}: an account has at most 64 KiB with its comments; is there a quote missing?"
        )
    } else {
        format!(
            "line {line}: a list of accounts has at most 64 KiB; give each account a table of its \
             own, [[account]]"
        )
    })
}

/// Texts, switches and times; nothing of an account is anything else.
pub(super) fn fill(object: &mut Object, Account(table): &Account) -> Result<(), TextError> {
    object.begin();
    for (key, value) in table {
        match value {
            Value::String(text) => object.text(key, text),
            Value::Boolean(switch) => object.switch(key, *switch),
            Value::Datetime(time) => object.text(key, &time.to_string()),
            Value::Integer(_) | Value::Float(_) | Value::Array(_) | Value::Table(_) => {
                return Err(TextError::Invalid {
                    field: key.chars().take(40).collect::<String>().into(),
                    message: "the value must be a text, true or false, or a time".into(),
                });
            }
        }
    }
    Ok(())
}

/// Lines of ascending offsets, each newline counted once.
pub(super) struct Lines<'a> {
    rest: &'a str,
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { rest: text, at: 0, line: 1 }
    }

    pub(super) fn line_at(&mut self, offset: usize) -> u64 {
        let count = offset.saturating_sub(self.at).min(self.rest.len());
        let (passed, rest) = self.rest.as_bytes().split_at(count);
        self.line += newlines(passed);
        self.at += count;
        self.rest = &self.rest[self.rest.len() - rest.len()..];
        self.line
    }
}

/// The parts of a text, each with one table at most, without blanks and comments around it; one
/// that is longer than a row may be ends early.
pub(super) struct Parts<'a> {
    text: &'a str,
    tokens: Lexer<'a>,
    /// Brackets that are open.
    depth: usize,
    /// Whether the next token begins a line of its own.
    is_fresh: bool,
    /// A table that has begun.
    begun: Option<Range<usize>>,
}

impl<'a> Parts<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let tokens = Source::new(text).lex();
        Self { text, tokens, depth: 0, is_fresh: true, begun: None }
    }

    /// Whether the token at `span` begins a table.
    fn passes(&mut self, kind: TokenKind, span: &Range<usize>) -> bool {
        let is_table = self.is_fresh && self.text[span.start..].starts_with(TABLE);
        self.is_fresh = false;
        match kind {
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => self.depth += 1,
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                self.depth = self.depth.saturating_sub(1);
            }
            _ => {}
        }
        is_table
    }
}

impl Iterator for Parts<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut part = self.begun.take();
        while let Some(token) = self.tokens.next() {
            let span = token.span().start()..token.span().end();
            match token.kind() {
                TokenKind::Whitespace | TokenKind::Comment | TokenKind::Eof => continue,
                TokenKind::Newline => {
                    self.is_fresh = self.depth == 0;
                    continue;
                }
                kind => {
                    if self.passes(kind, &span) && part.is_some() {
                        self.begun = Some(span);
                        break;
                    }
                }
            }
            let part = part.get_or_insert_with(|| span.clone());
            part.end = span.end;
            if part.len() > MOST_ROW_BYTES {
                break;
            }
        }
        part
    }
}

#[cfg(test)]
mod tests {
    use super::super::all;
    use super::*;

    #[test]
    fn values_have_the_types_of_toml() {
        let text = "[[account]]\nname = 'bob'\nwebdav = true\nexpires_at = 2027-01-31\n\
                    [[account]]\nname = 'eve'\nexpires_at = 2027-01-31T00:00:00+02:00\n";
        let rows = all(text).unwrap();
        let row = |at: usize| rows[at].row.as_ref().unwrap();
        assert_eq!(row(0).fields.webdav, Some(true));
        assert_eq!(row(0).fields.expires_at.as_deref(), Some("2027-01-31T00:00:00Z"));
        assert_eq!(row(1).fields.expires_at.as_deref(), Some("2027-01-31T00:00:00+02:00"));
        assert_eq!(rows[1].line, 5);
    }

    #[test]
    fn an_error_names_its_line_and_repeats_nothing() {
        for (text, line) in [
            ("[[account]]\nname = 'bob'\npassword = 'hunter2\n", "line 3"),
            ("[[user]]\nname = 'bob'\n", "line 1"),
            ("[[account]]\nname = 'bob'\nname = 'hunter2'\n", "line 3"),
            ("[[account]]\nname = 'bob'\n# who\n\n[[account]]\n= 'hunter2'\n", "line 6"),
            ("account = [{ name = 'bob' }]\n[[account]]\nname = 'eve'\n", "line 2"),
        ] {
            let TextError::Invalid { message, .. } = all(text).unwrap_err() else { panic!() };
            assert!(message.contains(line) && !message.contains("hunter2"), "{text}: {message}");
        }
        for text in ["[[account]]\nname = 1\n", "[[account]]\nname = 'x'\nroles = ['user']\n"] {
            assert!(all(text).unwrap()[0].row.is_err(), "{text}");
        }
    }

    #[test]
    fn an_account_is_zeroed_whatever_it_holds() {
        let text = "password = 'x'\nlist = ['x', ['x']]\ntable = { a = 'x', b = [{ c = 'x' }] }";
        let mut value = Value::Table(toml::from_str(text).unwrap());
        let texts = |value: &Value| format!("{value:?}").matches("\"x\"").count();
        assert_eq!(texts(&value), 5);
        zero(&mut value);
        assert_eq!(texts(&value), 0, "{value:?}");
    }

    #[test]
    fn a_table_begins_only_where_toml_says_so() {
        let text = "# [[a]]\n[[account]] # [[b]]\nname = \"\"\"\n[[account]]\n\"\"\"\n\
                    attr = '[[account]]'\n\n  [[account]]\nname = 'eve'\nx = [\n[[1]]\n]\n";
        let rows = all(text).unwrap();
        let lines: Vec<u64> = rows.iter().map(|found| found.line).collect();
        assert_eq!(lines, [2, 8]);
        assert_eq!(rows[0].row.as_ref().unwrap().name, "[[account]]\n");
        assert!(rows[1].row.is_err(), "an array is not a value of an account");
    }
}
