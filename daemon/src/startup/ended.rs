//! Keeps ended what was ended in PhotoPrism's database: deletes again what a running PhotoPrism
//! writes back, reports which changes of accounts it undid, and forgets entries when PhotoPrism
//! cannot have them in memory any more.

use std::rc::Rc;

use tokio::time::{Duration, timeout};
use tracing::{info, warn};

use crate::clock::Stopwatch;
use crate::commands::App;
use crate::error::CommandError;
use crate::session_index::MOST_HELD;
use crate::store::{
    Db, EndedState, StoreError, Tx, begin_ended_anew, changes_due, end_what_came_back, ended_ids,
    ended_state, forget_ended, give_up_reloads, has_reloads, move_ended, report_changes,
};

/// How often the rows are checked while nothing came back.
const EVERY: Duration = Duration::from_secs(10);

/// The least time between two checks, however often a request finds a session that came back.
const LEAST: Duration = Duration::from_secs(1);

/// Sessions that one transaction ends again: some milliseconds.
const STEP: i64 = 500;

/// How many seconds the clock may gain on the elapsed time before it counts as set ahead. A machine
/// that was suspended looks the same.
const JUMP: i64 = 5;

/// How long a step may wait for the database.
const DEADLINE: Duration = Duration::from_secs(30);

/// Runs until the daemon stops.
pub(super) async fn keep_ended(app: Rc<App>) {
    if app.own {
        return;
    }
    let mut time = Time { at: app.clock.machine().as_second(), since: Stopwatch::start() };
    let mut begun = false;
    while !app.is_stopping() {
        let jump = time.jump(app.clock.machine().as_second());
        match round(&app, jump, !begun).await {
            Ok(there) => begun |= there,
            Err(error) => warn!(%error, "ending what came back failed and is tried again"),
        }
        let _ = timeout(LEAST, std::future::pending::<()>()).await;
        let _ = timeout(EVERY.saturating_sub(LEAST), app.ended.reported()).await;
    }
}

/// The wall clock when it was last read, and the time elapsed since.
struct Time {
    at: i64,
    since: Stopwatch,
}

impl Time {
    /// Seconds by which the clock was set ahead since the last call.
    fn jump(&mut self, now: i64) -> i64 {
        let went_by = i64::try_from(self.since.elapsed().as_secs()).unwrap_or(i64::MAX);
        let jump = now.saturating_sub(self.at).saturating_sub(went_by);
        *self = Self { at: now, since: Stopwatch::start() };
        if jump > JUMP { jump } else { 0 }
    }
}

/// One pass over all entries, with its consequences; false while the database is missing.
async fn round(app: &App, jump: i64, first: bool) -> Result<bool, CommandError> {
    let now = app.clock.machine().as_second();
    if first && app.store.read(DEADLINE, has_reloads).await? {
        app.store.write(DEADLINE, give_up_reloads).await?;
    }
    let mut after = String::new();
    loop {
        let Some(state) = check_chunk(app, after.clone(), now).await? else { return Ok(false) };
        if after.is_empty() && state.entries > 0 && (first || jump > 0) {
            let anew = move |tx: &Tx<'_>| {
                if first { begin_ended_anew(tx, now) } else { move_ended(tx, jump) }
            };
            app.store.write(DEADLINE, anew).await?;
            info!(entries = state.entries, "sessions that were ended are watched anew");
        }
        while state.back && end(app, after.clone(), now).await? > 0 {}
        match state.next {
            Some(next) => after = next,
            None if state.over => {
                app.store.write(DEADLINE, move |tx| forget_ended(tx, now)).await?;
                break;
            }
            None => break,
        }
    }
    if app.store.read(DEADLINE, move |db| changes_due(db, now)).await? {
        app.store.write(DEADLINE, move |tx| report_changes(tx, now)).await?;
    }
    Ok(true)
}

/// Checks one chunk of the entries, on the database's thread, so that no commit comes between the
/// table and the ids in memory.
async fn check_chunk(
    app: &App,
    after: String,
    now: i64,
) -> Result<Option<EndedState>, CommandError> {
    let held = app.ended.clone();
    let check = move |db: Result<&Db, StoreError>| {
        let Ok(db) = db else { return Ok(None) };
        let state = ended_state(db, now, &after)?;
        if held.len() as u64 != state.entries.min(MOST_HELD as u64) {
            held.replace(&ended_ids(db, MOST_HELD)?);
        }
        Ok(Some(state))
    };
    app.store.read_between_commits(DEADLINE, check).await
}

async fn end(app: &App, after: String, now: i64) -> Result<usize, CommandError> {
    app.store.write(DEADLINE, move |tx| Ok(end_what_came_back(tx, &after, now, STEP)?)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clock_that_was_set_ahead_moves_the_entries() {
        let mut time = Time { at: 1000, since: Stopwatch::start() };
        assert_eq!(time.jump(1001), 0);
        assert_eq!(time.jump(1001 + 3600), 3600);
        assert_eq!(time.jump(1001 + 3600), 0, "once");
        assert_eq!(time.jump(1001), 0, "set back: the entries wait for it");
    }
}
