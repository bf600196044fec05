//! `doctor`: what is wrong with the installation, and what to do about each thing.

mod database;
mod files;
mod machine;

use std::path::PathBuf;

use jiff::Timestamp;
use photoprism_protocol::audit::VerifyResult;
use photoprism_protocol::doctor::{Check, Report};
use photoprism_protocol::envelope::Success;

use super::context::success;
use crate::error::CommandError;
use crate::store::{Db, StoreError};

/// What the asynchronous side knows.
#[derive(Clone, Debug)]
pub(crate) struct DaemonState {
    /// The instant of the request.
    pub now: Timestamp,
    /// What a check of the audit trail found; `None` while the database is missing.
    pub trail: Option<VerifyResult>,
    /// Path of the database, there or not.
    pub database: PathBuf,
    /// Whether it is the daemon's own.
    pub own: bool,
    /// Path of the admin socket.
    pub admin: PathBuf,
    /// Its group, where it has one.
    pub admin_gid: Option<u32>,
    /// Path of the auth socket, where it is on.
    pub auth: Option<PathBuf>,
    /// The daemon's own uid.
    pub uid: u32,
    /// Connections that may be open at once.
    pub connections: u64,
}

/// Runs all checks. Replies while the database is missing as well.
///
/// # Errors
/// The store's; a database that is missing is not one.
pub(crate) fn doctor(
    db: Result<&Db, StoreError>,
    daemon: &DaemonState,
) -> Result<Success, CommandError> {
    let mut checks = files::sockets(daemon);
    checks.extend(files::database(daemon));
    checks.extend(files::database_directory(daemon));
    match db {
        Ok(db) => {
            checks.extend(files::own_tables(db, daemon));
            checks.extend(database::checks(db, daemon)?);
        }
        Err(StoreError::Missing) => checks.push(Check::bad(
            "database",
            format!("{} does not exist yet", daemon.database.display()),
            "start PhotoPrism, which makes it; or name the right file with --database",
        )),
        Err(error) => return Err(error.into()),
    }
    checks.extend(files::backups(daemon));
    checks.extend(machine::checks(daemon));
    success(&Report::from(checks))
}
