//! Periodic work while the daemon serves: writing what was buffered, and deleting what has expired.
//! Each step takes less than 50 ms on the database thread, so that commands run in between.

use std::rc::Rc;

use photoprism_protocol::audit::VerifyResult;
use tokio::time::{Duration, timeout};
use tracing::{debug, info, warn};

use crate::clock::{ClockState, Floor};
use crate::commands::{App, verify_whole_trail};
use crate::error::CommandError;
use crate::model::{Effect, WithEffects};
use crate::store::{
    Tx, has_admin_tables, limits_clamp_times, limits_sweep, logins_excess, logins_prune,
    sessions_seen, store_floor, sweep_sessions, trusted_networks_sweep,
};

/// How often the limiter's refusals are written, and the repeated logins that are due.
const TICK: Duration = Duration::from_secs(1);

/// Ticks between two writes of the last uses of sessions: a minute.
const SEEN_EVERY: u64 = 60;

/// Ticks between two prunings of the record of logins, which count rows.
const PRUNE_EVERY: u64 = 2;

/// The same where so many rows may be kept that counting them takes longer.
const PRUNE_MANY_EVERY: u64 = 60;

/// Rows that are counted within a few milliseconds.
const MANY_RECORDS: u64 = 200_000;

/// Ticks between two sweeps: an hour.
const SWEEP_EVERY: u64 = 3600;

/// The same for limits: the table grows by one row for each new address in between.
const LIMITS_EVERY: u64 = 300;

/// The most sessions of one step: some milliseconds.
const SWEEP_ROWS: u32 = 200;

/// Seconds for which an expired session is kept and listed: 30 days.
const KEPT_EXPIRED: i64 = 30 * 24 * 3600;

/// Seconds by which the stored floor under "now" may be behind while the daemon runs: an hour.
const FLOOR_EVERY: i64 = 3600;

/// The same at a clean stop.
const FLOOR_AT_STOP: i64 = 60;

/// How long a step may wait for the database.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs until the daemon stops; the first sweep comes at once.
pub(super) async fn housekeeping(app: Rc<App>) {
    log_failure(clamp_future_times(&app).await, "mending the times of limits");
    let mut stop = app.stop.clone();
    let mut tick = 0;
    loop {
        log_failure(keep_floor(&app, FLOOR_EVERY).await, "writing the newest instant");
        if tick % SWEEP_EVERY == 0 {
            log_failure(sweep(&app).await, "a sweep");
        }
        if tick % LIMITS_EVERY == 0 {
            log_failure(sweep_limits(&app).await, "a sweep of limits");
        }
        if tick % SEEN_EVERY == 0 {
            log_failure(write_seen(&app).await, "writing the last uses of sessions");
        }
        if tick % prune_every(&app) == 0 {
            log_failure(prune(&app).await, "pruning the record of logins");
        }
        app.backups.uploads.sweep(app.started.elapsed());
        app.remembered.sweep(app.clock.moment());
        // Before the refusals, which came after those that did not wait for a minute.
        log_failure(app.flush_due_logins(WRITE_TIMEOUT).await, "writing repeated logins");
        log_failure(app.flush_refusals(WRITE_TIMEOUT).await, "writing refused logins");
        tick += 1;
        if timeout(TICK, stop.wait_for(|stop| *stop)).await.is_ok() {
            return;
        }
    }
}

/// Writes what was buffered, before the daemon ends.
pub(super) async fn flush_pending(app: &App) {
    log_failure(app.flush_logins(WRITE_TIMEOUT).await, "writing repeated logins");
    log_failure(app.flush_refusals(WRITE_TIMEOUT).await, "writing refused logins");
    log_failure(write_seen(app).await, "writing the last uses of sessions");
    log_failure(keep_floor(app, FLOOR_AT_STOP).await, "writing the newest instant");
}

/// Stores the floor under "now" where the one that the database knows is so many seconds behind, or the clock went
/// far ahead or came back from there.
async fn keep_floor(app: &App, behind: i64) -> Result<(), CommandError> {
    let floor = app.clock.floor();
    if !is_due(app.stored_floor.get(), floor, behind) || !has_tables(app).await? {
        return Ok(());
    }
    app.store.write(WRITE_TIMEOUT, move |tx| store_floor(tx, floor)).await?;
    app.stored_floor.set(floor);
    Ok(())
}

fn is_due(stored: Floor, floor: Floor, behind: i64) -> bool {
    let late = match (stored.at, floor.at) {
        (Some(stored), Some(at)) => at.saturating_sub(stored) >= behind,
        (None, at) => at.is_some(),
        (Some(_), None) => false,
    };
    let was_set = stored.from_record != floor.from_record;
    late || was_set || stored.ahead_since != floor.ahead_since
}

