//! The connection to a server: whether it is there still, and how it stays.

use std::time::Duration;

use crate::store::db::Db;
use crate::store::engine::MariaDb;
use crate::store::error::StoreError;

/// Time without a statement after which a server is asked for a sign of life; it would end the
/// connection after a minute.
const ALIVE: Duration = Duration::from_secs(20);

impl Db {
    /// Whether the connection must not be used any more.
    pub(in crate::store) fn is_lost(&self) -> bool {
        self.conn.mariadb().is_some_and(MariaDb::is_lost)
    }

    /// Runs what may ask nothing of a server for minutes in the middle of a transaction.
    pub(in crate::store) fn let_idle<T>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match self.conn.mariadb() {
            Some(server) => server.let_idle(work),
            None => work(),
        }
    }

    /// Asks a server for a sign of life, so that it does not end an idle connection.
    pub(in crate::store) fn keep_alive(&self) {
        if let Some(server) = self.conn.mariadb() {
            server.keep_alive(ALIVE);
        }
    }
}
