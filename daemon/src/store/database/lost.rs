//! What becomes of a connection that must not be used any more.

use std::time::Duration;

use tracing::info;

use super::Database;
use super::renew::renew_columns;
use crate::clock::Stopwatch;
use crate::store::db::Db;
use crate::store::error::StoreError;

/// Who waits for a transaction to begin is not made to wait for a silent server twice.
const QUICK: Duration = Duration::from_secs(1);

impl Database {
    /// Opens it where it is not open.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`], with what the last attempt came to.
    pub(super) fn follow_server(&mut self) -> Result<(), StoreError> {
        if self.db.as_ref().is_some_and(Db::is_lost) {
            info!(database = self.name(), "the connection to the server was lost");
            self.close();
        }
        let renewed = self.db.as_mut().map(renew_columns).transpose();
        if let Ok(Some(false)) | Err(StoreError::Unreachable(_)) = renewed {
            self.close();
        }
        if self.db.is_none() && self.reconnect.is_due() {
            let watch = Stopwatch::start();
            self.try_open(None);
            if self.db.is_some() {
                self.reconnect.succeed();
            } else {
                self.reconnect.fail(watch.elapsed());
            }
        }
        match &self.last_error {
            Some(why) if self.db.is_none() => Err(StoreError::Unreachable(why.clone())),
            _ => renewed.map(drop),
        }
    }

    /// Whether the connection was lost, and not after a long silence: another one may do.
    pub(super) fn lost_quickly(&self, since: Stopwatch) -> bool {
        self.db.as_ref().is_some_and(Db::is_lost) && since.elapsed() < QUICK
    }

    /// Nobody reads the database any more until it was opened again: the commit of a group in
    /// PhotoPrism's file ended with this error.
    pub(in crate::store) fn withdraw(&mut self, end: &Result<(), StoreError>) {
        let is_unsure = |error: &StoreError| !error.is_rolled_back();
        if self.is_shared() && end.as_ref().is_err_and(is_unsure) {
            self.shown = None;
            self.published.publish(None);
        }
    }
}
