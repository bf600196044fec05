//! The backup of what a transaction is about to destroy: written before the transaction, so that
//! nobody waits for it, and again where somebody has committed something since.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::copy::data_version;
use super::write::{Backup, write_automatic};
use crate::store::db::{Db, Tx};
use crate::store::error::StoreError;

/// How often it is written outside of the transaction. After that it is written inside, where nobody
/// can commit in between, and everybody waits: busy writers do not keep a reset off for ever.
const TRIES: u32 = 2;

/// What else is read of the state that a backup holds.
type AlsoRead = Box<dyn FnMut(&Db) -> Result<(), StoreError> + Send>;

/// The backup before a change; all clones share it.
#[derive(Clone)]
pub struct BackupBefore(Arc<Mutex<State>>);

struct State {
    /// The connection that the backup was read with.
    db: Option<Db>,
    name: String,
    also: AlsoRead,
    latest: Option<Backup>,
    /// The state of the database that it holds.
    version: i64,
    tries: u32,
    /// A transaction has changed what it holds.
    needed: bool,
}

impl BackupBefore {
    /// Writes `auto-NAME.db` with a connection of its own, and reads what `also` needs of the same
    /// state, each time anew where the backup is written again. Not for a thread that others wait
    /// for.
    ///
    /// # Errors
    /// The store's; nothing is left behind then.
    pub fn write(db: Db, name: String, also: AlsoRead) -> Result<Self, StoreError> {
        let mut state =
            State { db: Some(db), name, also, latest: None, version: 0, tries: 0, needed: false };
        state.write()?;
        Ok(Self(Arc::new(Mutex::new(state))))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What a panic leaves behind is written again, or discarded.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes it again in place of one that is stale.
    ///
    /// # Errors
    /// As [`BackupBefore::write`].
    pub fn write_again(&self) -> Result<(), StoreError> {
        self.state().write()
    }

    /// Its path, for a transaction that has changed nothing yet and is about to. `None` where
    /// somebody has committed something since, so that it has to be written again first.
    ///
    /// # Errors
    /// The store's.
    pub fn path(&self, _: &Tx<'_>) -> Result<Option<PathBuf>, StoreError> {
        let mut state = self.state();
        if !state.is_current()? {
            if state.tries < TRIES {
                return Ok(None);
            }
            state.write()?;
        }
        Ok(state.latest.as_ref().map(|backup| backup.path.clone()))
    }

    /// The transaction has changed what the backup holds.
    pub fn note_needed(&self) {
        self.state().needed = true;
    }

    /// Whether a transaction has changed what it holds.
    pub fn is_needed(&self) -> bool {
        self.state().needed
    }

    /// Keeps it, as the change was committed; the oldest automatic ones go, but not the file `but`.
    pub fn keep(&self, but: Option<&Path>) {
        let mut state = self.state();
        state.db = None;
        if let Some(backup) = &state.latest {
            backup.prune(but);
        }
    }

    /// Keeps it, and every other.
    pub fn release(&self) {
        self.state().db = None;
    }

    /// Takes it back: nothing was changed.
    pub fn discard(&self) {
        let mut state = self.state();
        state.db = None;
        state.discard();
    }
}

impl State {
    fn write(&mut self) -> Result<(), StoreError> {
        self.discard();
        self.tries += 1;
        let Some(db) = &self.db else { return Err(StoreError::Stopped) };
        let (backup, version) = write_automatic(db, &self.name)?;
        (self.latest, self.version) = (Some(backup), version);
        let also = (self.also)(db);
        if also.is_err() {
            self.discard();
        }
        also
    }

    fn is_current(&self) -> Result<bool, StoreError> {
        let Some(db) = &self.db else { return Err(StoreError::Stopped) };
        Ok(self.latest.is_some() && data_version(&db.conn)? == self.version)
    }

    fn discard(&mut self) {
        if let Some(backup) = self.latest.take() {
            backup.discard();
        }
    }
}
