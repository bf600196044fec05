//! `ping` and `status`.

use photoprism_protocol::VERSION;
use photoprism_protocol::envelope::Success;
use photoprism_protocol::status::{self, Pong, StatusReply};

use super::context::success;
use crate::error::CommandError;
use crate::model::FIRST_ADMIN_ID;
use crate::store::{
    AdminPasswordState, Db, Kind, SCHEMA_VERSION, StoreError, admin_password_state, counts,
    first_admin_name,
};

/// The daemon's version.
pub(crate) const DAEMON_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Replies that the daemon runs.
pub(crate) fn ping() -> Result<Success, CommandError> {
    success(&Pong { pong: true, protocol: VERSION, version: DAEMON_VERSION.into() })
}

/// Adds the database's part to what the asynchronous side knows. Replies while the database is
/// missing as well.
pub(crate) fn status(
    db: Result<&Db, StoreError>,
    mut status: StatusReply,
) -> Result<Success, CommandError> {
    let mut warnings = Vec::new();
    match db {
        Ok(db) => {
            let found = counts(db)?;
            status.database = database(db);
            status.counts = status::Counts {
                users: found.users,
                deleted: found.deleted,
                sessions: found.sessions,
                logins: found.logins,
            };
            warnings.extend(without_password(db)?);
        }
        Err(StoreError::Missing) => warnings.push(
            "the database does not exist yet; it is opened once PhotoPrism has created it".into(),
        ),
        Err(error) => return Err(error.into()),
    }
    let mut success = success(&status)?;
    success.warnings = warnings;
    Ok(success)
}

fn database(db: &Db) -> status::Database {
    let path = db.path().display().to_string();
    let kind = db.kind().name().into();
    match db.kind() {
        Kind::Own => status::Database {
            kind,
            path,
            schema: Some(SCHEMA_VERSION),
            photoprism_version: None,
            edition: None,
        },
        Kind::PhotoPrism { version, edition } => status::Database {
            kind,
            path,
            schema: None,
            photoprism_version: Some(version.clone()),
            edition: Some(edition.clone()),
        },
    }
}

fn without_password(db: &Db) -> Result<Option<String>, CommandError> {
    if admin_password_state(db)? == AdminPasswordState::WasSet {
        return Ok(None);
    }
    let name = first_admin_name(db, FIRST_ADMIN_ID)?;
    Ok(name.map(|name| {
        format!("the account {name} has no password yet; set one with: photoprism passwd {name}")
    }))
}
