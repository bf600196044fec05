//! All rows, in their order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use photoprism_protocol::transfer::{ImportCounts, ImportItem, ImportResult};

use super::prune::{
    Unnamed, accounts_not_in_file, delete_all, ensure_names_somebody, ensure_whole,
};
use super::row::{RowOutcome, import_row};
use crate::commands::import_sessions::{Cancel, Named, Options, Results, Rows, ValidRow};
use crate::commands::reply::Written;
use crate::commands::request::{Context, Request};
use crate::commands::transaction::record;
use crate::commands::users::unknown_role;
use crate::error::CommandError;
use crate::model::{Account, Effect};
use crate::store::{
    Tx, WorkError, deleting_accounts, newest_account, remember_accounts, side_rows_insert_after,
};

/// Accounts that a warning names.
const NAMED: usize = 10;

/// Accounts whose sessions are ended by the same statements. MariaDB searches an index for each of up to
/// 1,000 values, and makes a table of more.
const AT_ONCE: usize = 500;

/// A text whose rows are ready.
pub(in crate::commands) struct Import {
    /// Its name on the wire.
    pub(in crate::commands) id: String,
    pub(in crate::commands) rows: Arc<Rows>,
    pub(in crate::commands) options: Options,
    /// Checked before each row.
    pub(in crate::commands) cancel: Cancel,
    /// Where the results go: the reply holds only the counts, since it is stored with the
    /// idempotency key.
    pub(in crate::commands) results: Arc<Mutex<Results>>,
    /// What rows of earlier parts are about.
    pub(in crate::commands) earlier: Arc<Named>,
}

/// Imports all rows, or fails and changes nothing; nobody is pruned without a backup. A row that is
/// refused is among the results.
pub(super) fn import_accounts(
    tx: &Tx<'_>,
    request: &Request<Import>,
) -> Result<Written<ImportResult>, CommandError> {
    let import = &request.args;
    if import.options.prune {
        ensure_names_somebody(&import.rows)?;
    }
    let (found, effects) = tx.large(|| import_rows(tx, request))?;
    let written = Written::new("", &summary(import, &found))?.with_effects(effects);
    if let Ok(mut results) = import.results.lock() {
        *results = found;
    }
    Ok(written)
}

fn summary(import: &Import, found: &Results) -> ImportResult {
    let rows = import.rows.len() as u64;
    ImportResult {
        import: import.id.clone(),
        done: true,
        rows,
        prepared: rows,
        missing_files: Vec::new(),
        counts: found.counts,
        items: Vec::new(),
        next: None,
        effective_within_s: None,
        pending: None,
        backup: found.backup.clone(),
        left: None,
    }
}

/// The results of all rows, and what they mean elsewhere.
pub(in crate::commands) fn import_rows(
    tx: &Tx<'_>,
    request: &Request<Import>,
) -> Result<(Results, Vec<Effect>), CommandError> {
    let (import, context) = (&request.args, &request.context);
    let Options { dry_run, prune, .. } = import.options;
    let unnamed = if prune { accounts_not_in_file(tx, &import.rows)? } else { Unnamed::default() };
    // The backup is of what was there before the first row. Whether it is needed shows at the end: a
    // refused row saves everybody, and a backup for nothing would drive an old one out.
    let deletes = !dry_run && !unnamed.rows.is_empty();
    let backup = deletes.then(|| request.begin_backup(tx)).transpose()?;
    let (mut results, effects) = whole(tx, context, import, &unnamed)?;
    if deletes && results.counts.pruned > 0 {
        request.complete_backup()?;
        results.backup = backup;
    }
    if prune {
        let refused = results.counts.refused;
        let kept = (refused > 0 && results.counts.pruned == 0).then(|| {
            format!(
                "no account is deleted while rows are refused ({refused} here): correct them first"
            )
        });
        results.warnings.extend(kept);
        results.warnings.extend(unnamed.warning());
    }
    Ok((results, effects))
}

/// The rows, and behind them those that none of them names.
fn whole(
    tx: &Tx<'_>,
    context: &Context,
    import: &Import,
    unnamed: &Unnamed,
) -> Result<(Results, Vec<Effect>), CommandError> {
    let (mut results, mut effects) = (Results::default(), Vec::new());
    let newest = newest_account(tx)?;
    let mut named: BTreeMap<&str, u64> = BTreeMap::new();
    let mut expired = Vec::new();
    for row in import.rows.iter() {
        check(&import.cancel)?;
        let (line, name, came) = match row {
            Ok(row) => {
                let name = row.name.as_str();
                let before = named.insert(name, row.line);
                let came = match before.or_else(|| import.earlier.line_of(name)) {
                    None => {
                        let whole =
                            if import.options.prune { ensure_whole(tx, row) } else { Ok(()) };
                        whole.and_then(|()| import_row(tx, context, row, import.options))
                    }
                    Some(before) => Err(CommandError::Conflict(
                        format!("line {before} is about this account already").into(),
                    )),
                };
                let new = came.as_ref().ok().and_then(|came| warning(tx, import, row, came));
                let new = new.filter(|text| !results.warnings.contains(text));
                results.warnings.extend(new);
                if came.as_ref().is_ok_and(|came| has_expired(row, came, context)) {
                    expired.push(name);
                }
                (row.line, name, came)
            }
            Err((line, name, error)) => (*line, name.as_str(), Err(error.clone())),
        };
        effects.extend(record_outcome(tx, context, &mut results, line, name, came)?);
    }
    results.warnings.extend(expired_warning(&expired));
    if results.counts.added > 0 {
        side_rows_insert_after(tx, newest)?;
    }
    let unnamed = if results.counts.refused == 0 { &unnamed.rows[..] } else { &[] };
    effects.extend(prune(tx, context, import, unnamed, &mut results)?);
    Ok((results, effects))
}

