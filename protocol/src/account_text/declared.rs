//! What the file of `photoprismd --accounts` declares in addition to accounts: app passwords and
//! access tokens, as tables of TOML.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use zeroize::Zeroizing;

use super::toml_text::{Account, Lines, Parts, TABLE, fill, not_understood};
use super::{
    Format, MOST_ROW_BYTES, NAME, Object, TextError, broken, shorten, too_long_at, whole_day,
};
use crate::args::{Entries, decode};
use crate::json::Json;

/// App passwords and access tokens that a file may declare.
const MOST_SESSIONS: usize = 1000;

/// Which table declares a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionTable {
    /// `[[app_password]]`, of an account.
    AppPassword,
    /// `[[access_token]]`, of nobody.
    AccessToken,
}

impl SessionTable {
    /// The name of the table.
    pub const fn key(self) -> &'static str {
        match self {
            Self::AppPassword => "app_password",
            Self::AccessToken => "access_token",
        }
    }
}

/// The keys of the table; those of `auth.add`, with the end of the session as an instant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionEntry {
    /// The account, of an app password only.
    pub user: Option<String>,
    /// Name of the client.
    pub name: String,
    /// What it allows.
    pub scope: String,
    /// File that contains the secret.
    pub secret_file: String,
    /// RFC 3339 or `never`; left out: never.
    pub expires_at: Option<String>,
}

/// A table with the line on which it begins.
#[derive(Debug)]
pub struct DeclaredSession {
    /// From 1.
    pub line: u64,
    /// Which table.
    pub table: SessionTable,
    /// The client's name, whether it keeps the rule or not, cut at 200 characters.
    pub name: String,
    /// What it declares, or what is wrong with it.
    pub entry: Result<SessionEntry, TextError>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    #[serde(default)]
    app_password: Vec<Spanned<Account>>,
    #[serde(default)]
    access_token: Vec<Spanned<Account>>,
}

/// Takes the sessions out of a text: what is left declares accounts, on the lines where they were.
/// Only TOML has such tables.
///
/// # Errors
/// Where a table cannot be read, or there are too many.
pub fn take_sessions(text: &str) -> Result<(Zeroizing<String>, Vec<DeclaredSession>), TextError> {
    let (text, format) = Format::of(text);
    let mut rest = Zeroizing::new(text.as_bytes().to_vec());
    let mut sessions = Vec::new();
    if matches!(format, Format::Toml) {
        let mut lines = Lines::new(text);
        let mut object = Object::new();
        for part in Parts::new(text).filter(|part| is_session(&text[part.clone()])) {
            let line = lines.line_at(part.start);
            if part.len() > MOST_ROW_BYTES {
                return Err(too_long_at(line));
            }
            if sessions.len() == MOST_SESSIONS {
                return Err(broken(format!(
                    "line {line}: there are more than 1,000 app passwords and access tokens"
                )));
            }
            sessions.extend(read(text, part.clone(), line, &mut object)?);
            rest[part].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        }
    }
    let rest = String::from_utf8(std::mem::take(&mut *rest));
    Ok((Zeroizing::new(rest.map_err(|_| broken("the text is not UTF-8"))?), sessions))
}

/// Whether a part is the table of a session, whatever is in it.
fn is_session(part: &str) -> bool {
    let name = part.strip_prefix(TABLE).and_then(|rest| rest.split_once(']'));
    let name = name.map(|(name, _)| name.trim().trim_matches(['"', '\'']));
    let tables = [SessionTable::AppPassword, SessionTable::AccessToken];
    tables.iter().any(|table| name == Some(table.key()))
}

fn read(
    text: &str,
    part: Range<usize>,
    line: u64,
    object: &mut Object,
) -> Result<Vec<DeclaredSession>, TextError> {
    let tables: Tables = toml::from_str(&text[part.clone()]).map_err(|error| {
        let within = error.span().map_or(0, |span| span.start);
        not_understood(Lines::new(text).line_at(part.start + within))
    })?;
    let Tables { app_password, access_token } = tables;
    let app_passwords = app_password.into_iter().map(|found| (SessionTable::AppPassword, found));
    let access_tokens = access_token.into_iter().map(|found| (SessionTable::AccessToken, found));
    let mut session = |table, account: &Account| {
        let entry = fill(object, account).and_then(|()| object.session());
        let name = match &entry {
            Ok(entry) => shorten(&entry.name),
            Err(_) => object.name(),
        };
        DeclaredSession { line, table, name, entry }
    };
    let all = app_passwords.chain(access_tokens);
    Ok(all.map(|(table, found)| session(table, found.as_ref())).collect())
}

