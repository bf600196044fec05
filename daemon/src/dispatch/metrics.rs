//! The reply of `metrics`: counters, and gauges read at this moment.

use photoprism_protocol::metrics::{Exposition, Metrics};

use super::app::App;
use super::call::{Answer, Call};
use crate::commands::admin::DAEMON_VERSION;
use crate::commands::{metrics, success};
use crate::error::CommandError;
use crate::metrics::{CONTENT_TYPE, Snapshot, exposition};

/// Replies while the database is missing as well.
pub(super) async fn metrics(call: &Call<'_>) -> Answer {
    call.args::<Metrics>()?;
    let app = call.app;
    let database = app.store.read_or_missing(call.time_left(), metrics::database).await?;
    let figures = Snapshot { database, ..snapshot(app) };
    let text = exposition(&app.metrics, &figures, DAEMON_VERSION)
        .map_err(|error| CommandError::Internal(error.to_string()))?;
    success(&Exposition { content_type: CONTENT_TYPE.into(), text })
}

fn snapshot(app: &App) -> Snapshot {
    let count = |number: usize| number as u64;
    let up = i64::try_from(app.started.elapsed().as_secs()).unwrap_or(i64::MAX);
    Snapshot {
        connections: (count(app.open.get()), count(app.limits.borrow().max_connections)),
        hashes: (count(app.pool.running()), count(app.pool.waiting()), app.pool.computed()),
        commits: app.store.committed(),
        started_at: app.clock.unix().saturating_sub(up).try_into().unwrap_or(0),
        database: None,
    }
}
