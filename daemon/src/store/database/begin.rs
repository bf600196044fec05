//! How a write transaction begins.

use tracing::info;

use super::Database;
use crate::clock::Stopwatch;
use crate::store::attached;
use crate::store::db::Db;
use crate::store::error::StoreError;
use crate::store::kind::Kind;
use crate::store::lock_timeout::{self, SHORT};
use crate::store::server;

/// How often a transaction is begun when the file is replaced meanwhile, or the connection to the
/// server is lost.
const ATTEMPTS: u32 = 3;

impl Database {
    /// Begins a write transaction and takes its lock, with `before` right before it on the same
    /// connection; waits only briefly for PhotoPrism's lock.
    pub(in crate::store) fn begin(
        &mut self,
        mut before: impl FnMut(&Db) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.check();
        let watch = Stopwatch::start();
        for attempt in 1..=ATTEMPTS {
            let begun = lock_timeout::within(SHORT, || {
                let db = self.get_for_write()?;
                before(db).and_then(|()| db.begin())
            });
            if begun.is_err() && attempt < ATTEMPTS && self.lost_quickly(watch) {
                continue;
            }
            begun?;
            self.publish();
            let is_file = |db: &&Db| db.kind != Kind::Own && db.server.is_none();
            let Some(db) = self.db.as_ref().filter(is_file) else {
                return Ok(());
            };
            if let Err(error) = attached::begin(db) {
                db.rollback()?;
                return Err(error);
            }
            if !self.was_replaced() {
                return Ok(());
            }
            // The file was replaced while we waited for its lock: a write to it would be lost.
            info!("the database file was replaced");
            self.close();
        }
        Err(StoreError::Missing)
    }

    fn get_for_write(&mut self) -> Result<&Db, StoreError> {
        self.follow()?;
        let db = self.db.as_mut().ok_or(StoreError::Missing)?;
        if db.server.is_some() {
            db.mark.expect_tables(self.had_tables);
            db.mark.set_unknown(self.unknown.take());
            server::ready(db)?;
            self.had_tables = true;
            return Ok(db);
        }
        if db.kind != Kind::Own {
            attached::move_leftover(db)?;
            attached::ready(db)?;
            attached::settle_due(db)?;
            self.had_tables = true;
        }
        Ok(db)
    }
}
