//! Passwords of rows: hashed, or compared with what the account has, on the pool.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use photoprism_protocol::account_text::{self, MOST_ROWS};
use photoprism_protocol::rule::RuleError;
use photoprism_protocol::secret::Secret;

use super::worker::check;
use crate::commands::import_sessions::{
    Cancel, ImportSession, Options, PasswordChange, Rows, Text, ValidRow, known_hash,
};
use crate::commands::runner::Runner;
use crate::error::CommandError;
use crate::hashing::{Scheme, parse};
use crate::model::PasswordRules;

/// Reads the rows of a text, one by one. Takes seconds.
///
/// # Errors
/// `invalid_argument` at `text`; `unavailable` where it was cancelled.
pub(super) fn rows(
    text: Text,
    rules: PasswordRules,
    only_bcrypt: bool,
    cancel: &Cancel,
) -> Result<Rows, CommandError> {
    let text = text.whole()?;
    let is_hash = |text: &str| checkable(text, only_bcrypt);
    let mut rows = Rows::new();
    account_text::read(&text, |found| {
        check(cancel)?;
        if rows.len() == MOST_ROWS {
            return Err(CommandError::broken(
                "text",
                "there are more than 20,000 rows; import them in several pieces",
            ));
        }
        rows.push(ValidRow::parse(found, &rules, is_hash));
        Ok(())
    })?;
    Ok(rows)
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

async fn hash(
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
