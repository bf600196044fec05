//! Measures the stored hashes that take longer than `refusal-floor`, those of the start and those that
//! come later, so that the first refusals already take as long for names that do not exist.

use std::rc::Rc;

use photoprism_protocol::secret::Secret;
use tokio::time::{Duration, timeout};
use tracing::debug;

use crate::commands::App;
use crate::error::CommandError;
use crate::hashing::Lane;
use crate::store::{Db, StoreError, password_hash_of_cost};

/// Costs of bcrypt above PhotoPrism's own.
const EXPENSIVE: [u32; 2] = [13, 14];

/// How long the search may wait for the database.
const DEADLINE: Duration = Duration::from_secs(30);

/// How often such hashes are looked for: PhotoPrism, and an import, may store the first one at any
/// time.
const EVERY: Duration = Duration::from_secs(15);

/// Runs until the daemon stops.
pub(super) async fn measure_expensive_hashes(app: Rc<App>) {
    let mut stop = app.stop.clone();
    loop {
        measure(&app).await;
        if timeout(EVERY, stop.wait_for(|stop| *stop)).await.is_ok() {
            return;
        }
    }
}

/// Checks one hash of each cost of which it is not known; the pool remembers how long that takes.
async fn measure(app: &App) {
    for cost in EXPENSIVE {
        if app.pool.knows_bcrypt(cost) {
            continue;
        }
        match stored(app, cost).await {
            Ok(None) => {}
            Ok(Some(hash)) => {
                let none = Secret::new(String::new());
                if let Ok(job) = app.pool.queue_verify(Lane::Admin, none, Some(hash)) {
                    let _ = job.outcome().await;
                    debug!(cost, "a stored hash of bcrypt was measured");
                }
            }
            Err(error) => debug!(%error, cost, "no stored hash was measured"),
        }
    }
}

async fn stored(app: &App, cost: u32) -> Result<Option<String>, CommandError> {
    let find = move |db: Result<&Db, StoreError>| match db {
        Ok(db) => Ok(password_hash_of_cost(db, cost)?),
        Err(_) => Ok(None),
    };
    app.store.read_or_missing(DEADLINE, find).await
}
