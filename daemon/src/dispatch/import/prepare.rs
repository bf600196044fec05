//! Passwords of rows: hashed, or compared with what the account has, on the pool.

use photoprism_protocol::rule::RuleError;
use photoprism_protocol::secret::Secret;

use zeroize::Zeroizing;

use super::super::call::Call;
use super::staged::Staged;
use crate::accounts::files;
use crate::accounts::password::PasswordRules;
use crate::error::CommandError;
use crate::handlers::users::{Bad, NewHash, Options, Ready, known_hash};
use crate::hashing::{Scheme, parse};

/// Rows of one text; with more the one transaction would hold the others up for seconds.
pub(super) const MOST_ROWS: usize = 20_000;

/// Reads the rows of a text that is whole, on a thread of its own: megabytes would hold up every
/// other connection.
///
/// # Errors
/// `invalid_argument` at `text`.
pub(super) async fn rows(
    call: &Call<'_>,
    text: Zeroizing<String>,
) -> Result<Vec<Result<Ready, Bad>>, CommandError> {
    let (rules, only_bcrypt) = (call.app.rules, !call.app.own);
    tokio::task::spawn_blocking(move || read(&text, rules, only_bcrypt))
        .await
        .map_err(|error| CommandError::Internal(error.to_string()))?
}

fn read(
    text: &str,
    rules: PasswordRules,
    only_bcrypt: bool,
) -> Result<Vec<Result<Ready, Bad>>, CommandError> {
    let found = files::read(text)?;
    if found.len() > MOST_ROWS {
        return Err(CommandError::broken(
            "text",
            "there are more than 20,000 rows; import them in several pieces",
        ));
    }
    let is_hash = |text: &str| checkable(text, only_bcrypt);
    Ok(found.into_iter().map(|found| Ready::parse(found, &rules, is_hash)).collect())
}

/// Whether a stored hash can be checked here.
pub(super) fn checkable(text: &str, only_bcrypt: bool) -> Result<(), RuleError> {
    let hash = parse(text).map_err(|why| RuleError::new(why.to_string()))?;
    if only_bcrypt && hash.scheme() != Scheme::Bcrypt {
        return Err(RuleError::new("PhotoPrism checks bcrypt hashes only; give one of those"));
    }
    Ok(())
}

/// Puts the passwords that were read from files into their rows; gives the files that nobody has
/// read yet.
pub(super) fn give_files(call: &Call<'_>, staged: &mut Staged) -> Vec<String> {
    let mut missing = Vec::new();
    for row in staged.rows.iter_mut().flatten() {
        let Ok(ready) = row else { continue };
        let Some(file) = ready.password_file.clone() else { continue };
        let Some(password) = staged.files.get(&file) else {
            if !missing.contains(&file) {
                missing.push(file);
            }
            continue;
        };
        if let Err(error) = ready.give_password(password, &call.app.rules) {
            *row = Err((ready.line, ready.name.as_str().into(), error));
        }
    }
    missing
}

/// Prepares the next row.
///
/// # Errors
/// The pool's and the store's; the row is then as it was.
pub(super) async fn next(
    call: &Call<'_>,
    staged: &mut Staged,
    options: Options,
) -> Result<(), CommandError> {
    let at = staged.prepared;
    if let Some(Ok(row)) = staged.rows.as_mut().and_then(|rows| rows.get_mut(at))
        && matches!(row.hash, NewHash::Wanted)
        && let Some(password) = row.password().cloned()
    {
        row.hash = hash(call, row, (&password, options)).await?;
    }
    staged.prepared += 1;
    Ok(())
}

async fn hash(
    call: &Call<'_>,
    row: &Ready,
    (password, options): (&Secret, Options),
) -> Result<NewHash, CommandError> {
    let name = row.name.as_str().to_owned();
    let known = call.app.store.read(call.whole_time(), move |db| known_hash(db, &name)).await?;
    match known {
        // It is left alone, whatever its password.
        Some(_) if !options.update => return Ok(NewHash::None),
        Some(Some(stored)) => {
            if call.verify(password.clone(), Some(stored.clone())).await? {
                return Ok(NewHash::Matches(Secret::new(stored)));
            }
        }
        Some(None) | None => {}
    }
    if options.dry_run {
        return Ok(NewHash::Differs);
    }
    let hashed = call.hash(password).await?;
    Ok(NewHash::Set(Secret::new(hashed.hash)))
}
