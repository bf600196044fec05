//! What is known about the account of an attempt, from the database, or from memory where that is the
//! same.

use std::sync::Arc;

use photoprism_protocol::secret::Secret;
use photoprism_protocol::token::is_app_password;

use super::attempt::Attempt;
use super::candidate::{Candidate, load_candidate};
use crate::commands::remembered::AccountRow;
use crate::commands::runner::Runner;
use crate::error::CommandError;
use crate::limiter::LimitKey;
use crate::model::Edition;
use crate::store::Db;

/// Reads it, and what other daemons know of its places.
pub(super) async fn load(
    runner: &Runner<'_>,
    attempt: &Attempt,
) -> Result<Candidate, CommandError> {
    if let Some(known) = account_in_memory(runner, attempt) {
        return Ok(known);
    }
    let commits = runner.app.own.then(|| runner.app.store.committed().0);
    let (context, attempt) = (Arc::clone(&runner.context), attempt.clone());
    let work = move |db: &Db| load_candidate(db, &context, &attempt);
    let moment = runner.app.limiter.moment();
    let known: Candidate = runner.app.store.read(runner.time_left(), work).await?;
    if let Some(shared) = &known.shared {
        runner.app.limiter.follow(moment, shared, runner.app.clock.machine().as_second());
    }
    Ok(Candidate { commits, ..known })
}

/// The account of an attempt as it is in memory, where that is as it is in the database.
fn account_in_memory(runner: &Runner<'_>, attempt: &Attempt) -> Option<Candidate> {
    let app = runner.app;
    // The row of an app password is read each time.
    if !app.own || is_app_password(attempt.password.expose()) {
        return None;
    }
    let row = app.remembered.row(&attempt.name, app.store.committed().0)?;
    Some(Candidate {
        who: LimitKey::Account(row.account.uid.clone()),
        stored: Some(row.stored.expose().to_owned()),
        app: None,
        two_factor: None,
        shared: None,
        account: Some(Arc::clone(&row.account)),
        edition: Edition::Full,
        commits: None,
    })
}

/// Keeps what was read, for the next one.
pub(super) fn keep_account(runner: &Runner<'_>, attempt: &Attempt, known: &Candidate) {
    let Some(commits) = known.commits else { return };
    if let Some((account, stored)) = known.needs_password_alone(runner.context.now) {
        let (account, stored) = (Arc::clone(account), Secret::new(stored.to_owned()));
        let row = AccountRow { account, stored, commits, since: runner.app.clock.moment() };
        runner.app.remembered.keep_row(&attempt.name, row);
    }
}
