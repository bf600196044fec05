//! Fills the session index while the daemon serves, and again after a restore replaced the sessions.

use std::rc::Rc;

use tokio::time::{Duration, timeout};
use tracing::{debug, warn};

use crate::clock::Stopwatch;
use crate::commands::App;
use crate::error::CommandError;
use crate::failpoints::{Failpoint, enabled};
use crate::session_index::{Place, SessionIndex};
use crate::store::{Db, accounts_after, sessions_after};

/// Rows of one step: a millisecond or two.
const STEP_ROWS: usize = 200;

/// How long a step may wait for the writer thread.
const STEP_TIMEOUT: Duration = Duration::from_secs(30);

/// How long to wait after a step that failed. Checks read the database meanwhile.
const RETRY: Duration = Duration::from_secs(1);

/// Runs until the daemon stops. PhotoPrism's sessions are in no index.
pub(super) async fn fill_index(app: Rc<App>) {
    let mut stop = app.stop.clone();
    while app.own && !enabled(Failpoint::NeverFillIndex) {
        fill(&app).await;
        tokio::select! {
            () = app.index.emptied() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

async fn fill(app: &App) {
    let (watch, mut stop) = (Stopwatch::start(), app.stop.clone());
    while app.index.place().is_some() {
        if let Err(error) = step(app).await {
            warn!(%error, "filling the session index failed and is tried again");
            let _ = timeout(RETRY, stop.wait_for(|stop| *stop)).await;
        }
        if app.is_stopping() {
            return;
        }
    }
    debug!(ms = watch.elapsed().as_millis(), "the session index is full");
}

/// On the writer thread no commit comes between what is read and what is added.
async fn step(app: &App) -> Result<(), CommandError> {
    let index = app.index.clone();
    app.store.read_between_commits(STEP_TIMEOUT, move |db| add_next(db?, &index)).await
}

fn add_next(db: &Db, index: &SessionIndex) -> Result<(), CommandError> {
    match index.place() {
        // A restore empties it between two steps, and so it is asked again here.
        None => {}
        Some(Place::Sessions { after }) => {
            let (sessions, next) = sessions_after(db, after, STEP_ROWS)?;
            index.add_sessions(&sessions, next);
        }
        Some(Place::Accounts { after }) => {
            let (accounts, next) = accounts_after(db, after, STEP_ROWS)?;
            index.add_accounts(&accounts, next);
        }
    }
    Ok(())
}
