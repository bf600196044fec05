//! The transaction of a group: begin, savepoints, commit, rollback.

use tracing::error;

use super::db::{Db, EXIT_STORAGE};
use super::engine::Savepoint;
use super::error::StoreError;
use super::kind::Kind;
use super::mark;
use crate::failpoints::{Failpoint, enabled};

/// A group's transaction.
impl Db {
    pub(super) fn begin(&self) -> Result<(), StoreError> {
        if self.server.is_some() { mark::begin(&self.conn, &self.mark) } else { self.conn.begin() }
    }

    pub(super) fn commit(&self) -> Result<(), StoreError> {
        if let Some(address) = &self.server {
            return mark::commit(&self.conn, &self.mark, address);
        }
        let own = self.kind == Kind::Own;
        let next = if own { self.generation.borrow().next(self.sqlite()?) } else { Ok(None) };
        let end = next.and_then(|next| {
            self.conn.commit()?;
            if let Some(next) = next {
                self.generation.replace(next);
            }
            Ok(())
        });
        if end.is_err() && self.in_transaction() {
            // The commit's own error is returned; a failed rollback does not change it.
            let _ = self.rollback();
        }
        end
    }

    pub(super) fn rollback(&self) -> Result<(), StoreError> {
        self.mark.end();
        self.conn.rollback()
    }

    /// Runs `work` in a transaction that reads `index.db` first: PhotoPrism may not write until its
    /// end.
    pub(super) fn with_read_lock(
        &self,
        work: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.sqlite()?.execute_batch("BEGIN")?;
        let first_read =
            || Ok(self.sqlite()?.execute_batch("SELECT 1 FROM main.sqlite_schema LIMIT 1")?);
        let done = first_read().and_then(|()| work()).and_then(|()| self.commit());
        // A transaction that stays open would block PhotoPrism for good.
        if done.is_err() && self.in_transaction() {
            self.rollback()?;
        }
        done
    }

    pub(super) fn savepoint(&self) -> Result<(), StoreError> {
        self.own_tables.tracked.mark();
        self.conn.savepoint(Savepoint::Command)
    }

    pub(super) fn release(&self) -> Result<(), StoreError> {
        self.conn.release(Savepoint::Command)
    }

    pub(super) fn rollback_to(&self) -> Result<(), StoreError> {
        self.own_tables.tracked.forget();
        self.conn.rollback_to(Savepoint::Command)?;
        self.release()
    }

    /// False outside of a transaction: after some errors the engine has rolled back everything.
    pub(super) fn in_transaction(&self) -> bool {
        self.conn.in_transaction()
    }
}

/// Handles the result of a commit; a failed sync ends the process.
pub(super) fn end_with_sync(end: Result<(), StoreError>) -> Result<(), StoreError> {
    if let Err(StoreError::Sync(cause)) = &end {
        if enabled(Failpoint::IgnoreSyncError) {
            return Ok(());
        }
        // Whether the pages reached the disk is unknown and will stay so: recovery at the next
        // start decides, and no reply is sent before.
        error!(%cause, "a sync failed, ending");
        crate::log::exit(EXIT_STORAGE);
    }
    end
}