/// A broken audit trail is reported at the start, not only by `audit.verify`.
pub(super) async fn check_trail(app: Rc<App>) {
    match verify_whole_trail(&app).await {
        Ok(VerifyResult { broken_at: Some(number), records, .. }) => warn!(
            broken_at = number,
            records, "the audit trail does not hold: a record was altered or is missing"
        ),
        Ok(_) => {}
        Err(error) => debug!(%error, "the audit trail was not checked"),
    }
}

/// Whether the daemon's tables exist: in PhotoPrism's database the first write of a command creates
/// them, never a start or a sweep.
async fn has_tables(app: &App) -> Result<bool, CommandError> {
    app.store
        .read_or_missing(WRITE_TIMEOUT, |db| Ok::<_, CommandError>(db.is_ok_and(has_admin_tables)))
        .await
}

async fn clamp_future_times(app: &App) -> Result<(), CommandError> {
    if has_tables(app).await? {
        let now = app.clock.machine().as_second();
        app.store.write(WRITE_TIMEOUT, move |tx| limits_clamp_times(tx, now)).await?;
    }
    Ok(())
}

fn log_failure(outcome: Result<(), CommandError>, what: &str) {
    if let Err(error) = outcome {
        warn!(%error, "{what} failed and is tried again");
    }
}

/// In steps, the oldest first; as many as there are at the beginning, since more come meanwhile.
async fn write_seen(app: &App) -> Result<(), CommandError> {
    let uses = app.index.uses();
    let mut left = uses.len();
    while left > 0 {
        let step = uses.oldest(left.min(SWEEP_ROWS as usize));
        if step.is_empty() {
            break;
        }
        left -= step.len();
        let rows = step.clone();
        app.store.write(WRITE_TIMEOUT, move |tx| sessions_seen(tx, &rows)).await?;
        uses.mark_flushed(&step);
    }
    Ok(())
}

/// With a clock that is wrong everything has expired: nothing is deleted for its age.
fn is_far_ahead(app: &App) -> bool {
    matches!(app.clock.clock_state(), ClockState::Ahead(_))
}

async fn sweep(app: &App) -> Result<(), CommandError> {
    if !has_tables(app).await? {
        return Ok(());
    }
    // PhotoPrism deletes the sessions of its own database.
    if app.own && !is_far_ahead(app) {
        let swept = sweep_ended(app, app.clock.unix().saturating_sub(KEPT_EXPIRED)).await?;
        if swept > 0 {
            info!(swept, "sessions that expired 30 days ago or earlier were deleted");
        }
    }
    Ok(())
}

async fn sweep_limits(app: &App) -> Result<(), CommandError> {
    app.limiter.sweep();
    if is_far_ahead(app) || !has_tables(app).await? {
        return Ok(());
    }
    let mut from = Some(String::new());
    while let Some(place) = from {
        from = app.store.write(WRITE_TIMEOUT, move |tx| trusted_networks_sweep(tx, &place)).await?;
    }
    let (lives, now) = (app.limiter.lives(), app.clock.machine().as_second());
    while app.store.write(WRITE_TIMEOUT, move |tx| limits_sweep(tx, lives, now)).await? > 0 {}
    Ok(())
}

/// In steps, until a step finds less than it may delete. How many had expired at `at` and are gone.
async fn sweep_ended(app: &App, at: i64) -> Result<usize, CommandError> {
    let mut swept = 0;
    loop {
        let uses = app.index.uses();
        let work = move |tx: &Tx<'_>| -> Result<WithEffects<usize>, CommandError> {
            let ids = sweep_sessions(tx, at, SWEEP_ROWS, &uses)?;
            let value = ids.len();
            let effects = ids.into_iter().map(|id| Effect::SessionEnded { id }).collect();
            Ok(WithEffects { value, effects })
        };
        let step = app.store.write_with_effects(WRITE_TIMEOUT, work).await?;
        swept += step;
        if step < SWEEP_ROWS as usize {
            return Ok(swept);
        }
    }
}

fn prune_every(app: &App) -> u64 {
    let many = app.limits.borrow().login_records > MANY_RECORDS;
    // Each read takes PhotoPrism's lock for a moment.
    if many || !app.own { PRUNE_MANY_EVERY } else { PRUNE_EVERY }
}

async fn prune(app: &App) -> Result<(), CommandError> {
    if !has_tables(app).await? {
        return Ok(());
    }
    let most = app.limits.borrow().login_records;
    let mut excess = app.store.read(WRITE_TIMEOUT, move |db| logins_excess(db, most)).await?;
    while excess > 0 {
        let removed = app.store.write(WRITE_TIMEOUT, move |tx| logins_prune(tx, excess)).await?;
        // What somebody else has removed meanwhile is gone as well.
        excess = if removed > 0 { excess.saturating_sub(removed) } else { 0 };
    }
    Ok(())
}
