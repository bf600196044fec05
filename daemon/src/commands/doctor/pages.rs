//! The check for damaged pages, which reads a whole file.

use std::path::Path;
use std::time::Duration;

use photoprism_protocol::doctor::Check;

use crate::commands::app::App;
use crate::error::CommandError;
use crate::store::{Db, Kind, PageCheck, StoreError, check_pages};

const NAME: &str = "damaged pages";

/// Checks the file with the daemon's own tables on a connection and a thread of its own: neither
/// reads nor writes wait for it. Several peers at once share a run. PhotoPrism's file can have
/// gigabytes, and is left to PhotoPrism.
pub(super) async fn check(app: &App, time_left: Duration) -> Result<Option<Check>, CommandError> {
    let (store, database) = (app.store.clone(), app.places.database.clone());
    let backups = app.own.then(|| app.places.backups.clone());
    let work = move || match store.connect().and_then(|db| check_pages(&db)) {
        Ok(found) => Ok(found.map(|found| row(&found, backups.as_deref()))),
        Err(StoreError::Missing | StoreError::Unreachable(_)) => Ok(None),
        // PhotoPrism's is reported by what else is read of it.
        Err(StoreError::Damaged(what)) => Ok(backups.map(|backups| {
            let found = PageCheck { path: database, fault: Some(what) };
            row(&found, Some(&backups))
        })),
        Err(error) => Err(error.into()),
    };
    app.page_checks.0.run(time_left, work).await
}

/// Backups are those of an own database.
fn row(PageCheck { path, fault }: &PageCheck, backups: Option<&Path>) -> Check {
    match fault {
        None => Check::ok(NAME, format!("none in {}", path.display())),
        Some(what) => Check::bad(NAME, format!("{}: {what}", path.display()), advice(backups)),
    }
}

/// What kept the other checks of the database from being done.
pub(super) fn unreadable(db: &Db, error: &CommandError) -> Check {
    let advice = match db.kind() {
        Kind::Own => advice(Some(db.backups())),
        Kind::PhotoPrism { .. } => {
            "check the disk, and restore PhotoPrism's index and photoprism-admin.db from backups \
             where they are damaged"
                .into()
        }
    };
    Check::bad("database", format!("{} cannot be read: {error}", db.name()), advice)
}

fn advice(backups: Option<&Path>) -> String {
    let keep = "check the disk, stop photoprismd, keep a copy of the file and of those next to it \
        that have its name, and put a whole copy in its place";
    if let Some(backups) = backups {
        format!(
            "{keep}; or move them away and restore a backup from {} into a new database",
            backups.display()
        )
    } else {
        format!("{keep}; or move them away: the next write makes a new one, with a new audit trail")
    }
}
