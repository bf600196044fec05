//! `metrics`: counters, and gauges read at this moment.

use std::path::{Path, PathBuf};

use photoprism_protocol::build;
use photoprism_protocol::envelope::Success;
use photoprism_protocol::metrics::{Exposition, Metrics};

use super::app::App;
use super::periodic::PeriodicBackups;
use super::reply::Reply;
use super::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::metrics::{BackupFigures, CONTENT_TYPE, DatabaseFigures, Snapshot, exposition};
use crate::store::{Db, StoreError, audit_head, counts, own_tables_file};
use crate::system::Seen;

/// Replies while the database is missing as well.
pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.args::<Metrics>()?;
    let app = runner.app;
    let database = app.store.read_or_missing(runner.time_left(), database).await?;
    let figures = Snapshot { database, ..snapshot(app) };
    let text = exposition(&app.metrics, &figures, build::VERSION)
        .map_err(|error| CommandError::Internal(error.to_string()))?;
    Reply::new(&Exposition { content_type: CONTENT_TYPE.into(), text }).map(Success::from)
}

fn snapshot(app: &App) -> Snapshot {
    let count = |number: usize| number as u64;
    let up = i64::try_from(app.started.elapsed().as_secs()).unwrap_or(i64::MAX);
    Snapshot {
        connections: (count(app.open.get()), count(app.limits.borrow().max_connections)),
        hashes: (count(app.pool.running()), count(app.pool.waiting()), app.pool.computed()),
        logins: (count(app.remembered.len()), app.gathered.waiting()),
        commits: app.store.committed(),
        started_at: app.clock.machine().as_second().saturating_sub(up).try_into().unwrap_or(0),
        backups: backups(&app.periodic),
        database: None,
    }
}

fn backups(periodic: &PeriodicBackups) -> Option<BackupFigures> {
    Some(BackupFigures {
        every: periodic.every()?.as_secs(),
        last_at: periodic.last_at().and_then(|at| u64::try_from(at).ok()),
        has_failed: periodic.has_failed(),
    })
}

/// Figures of the database; `None` while it is missing.
fn database(db: Result<&Db, StoreError>) -> Result<Option<DatabaseFigures>, CommandError> {
    let db = match db {
        Ok(db) => db,
        Err(StoreError::Missing | StoreError::Unreachable(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let found = counts(db)?;
    let mut bytes = Vec::new();
    if db.server().is_none() {
        bytes.extend([("main", length(db.path())), ("wal", length(&wal_of(db.path())))]);
    }
    if let Some(own) = own_tables_file(db) {
        bytes.extend([("admin", length(&own)), ("admin-wal", length(&wal_of(&own)))]);
    }
    Ok(Some(DatabaseFigures {
        bytes,
        audit_head: audit_head(db)?.number.unsigned_abs(),
        users: (found.users, found.deleted),
        sessions: found.sessions,
        login_records: found.logins,
    }))
}

fn wal_of(path: &Path) -> PathBuf {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    wal.into()
}

fn length(path: &Path) -> u64 {
    Seen::through(path).map_or(0, |seen| seen.length)
}
