//! TOML: a table `[[account]]` for each account.

use serde::Deserialize;
use serde_json::{Map, Value};
use toml::{Spanned, Table, Value as Toml};

use super::{Found, broken, row};
use crate::error::CommandError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    account: Vec<Spanned<Table>>,
}

pub(super) fn read(text: &str) -> Result<Vec<Found>, CommandError> {
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_at(text, span.start));
        // Its own sentence could repeat a password that stands there.
        broken(format!(
            "line {line} is no TOML that is understood here: each account is a table [[account]]"
        ))
    })?;
    let rows = file.account.into_iter().map(|account| {
        let line = line_at(text, account.span().start);
        Found { line, row: map(account.into_inner()).and_then(row), may_be_cut: false }
    });
    Ok(rows.collect())
}

fn line_at(text: &str, offset: usize) -> u64 {
    let before = text.as_bytes().iter().take(offset);
    before.filter(|byte| **byte == b'\n').count() as u64 + 1
}

fn map(table: Table) -> Result<Map<String, Value>, CommandError> {
    table.into_iter().map(|(key, value)| json(&key, value).map(|value| (key, value))).collect()
}

/// Texts, switches and times; nothing of an account is anything else.
fn json(key: &str, value: Toml) -> Result<Value, CommandError> {
    match value {
        Toml::String(text) => Ok(text.into()),
        Toml::Boolean(switch) => Ok(switch.into()),
        Toml::Datetime(time) => Ok(time.to_string().into()),
        Toml::Integer(_) | Toml::Float(_) | Toml::Array(_) | Toml::Table(_) => {
            Err(CommandError::Invalid {
                field: key.chars().take(40).collect::<String>().into(),
                message: "the value must be a text, true or false, or a time".into(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_types_of_toml() {
        let text = "[[account]]\nname = 'bob'\nwebdav = true\nexpires_at = 2027-01-31\n\
                    [[account]]\nname = 'eve'\nexpires_at = 2027-01-31T00:00:00+02:00\n";
        let rows = read(text).unwrap();
        let row = |at: usize| rows[at].row.as_ref().unwrap();
        assert_eq!(row(0).webdav, Some(true));
        assert_eq!(row(0).expires_at.as_deref(), Some("2027-01-31T00:00:00Z"));
        assert_eq!(row(1).expires_at.as_deref(), Some("2027-01-31T00:00:00+02:00"));
        assert_eq!(rows[1].line, 5);
    }

    #[test]
    fn an_error_names_its_line_and_repeats_nothing() {
        for (text, line) in [
            ("[[account]]\nname = 'bob'\npassword = 'hunter2\n", "line 3"),
            ("[[user]]\nname = 'bob'\n", "line 1"),
            ("[[account]]\nname = 'bob'\nname = 'hunter2'\n", "line 3"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(line) && !error.contains("hunter2"), "{text}: {error}");
        }
        for text in ["[[account]]\nname = 1\n", "[[account]]\nname = 'x'\nroles = ['user']\n"] {
            assert!(read(text).unwrap()[0].row.is_err(), "{text}");
        }
    }
}
