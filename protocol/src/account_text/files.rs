//! The files of passwords that a text names, for the client, which sends no others. It needs
//! no rows for that, and a reader of whole rows would not fit into its binary.

use std::collections::BTreeSet;

use toml_parser::lexer::{Token, TokenKind};
use toml_parser::{Raw, Source};

use super::array::Items;
use super::separated::{Records, column};
use super::{Format, TextError};
use crate::json::Json;

/// The key whose value is the name of a file.
const KEY: &str = "password_file";

/// Every file that a text names, and perhaps some of rows that are refused. Where a text is invalid
/// those before that place.
pub fn password_files(text: &str) -> BTreeSet<String> {
    let (text, format) = Format::of(text);
    let mut files = BTreeSet::new();
    match format {
        Format::Nothing | Format::Database | Format::Htpasswd | Format::Other(_) => {}
        Format::Array => {
            let items = Items::new(text).map_while(Result::ok);
            files.extend(items.filter_map(|(_, item)| of_object(item.get())));
        }
        Format::Objects => files.extend(text.lines().filter_map(of_object)),
        // The daemon reports what is wrong with the text.
        Format::Separated => drop(of_separated(text, &mut files)),
        Format::Toml => of_toml(text, &mut files),
    }
    files
}

fn of_object(line: &str) -> Option<String> {
    let Json::Object(entries) = Json::read(line)? else { return None };
    let mut values = entries.iter().filter(|(key, _)| key == KEY);
    match (values.next(), values.next()) {
        (Some((_, value)), None) => match Json::read(value.get())? {
            Json::Text(file) => Some(file),
            _ => None,
        },
        _ => None,
    }
}

fn of_separated(text: &str, files: &mut BTreeSet<String>) -> Result<(), TextError> {
    let mut records = Records::new(text);
    if records.next()?.is_none() {
        return Ok(());
    }
    let Some(at) = records.cells().position(|cell| column(cell) == KEY) else { return Ok(()) };
    while records.next()?.is_some() {
        files.extend(records.cells().nth(at).map(str::to_owned));
    }
    Ok(())
}

/// The text behind each `password_file =`, wherever that is.
fn of_toml(text: &str, files: &mut BTreeSet<String>) {
    let source = Source::new(text);
    // The last two tokens.
    let (mut key, mut sign) = (None, None);
    for token in source.lex().filter(|token| token.kind() != TokenKind::Whitespace) {
        let follows = sign.is_some_and(|sign: Token| sign.kind() == TokenKind::Equals);
        let is_text = token.kind().encoding().is_some();
        if is_text && follows && key.is_some_and(|key| decoded(&source, key) == KEY) {
            files.insert(decoded(&source, token));
        }
        (key, sign) = (sign, Some(token));
    }
}

/// A key or a text without its quotes; the daemon checks whether it is valid.
fn decoded(source: &Source<'_>, token: Token) -> String {
    let mut text = String::new();
    if let Some(raw) = source.get(token.span()) {
        Raw::new_unchecked(raw.as_str(), token.kind().encoding(), token.span())
            .decode_key(&mut text, &mut ());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::all;
    use super::*;

    #[test]
    fn files_are_those_of_the_rows() {
        for (text, expected) in [
            ("{\"name\":\"a\",\"password_file\":\"s\\u002fa\"}\n\nx\n{\"name\":\"b\"}\n", "s/a"),
            ("[{\"name\":\"b\"},\n{\"name\":\"a\",\"password_file\":\"s/a\"}]", "s/a"),
            ("sep=,\nName,Password File\na,s/a\n", "s/a"),
            ("\u{feff}name,password_file\na,\"s,\"\"a\"\"\nb\"\nc,\n", "s,\"a\"\nb"),
            ("[[account]]\nname = 'a'\npassword_file = 's/a'\n", "s/a"),
            ("[[account]]\nname = 'a'\n\"password_file\"=\"\\u0073/a\" # x\n", "s/a"),
            ("[[account]]\nname = 'a'\npassword_file = '''\ns/a'''\n", "s/a"),
            ("account = [{ name = 'a', password_file = \"s/a\" }]\n", "s/a"),
        ] {
            let rows = all(text).unwrap();
            let named = rows.into_iter().filter_map(|found| found.row.ok()?.password_file);
            assert_eq!(named.collect::<Vec<_>>(), [expected], "{text}");
            let files = password_files(text);
            assert!(files.contains(expected), "{text}: {files:?}");
            assert!(files.iter().all(|file| file == expected || file.is_empty()), "{files:?}");
        }
    }

    #[test]
    fn what_only_looks_like_a_file_is_not_one() {
        for text in [
            "",
            "SQLite format 3\0password_file='x'",
            "{\"name\":\"x\",\"attr\":\"password_file\"}\n{\"a\":{\"password_file\":\"x\"}}\n",
            "{\"name\":\"x\",\"password_file\":\"x\",\"password_file\":\"y\"}\n{\"password_file\":[\"x\"]}\n",
            "name;attr\nx;password_file\n",
            "[[account]]\nattr = \"password_file = 'x'\"\n# password_file = 'x'\n",
            "[[account]]\nattr = \"\"\"\npassword_file = 'x'\n\"\"\"\npassword_file = 1\n",
        ] {
            assert_eq!(password_files(text), BTreeSet::new(), "{text}");
        }
    }
}
