//! What `status` reports in addition to the database.

use std::time::Duration;

use photoprism_protocol::VERSION;
use photoprism_protocol::envelope::Success;
use photoprism_protocol::status::{Connections, Counts, Database, Passwords, Sockets, StatusReply};

use super::app::App;
use crate::commands::admin::{DAEMON_VERSION, status};
use crate::error::CommandError;

/// The result of `status`, within `deadline`.
///
/// # Errors
/// The store's; a database that is missing is not one.
pub(crate) async fn current_status(app: &App, deadline: Duration) -> Result<Success, CommandError> {
    let known = known(app);
    app.store.read_or_missing(deadline, move |db| status(db, known)).await
}

fn known(app: &App) -> StatusReply {
    let count = |number: usize| number as u64;
    StatusReply {
        version: DAEMON_VERSION.into(),
        protocol: VERSION,
        pid: std::process::id(),
        uptime_s: app.started.elapsed().as_secs(),
        // What holds until PhotoPrism has created it; an open database replaces it.
        database: Database {
            kind: "photoprism".into(),
            path: app.places.database.display().to_string(),
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
        sockets: Sockets {
            admin: app.places.admin.display().to_string(),
            auth: app.places.auth.as_ref().map(|path| path.display().to_string()),
        },
    }
}
