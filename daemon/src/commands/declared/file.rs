//! Reads the file, and those that it names.

use std::path::{Path, PathBuf};

use photoprism_protocol::account_text::{
    DeclaredSession, MOST_BYTES, SessionTable, password_files, take_sessions,
};
use photoprism_protocol::secret::Secret;
use photoprism_protocol::setting_path::check_path;
use zeroize::Zeroizing;

use super::rejected::{Rejected, Secrets};
use super::session::{ValidSession, valid_sessions};
use crate::commands::import::{Reading, rows};
use crate::commands::import_sessions::{Cancel, Options, RejectedRow, Rows, ValidRow};
use crate::config::{When, read_at_most, shown};
use crate::error::CommandError;
use crate::model::PasswordRules;

/// Bytes of a file with a password or a token.
const MOST_SECRET_BYTES: u64 = 4096;

/// Accounts are created and changed, and nobody is deleted.
pub(super) const OPTIONS: Options =
    Options { dry_run: false, update: true, prune: false, role: None, part: None };

/// What the file and those that it names contain.
pub(crate) struct DeclaredFile {
    path: PathBuf,
    accounts: Zeroizing<String>,
    sessions: Vec<DeclaredSession>,
    /// By the names in the file; an error is that of the row which has the name.
    secrets: Secrets,
}

/// What there is to be, and what breaks a rule of its own.
pub(crate) struct Declared {
    pub(super) rows: Rows,
    pub(super) sessions: Vec<Result<ValidSession, Rejected>>,
}

impl DeclaredFile {
    /// Reads it, and the files of passwords and tokens that it names.
    ///
    /// # Errors
    /// A message for people where the file cannot be read, or is not one. A secret that cannot be
    /// read is the fault of its row.
    pub(crate) fn read(path: &Path, when: When) -> Result<Self, String> {
        let text = read_at_most(path, MOST_BYTES as u64, when)?.text;
        let in_file = |error| format!("{}: {}", shown(path), text_error(error));
        let (accounts, sessions) =
            take_sessions(&text).map_err(|error| in_file(CommandError::from(error)))?;
        let directory = path.parent().unwrap_or(Path::new("/"));
        let mut files = password_files(&accounts);
        files.extend(
            sessions.iter().flat_map(|found| &found.entry).map(|entry| entry.secret_file.clone()),
        );
        let read = |file: String| {
            let secret = read_secret(directory, &file);
            (file, secret)
        };
        let secrets = files.into_iter().map(read).collect();
        Ok(Self { path: path.to_owned(), accounts, sessions, secrets })
    }

    /// Checks all that needs no database.
    ///
    /// # Errors
    /// A message for people where the text is not one of accounts.
    pub(crate) fn declared(
        &self,
        rules: PasswordRules,
        only_bcrypt: bool,
    ) -> Result<Declared, String> {
        let how = Reading { rules, only_bcrypt, options: OPTIONS };
        let found = rows(&self.accounts, how, &Cancel::default());
        let in_file = |error| format!("{}: {}", shown(&self.path), text_error(error));
        let mut rows = found.map_err(in_file)?.rows;
        for row in &mut rows {
            if let Err(rejected) = self.give_password(row, &rules) {
                *row = Err(rejected);
            }
        }
        Ok(Declared { rows, sessions: valid_sessions(&self.sessions, &self.secrets) })
    }

    fn give_password(
        &self,
        row: &mut Result<ValidRow, RejectedRow>,
        rules: &PasswordRules,
    ) -> Result<(), RejectedRow> {
        let Ok(row) = row else { return Ok(()) };
        let Some(file) = row.password_file.clone() else { return Ok(()) };
        let given = match self.secrets.get(&file) {
            Some(Ok(password)) => row.give_password(password, rules),
            Some(Err(why)) => Err(CommandError::broken("password_file", why.clone())),
            None => Err(CommandError::broken("password_file", "it was not read")),
        };
        given.map_err(|error| (row.line, row.name.as_str().into(), error))
    }
}

fn text_error(error: CommandError) -> String {
    let body = error.into_body("the cause in the log");
    body.message.into_owned()
}

/// The password or token in a file that the text names, next to the text. Symbolic links are
/// followed: a directory of Kubernetes consists of them. It may be readable by everybody, as those
/// of Docker are.
fn read_secret(directory: &Path, file: &str) -> Result<Secret, String> {
    check_path(file.as_ref()).map_err(|rule| format!("the path {rule}"))?;
    // Never waiting for what comes through a pipe: there may be one for each account.
    let text = read_at_most(&directory.join(file), MOST_SECRET_BYTES, When::Serving)?.text;
    Ok(Secret::from_file_text(&text))
}

impl Declared {
    /// How many accounts, app passwords and access tokens it declares, for `--check`.
    pub(crate) fn summary(&self) -> String {
        let of = |table: SessionTable| {
            let key = table.key();
            let is_one = |found: &&Result<ValidSession, Rejected>| match found {
                Ok(session) => session.table == table,
                Err(rejected) => rejected.what == key,
            };
            self.sessions.iter().filter(is_one).count()
        };
        let (app_passwords, access_tokens) =
            (of(SessionTable::AppPassword), of(SessionTable::AccessToken));
        let count = |number: usize, one: &str| match number {
            1 => format!("1 {one}"),
            _ => format!("{number} {one}s"),
        };
        format!(
            "{}, {}, {}",
            count(self.rows.len(), "account"),
            count(app_passwords, "app password"),
            count(access_tokens, "access token")
        )
    }

    /// What breaks a rule of its own, as messages for people.
    pub(crate) fn refused(&self) -> Vec<String> {
        let accounts = self.rows.iter().filter_map(|row| row.as_ref().err()).map(|rejected| {
            let (line, name, error) = rejected.clone();
            Rejected { what: "account", line, name, error }
        });
        let sessions = self.sessions.iter().filter_map(|found| found.as_ref().err()).cloned();
        let shown = |rejected: Rejected| {
            let Rejected { what, line, name, .. } = &rejected;
            let name = crate::log::escape(name);
            format!("{what} \"{name}\" (line {line}): {}", rejected.message())
        };
        accounts.chain(sessions).map(shown).collect()
    }
}