/// Deletes accounts, with a result and a record of each.
fn prune(
    tx: &Tx<'_>,
    context: &Context,
    import: &Import,
    unnamed: &[Account],
    results: &mut Results,
) -> Result<Vec<Effect>, CommandError> {
    if unnamed.is_empty() {
        return Ok(Vec::new());
    }
    deleting_accounts(tx, unnamed.len(), || {
        let mut effects = Vec::new();
        for rows in unnamed.chunks(AT_ONCE) {
            check(&import.cancel)?;
            for (row, came) in rows.iter().zip(delete_all(tx, context, rows)?) {
                effects.extend(record_outcome(tx, context, results, 0, &row.name, came)?);
            }
        }
        remember_accounts(tx, unnamed, context.now)?;
        Ok(effects)
    })
}

/// Nothing is changed where the daemon is stopping: a thousand rows may take a second.
fn check(cancel: &Cancel) -> Result<(), CommandError> {
    if cancel.is_requested() {
        return Err(CommandError::Unavailable(
            "the daemon is stopping, and nothing was imported; try again".into(),
        ));
    }
    Ok(())
}

/// What `users.add` and `users.mod` warn of, where the row got a role.
fn warning(tx: &Tx<'_>, import: &Import, row: &ValidRow, came: &RowOutcome) -> Option<String> {
    let given = row.given.role.or(import.options.role.filter(|_| came.outcome == "added"));
    let role = given.filter(|_| came.outcome == "added" || came.changed.contains(&"role"));
    unknown_role(tx.kind().edition(), role).filter(|_| came.wrote.is_some())
}

/// Whether a row gave its account an end that is over.
fn has_expired(row: &ValidRow, came: &RowOutcome, context: &Context) -> bool {
    let given = came.outcome == "added" || came.changed.contains(&"expires_at");
    let end = row.given.expires_at.flatten();
    came.wrote.is_some() && given && end.is_some_and(|end| end <= context.now)
}

fn expired_warning(names: &[&str]) -> Option<String> {
    let shown = names.get(..NAMED).unwrap_or(names).join(", ");
    let more = if names.len() > NAMED { ", …" } else { "" };
    let one = "has expired already and cannot log in; give a later time, or never";
    let many = "have expired already and cannot log in; give later times, or never";
    match names.len() {
        0 => None,
        1 => Some(format!("the account {shown} {one}")),
        count => Some(format!("{count} accounts {many} ({shown}{more})")),
    }
}

/// Records the outcome of a row: in the results, and in the audit trail if something was written.
fn record_outcome(
    tx: &Tx<'_>,
    context: &Context,
    results: &mut Results,
    line: u64,
    name: &str,
    came: Result<RowOutcome, CommandError>,
) -> Result<Vec<Effect>, CommandError> {
    let mut item = ImportItem {
        line,
        name: name.into(),
        outcome: "refused".into(),
        changed: Vec::new(),
        sessions_revoked: 0,
        code: None,
        field: None,
        message: None,
    };
    let mut effects = Vec::new();
    match came {
        Ok(came) => {
            item.outcome = came.outcome.into();
            item.changed = came.changed.into_iter().map(Into::into).collect();
            item.sessions_revoked = came.sessions_revoked;
            if let Some((uid, meaning)) = came.wrote {
                effects.push(record(tx, context, &uid)?);
                effects.extend(meaning);
            }
        }
        Err(error) if error.store_error().is_some() || error.is_fault() => return Err(error),
        Err(error) => {
            let error = error.into_body("");
            item.code = Some(error.code.name().into());
            item.field = error.field.as_deref().map(Into::into);
            item.message = Some(error.text());
        }
    }
    *count(&mut results.counts, &item.outcome) += 1;
    results.items.push(item);
    Ok(effects)
}

fn count<'a>(counts: &'a mut ImportCounts, outcome: &str) -> &'a mut u64 {
    match outcome {
        "added" => &mut counts.added,
        "updated" => &mut counts.updated,
        "unchanged" => &mut counts.unchanged,
        "kept" => &mut counts.kept,
        "pruned" => &mut counts.pruned,
        _ => &mut counts.refused,
    }
}
