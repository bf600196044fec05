//! The one transaction that writes all that is declared.

use std::sync::{Arc, Mutex};

use photoprism_protocol::transfer::{ImportCounts, ImportItem};

use super::rejected::Rejected;
use super::session::{Contexts, SessionOutcome, ValidSession};
use crate::commands::ending::Ending;
use crate::commands::import::{Import, import_rows};
use crate::commands::request::Request;
use crate::commands::transaction::record;
use crate::error::CommandError;
use crate::model::{Effect, WithEffects};
use crate::store::{Tx, WorkError};

/// What is applied, and by whom.
pub(super) struct Work {
    pub(super) accounts: Request<Import>,
    pub(super) sessions: Vec<Result<ValidSession, Rejected>>,
    pub(super) contexts: Contexts,
    /// What is refused undoes the rest.
    pub(super) is_strict: bool,
    /// What became of it, also where it was undone.
    pub(super) outcome: Arc<Mutex<Outcome>>,
}

/// What became of it.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) accounts: ImportCounts,
    pub(super) added: u64,
    pub(super) unchanged: u64,
    pub(super) expired: Vec<String>,
    pub(super) ended: u64,
    /// What was refused: the key of its table, its line, its name, and a message.
    pub(super) refused: Vec<(&'static str, u64, String, String)>,
    pub(super) warnings: Vec<String>,
}

impl Outcome {
    /// Whether nothing is kept, because something was refused.
    pub(super) fn is_undone(&self, is_strict: bool) -> bool {
        is_strict && !self.refused.is_empty()
    }

    /// Whether something was written.
    pub(super) const fn has_changed(&self) -> bool {
        self.accounts.added + self.accounts.updated + self.added > 0
    }

    fn refuse(&mut self, rejected: &Rejected) {
        let Rejected { what, line, name, .. } = rejected;
        self.refused.push((what, *line, name.clone(), rejected.message()));
    }
}

/// Applies all of it; fails where something was refused and that undoes the rest.
pub(super) fn run(tx: &Tx<'_>, work: &Work) -> Result<WithEffects<()>, CommandError> {
    let WithEffects { value, effects } = apply(tx, work)?;
    let is_undone = value.is_undone(work.is_strict);
    if let Ok(mut outcome) = work.outcome.lock() {
        *outcome = value;
    }
    if is_undone {
        return Err(CommandError::Conflict("something that is declared was refused".into()));
    }
    Ok(WithEffects { value: (), effects })
}

fn apply(tx: &Tx<'_>, work: &Work) -> Result<WithEffects<Outcome>, CommandError> {
    let (found, mut effects) = if work.accounts.args.rows.is_empty() {
        Default::default()
    } else {
        tx.large(|| import_rows(tx, &work.accounts))?
    };
    let mut value =
        Outcome { accounts: found.counts, warnings: found.warnings, ..Outcome::default() };
    value.refused.extend(found.items.into_iter().filter_map(refused));
    for session in &work.sessions {
        match session {
            Ok(session) => effects.extend(apply_session(tx, work, session, &mut value)?),
            Err(rejected) => value.refuse(rejected),
        }
    }
    let context = &work.accounts.context;
    if value.has_changed() {
        effects.push(record(tx, context, "")?);
    }
    Ending::of(tx, context.permit.command())?;
    Ok(WithEffects { value, effects })
}

fn apply_session(
    tx: &Tx<'_>,
    work: &Work,
    session: &ValidSession,
    outcome: &mut Outcome,
) -> Result<Vec<Effect>, CommandError> {
    match session.apply(tx, &work.contexts) {
        Ok((what, effects)) => {
            match what {
                SessionOutcome::Added { ended } => {
                    outcome.added += 1;
                    outcome.ended += ended;
                }
                SessionOutcome::Unchanged => outcome.unchanged += 1,
                SessionOutcome::Expired => outcome.expired.push(session.client_name.clone()),
            }
            Ok(effects)
        }
        Err(error) if error.store_error().is_some() || error.is_fault() => Err(error),
        Err(error) => {
            let (what, line, name) =
                (session.table.key(), session.line, session.client_name.clone());
            outcome.refuse(&Rejected { what, line, name, error });
            Ok(Vec::new())
        }
    }
}

fn refused(item: ImportItem) -> Option<(&'static str, u64, String, String)> {
    let message = item.message?;
    let field = item.field.map(|field| format!("{field}: ")).unwrap_or_default();
    Some(("account", item.line, item.name, format!("{field}{message}")))
}
