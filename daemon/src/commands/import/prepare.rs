//! Passwords of rows: hashed, or compared with what the account has, on the pool.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use photoprism_protocol::account_text::{self, MOST_ROWS};
use photoprism_protocol::rule::RuleError;
use photoprism_protocol::secret::Secret;

use super::worker::check;
use crate::commands::import_sessions::{
    Cancel, ImportSession, Options, Part, PasswordChange, RejectedRow, Rows, ValidRow, known_hash,
};
use crate::commands::runner::Runner;
use crate::error::CommandError;
use crate::hashing::{Scheme, parse};
use crate::model::PasswordRules;

/// What a text that cannot hold a row more is not waited for: bytes.
const MOST_WITHOUT_ROW: usize = 1024 * 1024;

/// Rows of a text, and the line with which those begin that are left to the next part.
pub(in crate::commands) struct Found {
    pub(in crate::commands) rows: Rows,
    pub(super) left: Option<u64>,
}

/// By which rules rows are read.
#[derive(Clone, Copy)]
pub(in crate::commands) struct Reading {
    pub(in crate::commands) rules: PasswordRules,
    pub(in crate::commands) only_bcrypt: bool,
    pub(in crate::commands) options: Options,
}

/// Reads the rows of a text, one by one. Takes seconds.
///
/// # Errors
/// `invalid_argument` at `text`; `unavailable` where it was cancelled.
pub(in crate::commands) fn rows(
    text: &str,
    how: Reading,
    cancel: &Cancel,
) -> Result<Found, CommandError> {
    let is_hash = |text: &str| checkable(text, how.only_bcrypt);
    let (mut rows, mut left) = (Rows::new(), None);
    let read = account_text::read(text, |found| {
        check(cancel)?;
        if rows.len() == MOST_ROWS {
            left = Some(found.line);
            return Err(too_many());
        }
        rows.push(ValidRow::parse(found, &how.rules, is_hash));
        Ok(())
    });
    check(cancel)?;
    let part = how.options.part;
    if part.is_none() || (left.is_none() && part == Some(Part::End)) {
        read?;
        return Ok(Found { rows, left: None });
    }
    // The end of the last row, and what is wrong behind it, may not have come yet.
    let line = left.or_else(|| rows.last().map(line_of)).unwrap_or(1);
    while rows.last().is_some_and(|row| line_of(row) >= line) {
        rows.pop();
    }
    if rows.is_empty() && (left.is_some() || text.len() > MOST_WITHOUT_ROW) {
        read?;
        return Err(too_many());
    }
    Ok(Found { rows, left: Some(line) })
}

fn too_many() -> CommandError {
    CommandError::broken(
        "text",
        "there are more than 20,000 rows, and one transaction has no more; import them in several \
         pieces, and give each account of a JSON array a line of its own",
    )
}

/// The line on which a row begins.
pub(super) const fn line_of(row: &Result<ValidRow, RejectedRow>) -> u64 {
    match row {
        Ok(row) => row.line,
        Err((line, ..)) => *line,
    }
}

/// The files that rows name and nobody has read yet.
pub(super) fn named_files(rows: &Rows) -> BTreeSet<String> {
    rows.iter().flatten().filter_map(|row| row.password_file.clone()).collect()
}

/// Whether a stored hash can be checked here.
pub(super) fn checkable(text: &str, only_bcrypt: bool) -> Result<(), RuleError> {
    let hash = parse(text).map_err(|why| RuleError::new(why.to_string()))?;
    if only_bcrypt && hash.scheme() != Scheme::Bcrypt {
        return Err(RuleError::new("PhotoPrism checks bcrypt hashes only; give one of those"));
    }
    Ok(())
}

/// Puts the passwords that were read from files into their rows.
///
/// # Errors
/// `unavailable` where it was cancelled.
pub(super) fn give_files(
    rows: &mut Rows,
    files: &BTreeMap<String, Secret>,
    rules: PasswordRules,
    cancel: &Cancel,
) -> Result<(), CommandError> {
    for row in rows {
        check(cancel)?;
        let Ok(ready) = row else { continue };
        let Some(password) = ready.password_file.as_ref().and_then(|file| files.get(file)) else {
            continue;
        };
        if let Err(error) = ready.give_password(password, &rules) {
            *row = Err((ready.line, ready.name.as_str().into(), error));
        }
    }
    Ok(())
}

/// Prepares the next row.
///
/// # Errors
/// The pool's and the store's; the row is then as it was.
pub(super) async fn prepare_next(
    runner: &Runner<'_>,
    staged: &mut ImportSession,
    options: Options,
) -> Result<(), CommandError> {
    let at = staged.prepared;
    // The rows are not shared before they are imported, so this does not copy them.
    let row = staged.rows.as_mut().map(Arc::make_mut).and_then(|rows| rows.get_mut(at));
    if let Some(Ok(row)) = row
        && matches!(row.hash, PasswordChange::Pending)
        && let Some(password) = row.password().cloned()
    {
        if runner.is_abandoned() {
            return Err(runner.abandoned().await);
        }
        row.hash = hash(runner, row, &password, options).await?;
    }
    staged.prepared += 1;
    Ok(())
}

/// What the account's password is to be, where the row has one.
///
/// # Errors
/// The pool's and the store's.
pub(in crate::commands) async fn hash(
    runner: &Runner<'_>,
    row: &ValidRow,
    password: &Secret,
    options: Options,
) -> Result<PasswordChange, CommandError> {
    let name = row.name.as_str().to_owned();
    let known = runner.app.store.read(runner.whole_time(), move |db| known_hash(db, &name)).await?;
    match known {
        // It is left alone, whatever its password.
        Some(_) if !options.update => return Ok(PasswordChange::None),
        Some(Some(stored)) => {
            if runner.verify(password.clone(), Some(stored.clone())).await? {
                return Ok(PasswordChange::Matches(Secret::new(stored)));
            }
        }
        Some(None) | None => {}
    }
    if options.dry_run {
        return Ok(PasswordChange::Different);
    }
    let hashed = runner.hash(password).await?;
    Ok(PasswordChange::Set(Secret::new(hashed.hash)))
}
