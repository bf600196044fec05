//! `doctor`: what is wrong with the installation, and what to do about each thing.

mod database;
mod files;
mod machine;
mod pages;
mod periodic;
mod photoprism;
mod server;

use std::path::PathBuf;

use jiff::Timestamp;
use photoprism_protocol::audit::VerifyResult;
use photoprism_protocol::doctor::{Check, Doctor, Report};
use photoprism_protocol::envelope::Success;
use photoprism_protocol::status::Backups;

use super::audit::verify::verify_whole_trail;
use super::reply::Reply;
use super::runner::{Outcome, Runner};
use crate::clock::ClockState;
use crate::error::CommandError;
use crate::store::{Db, StoreError, WorkError, count_to_forget};

/// What the asynchronous side knows.
#[derive(Clone, Debug)]
struct DaemonState {
    /// What the machine's clock shows.
    clock: Timestamp,
    /// How it stands to the newest instant that is known.
    clock_state: ClockState,
    /// What a check of the audit trail found; `None` while the database is missing.
    trail: Option<VerifyResult>,
    /// What a check of the pages found; `None` where there are none of the daemon's own.
    pages: Option<Check>,
    /// What checks of the running PhotoPrism found.
    photoprism: Vec<Check>,
    /// Path of the database, there or not. With a server that of the default database.
    database: PathBuf,
    backups: PathBuf,
    /// How those that it writes by itself go.
    periodic: Option<Backups>,
    /// The server that has the accounts.
    server: Option<String>,
    /// What the database is called.
    name: String,
    /// Whether it is the daemon's own.
    own: bool,
    /// Path of the admin socket.
    admin: PathBuf,
    /// Its group, where it has one.
    admin_gid: Option<u32>,
    /// Path of the auth socket, where it is on.
    auth: Option<PathBuf>,
    /// The daemon's own uid.
    uid: u32,
    /// Connections that may be open at once.
    connections: u64,
}

/// Reads files on the database thread: a disk that hangs must not stop the other connections.
pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.args::<Doctor>()?;
    let app = runner.app;
    let (policy, limits) = (app.policy.borrow().clone(), app.limits.borrow().clone());
    let trail = match verify_whole_trail(app).await {
        Ok(verdict) => Some(verdict),
        // No database, no audit trail; of damage the pages are the account.
        Err(error) if is_missing(&error) || is_damaged(&error) => None,
        Err(error) => return Err(error),
    };
    let pages = pages::check(app, runner.time_left()).await?;
    let pending = app.store.read_or_missing(runner.time_left(), |db| match db {
        Ok(db) => count_to_forget(db),
        Err(_) => Ok(0),
    });
    let pending = pending.await?;
    let photoprism = photoprism::checks(app, pending).await;
    let daemon = DaemonState {
        photoprism,
        trail,
        pages,
        clock: runner.context.machine_time,
        clock_state: app.clock.clock_state(),
        database: app.places.database.clone(),
        backups: app.places.backups.clone(),
        periodic: app.periodic.status(),
        server: app.places.server.clone(),
        name: app.places.database_name(),
        own: app.own,
        admin: app.places.admin.clone(),
        admin_gid: policy.socket_gid,
        auth: app.places.auth.clone(),
        uid: policy.own_uid,
        connections: (limits.max_connections + limits.reserved_connections) as u64,
    };
    let work = move |db: Result<&Db, StoreError>| examine(db, &daemon).map(Success::from);
    app.store.read_or_missing(runner.time_left(), work).await
}

fn is_missing(error: &CommandError) -> bool {
    matches!(error.store_error(), Some(StoreError::Missing | StoreError::Unreachable(_)))
}

fn is_damaged(error: &CommandError) -> bool {
    matches!(error.store_error(), Some(StoreError::Damaged(_)))
}

/// Runs all checks. Replies while the database is missing as well.
fn examine(
    db: Result<&Db, StoreError>,
    daemon: &DaemonState,
) -> Result<Reply<Report>, CommandError> {
    let mut checks = files::sockets(daemon);
    checks.extend(files::database(daemon));
    checks.extend(files::database_directory(daemon));
    match db {
        Ok(db) => {
            checks.extend(files::own_tables(db, daemon));
            checks.extend(daemon.pages.clone());
            match database::checks(db, daemon) {
                Ok(found) => checks.extend(found),
                Err(error) if is_damaged(&error) => checks.push(pages::unreadable(db, &error)),
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Missing) => checks.push(Check::bad(
            "database",
            format!("{} does not exist yet", daemon.name),
            "start PhotoPrism, which makes it; or name the right file with --database",
        )),
        Err(error @ StoreError::Unreachable(_)) => checks.push(Check::bad(
            "database",
            format!("{}: {error}", daemon.name),
            "start the server, or see in the log why it refuses",
        )),
        Err(error) => return Err(error.into()),
    }
    checks.extend(daemon.photoprism.iter().cloned());
    checks.extend(files::backups(daemon));
    checks.extend(periodic::check(daemon));
    checks.extend(machine::checks(daemon));
    Reply::new(&Report::from(checks))
}
