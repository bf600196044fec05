//! `status`.

use std::time::Duration;

use jiff::Timestamp;
use photoprism_protocol::VERSION;
use photoprism_protocol::build;
use photoprism_protocol::envelope::Success;
use photoprism_protocol::status::{self, Connections, Counts, Passwords, Sockets, StatusReply};

use super::app::App;
use super::reply::Reply;
use super::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::model::{FIRST_ADMIN_ID, to_rfc3339};
use crate::store::{
    AdminPasswordState, Daemon, Db, Kind, SCHEMA_VERSION, StoreError, admin_password_state, counts,
    daemons, first_admin_name,
};

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    runner.args::<status::Status>()?;
    current_status(runner.app, runner.time_left()).await
}

/// The result of `status`, within `deadline`.
///
/// # Errors
/// The store's; a database that is missing is not one.
pub(crate) async fn current_status(app: &App, deadline: Duration) -> Outcome {
    let known = known(app);
    let work = move |db: Result<&Db, StoreError>| status(db, known.clone()).map(Success::from);
    app.store.read_or_missing(deadline, work).await
}

fn known(app: &App) -> StatusReply {
    let count = |number: usize| number as u64;
    StatusReply {
        version: build::VERSION.into(),
        commit: build::commit().map(Into::into),
        target: build::TARGET.into(),
        protocol: VERSION,
        pid: std::process::id(),
        uptime_s: app.started.elapsed().as_secs(),
        // What holds until PhotoPrism has created it; an open database replaces it.
        database: status::Database {
            kind: "photoprism".into(),
            engine: if app.places.server.is_some() { "mariadb" } else { "sqlite" }.into(),
            server: None,
            path: app.places.database_name(),
            schema: None,
            photoprism_version: None,
            edition: None,
        },
        counts: Counts::default(),
        connections: Connections {
            open: count(app.open.get()),
            limit: count(app.limits.borrow().max_connections),
        },
        passwords: Passwords {
            running: count(app.pool.running()),
            waiting: count(app.pool.waiting()),
        },
        daemons: Vec::new(),
        backups: app.periodic.status(),
        sockets: Sockets {
            admin: app.places.admin.display().to_string(),
            auth: app.places.auth.as_ref().map(|path| path.display().to_string()),
        },
    }
}

/// Adds the database's part to what the asynchronous side knows. Replies while the database is
/// missing as well.
fn status(
    db: Result<&Db, StoreError>,
    mut status: StatusReply,
) -> Result<Reply<StatusReply>, CommandError> {
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
            status.daemons = daemons(db)?.into_iter().map(daemon).collect();
            warnings.extend(without_password(db)?);
        }
        Err(StoreError::Missing) => warnings.push(
            "the database does not exist yet; it is opened once PhotoPrism has created it".into(),
        ),
        Err(StoreError::Unreachable(why)) => warnings.push(format!("{why}; it is tried again")),
        Err(error) => return Err(error.into()),
    }
    Ok(Reply::new(&status)?.with_warnings(warnings))
}

fn daemon(Daemon { host, last_write_at }: Daemon) -> status::Daemon {
    let last_write_at = Timestamp::from_second(last_write_at).map(to_rfc3339).unwrap_or_default();
    status::Daemon { host, last_write_at }
}

fn database(db: &Db) -> status::Database {
    let server = db.server().map(|(_, version)| version.to_owned());
    let engine = if server.is_some() { "mariadb" } else { "sqlite" };
    let (schema, photoprism_version, edition) = match db.kind() {
        Kind::Own => (Some(SCHEMA_VERSION), None, None),
        Kind::PhotoPrism { version, edition } => {
            (None, Some(version.clone()), Some(edition.clone()))
        }
    };
    status::Database {
        kind: db.kind().name().into(),
        engine: engine.into(),
        server,
        path: db.name(),
        schema,
        photoprism_version,
        edition,
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