impl Object {
    fn session(&mut self) -> Result<SessionEntry, TextError> {
        let mut entry: SessionEntry = decode(Entries::read(Some(self.close()?))?)?;
        entry.expires_at = entry.expires_at.map(whole_day);
        Ok(entry)
    }

    /// The name in what was refused; empty where there is none.
    fn name(&self) -> String {
        let entries = str::from_utf8(&self.0).ok().and_then(Json::read);
        let Some(Json::Object(entries)) = entries else { return String::new() };
        let name = entries.iter().find(|(key, _)| key == NAME);
        match name.and_then(|(_, value)| Json::read(value.get())) {
            Some(Json::Text(name)) => shorten(&name),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ParsedRow, read as read_accounts};
    use super::*;

    fn accounts(text: &str) -> Vec<(u64, String)> {
        let mut rows = Vec::new();
        read_accounts(text, |ParsedRow { line, name, .. }| {
            rows.push((line, name));
            Ok::<_, TextError>(())
        })
        .unwrap();
        rows
    }

    #[test]
    fn sessions_are_taken_out_and_accounts_keep_their_lines() {
        let text = "# a stack\n[[app_password]]\nuser = 'bob'\nname = 'phone ä'\nscope = 'webdav'\n\
                    secret_file = 's/phone'\n\n[[account]]\nname = 'bob'\n[[access_token]]\n\
                    name = 'probe'\nscope = 'metrics'\nsecret_file = 's/probe'\n\
                    expires_at = 2027-01-31\n[[account]]\nname = 'eve'\n";
        let (rest, sessions) = take_sessions(text).unwrap();
        assert_eq!(accounts(&rest), [(8, "bob".into()), (15, "eve".into())]);
        assert_eq!(rest.len(), text.len());
        let [phone, probe] = &sessions[..] else { panic!("{sessions:?}") };
        assert_eq!((phone.line, phone.table), (2, SessionTable::AppPassword));
        let entry = phone.entry.as_ref().unwrap();
        assert_eq!((&*entry.name, entry.user.as_deref()), ("phone ä", Some("bob")));
        assert_eq!((probe.line, probe.table), (10, SessionTable::AccessToken));
        let entry = probe.entry.as_ref().unwrap();
        assert_eq!(entry.expires_at.as_deref(), Some("2027-01-31T00:00:00Z"));
        assert_eq!((&*entry.secret_file, &entry.user), ("s/probe", &None));
    }

    #[test]
    fn a_file_of_sessions_alone_declares_no_account() {
        let (rest, sessions) = take_sessions("[[ access_token ]]\nname = 'probe'\n").unwrap();
        assert_eq!(accounts(&rest), []);
        assert!(sessions[0].entry.is_err() && sessions[0].name == "probe");
    }

    #[test]
    fn other_formats_and_lookalikes_are_left_alone() {
        for text in [
            "name,attr\nbob,[[app_password]]\n",
            "{\"name\":\"bob\"}\n",
            "[[account]]\nname = 'bob'\nattr = '''\n[[app_password]]\n'''\n# [[access_token]]\n",
            "",
        ] {
            let (rest, sessions) = take_sessions(text).unwrap();
            assert_eq!((&**rest, sessions.len()), (text, 0));
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_no_value_repeated() {
        for text in [
            "[[app_password]]\nname = 'x'\nscope = 'webdav'\nsecret = 'hunter22'\n",
            "[[app_password]]\nname = 'x'\nscope = ['hunter22']\nsecret_file = 'x'\n",
        ] {
            let (_, sessions) = take_sessions(text).unwrap();
            let error = sessions[0].entry.as_ref().unwrap_err();
            assert!(!format!("{error:?}").contains("hunter22"), "{error:?}");
        }
        let text = "[[account]]\nname = 'x'\n[[app_password]]\nname = 'hunter22\n";
        let TextError::Invalid { message, .. } = take_sessions(text).unwrap_err() else { panic!() };
        assert!(message.contains("line 4") && !message.contains("hunter22"), "{message}");
    }

    #[test]
    fn there_are_at_most_a_thousand() {
        let one = "[[access_token]]\nname = 'x'\n";
        assert_eq!(take_sessions(&one.repeat(MOST_SESSIONS)).unwrap().1.len(), MOST_SESSIONS);
        let error = take_sessions(&one.repeat(MOST_SESSIONS + 1)).unwrap_err();
        assert!(format!("{error:?}").contains("line 2001"), "{error:?}");
        let long = format!("[[access_token]]\nname = '{}'\n", "x".repeat(MOST_ROW_BYTES));
        assert!(take_sessions(&long).is_err());
    }
}
