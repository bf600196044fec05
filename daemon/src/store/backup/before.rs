//! The backup of what a transaction is about to destroy: of the state that the transaction began
//! with, and complete before it commits.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use super::copy::state_of;
use super::state_id::StateId;
use super::write::{Backup, complete_automatic, copy_automatic, hold_automatic, publish};
use crate::store::db::{Db, Tx};
use crate::store::error::StoreError;
use crate::store::kind::Kind;

/// What else is read of the state that a backup holds, which is given where it is complete: then it is
/// best read from that, as a reader is in PhotoPrism's way.
type AlsoRead = Box<dyn FnMut(&Db, Option<&Backup>) -> Result<(), StoreError> + Send>;

/// The backup before a change; all clones share it.
///
/// In the daemon's own database a thread copies the snapshot that the transaction began with, next to
/// the transaction. In PhotoPrism's, where one who reads keeps others from committing, the copy is
/// made before the transaction, and once more inside where somebody has committed something since; on
/// a server, where a daemon has.
#[derive(Clone)]
pub struct BackupBefore(Arc<Mutex<Work>>);

struct Work {
    /// `None` while a thread has it, and once nothing is read any more.
    source: Option<Source>,
    state: State,
    /// A transaction has changed what it holds.
    needed: bool,
}

/// What a backup is read with.
struct Source {
    db: Db,
    /// What the watchdog counts for the writer thread: it waits for what moves this.
    progress: Arc<AtomicU64>,
    name: String,
    also: AlsoRead,
}

enum State {
    None,
    /// A thread copies it, or checks the copy. It brings the connection back.
    Copying(JoinHandle<(Source, Result<Backup, StoreError>)>, Option<StateId>),
    /// It has its name, and holds that state of the database, which counts where the database is
    /// shared.
    Complete(Backup, Option<StateId>),
}

impl BackupBefore {
    /// One that is called `auto-NAME.db`, is read with that connection of its own, and moves
    /// `progress` while the writer thread waits for it. `also` reads what else is needed of the same
    /// state, each time anew where the transaction begins again.
    pub(in crate::store) fn new(
        db: Db,
        progress: Arc<AtomicU64>,
        name: String,
        also: AlsoRead,
    ) -> Self {
        let source = Some(Source { db, progress, name, also });
        Self(Arc::new(Mutex::new(Work { source, state: State::None, needed: false })))
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        // What a panic leaves behind is written again, or discarded.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes it before the transaction where a reader would be in PhotoPrism's way, and it is going
    /// to be needed. Not for a thread that others wait for.
    ///
    /// # Errors
    /// The store's, or those of `needed`; nothing is left behind then.
    pub fn write_ahead<E: From<StoreError>>(
        &self,
        needed: impl FnOnce(&Db) -> Result<bool, E>,
    ) -> Result<(), E> {
        let mut work = self.work();
        if work.is_shared()? && needed(&work.source()?.db)? {
            work.write()?;
        }
        Ok(())
    }

    /// Its path, for a transaction that has changed nothing yet and is about to. The transaction may
    /// commit only after [`BackupBefore::complete`].
    ///
    /// # Errors
    /// The store's; nothing is left behind then.
    pub fn begin(&self, _: &Tx<'_>) -> Result<PathBuf, StoreError> {
        self.work().begin()
    }

    /// The transaction has changed what the backup holds: waits until that is whole, synced, and read
    /// by its other reader.
    ///
    /// # Errors
    /// The store's; nothing is left behind then.
    pub fn complete(&self) -> Result<(), StoreError> {
        let mut work = self.work();
        work.join()?;
        work.needed = true;
        Ok(())
    }

    /// Whether a transaction has changed what it holds.
    pub fn is_needed(&self) -> bool {
        self.work().needed
    }

    /// Keeps it, as the change was committed; the oldest automatic ones go, but not the file `but`.
    pub fn keep(&self, but: Option<&Path>) {
        let mut work = self.work();
        work.source = None;
        if let State::Complete(backup, _) = &work.state {
            backup.prune(but);
        }
    }

    /// Keeps it, and every other.
    pub fn release(&self) {
        self.work().source = None;
    }

    /// Takes it back: nothing was changed. Waits for a thread that still copies.
    pub fn discard(&self) {
        let mut work = self.work();
        work.discard();
        work.source = None;
    }
}

impl Work {
    fn source(&mut self) -> Result<&mut Source, StoreError> {
        self.source.as_mut().ok_or(StoreError::Stopped)
    }

    fn is_shared(&mut self) -> Result<bool, StoreError> {
        Ok(*self.source()?.db.kind() != Kind::Own)
    }

    fn begin(&mut self) -> Result<PathBuf, StoreError> {
        if !self.is_shared()? {
            return self.start_copying();
        }
        let now = Some(state_of(&self.source()?.db)?);
        match &self.state {
            State::Complete(backup, state) if *state == now => Ok(backup.path.clone()),
            // Nobody can commit in between any more.
            State::None | State::Copying(..) | State::Complete(..) => self.write_again(),
        }
    }

    /// Copies what the transaction began with, and checks the copy on a thread.
    fn write_again(&mut self) -> Result<PathBuf, StoreError> {
        self.discard();
        let mut source = self.source.take().ok_or(StoreError::Stopped)?;
        let copied =
            source.count_progress().and_then(|()| copy_automatic(&source.db, &source.name));
        let (file, state) = match copied {
            Ok(copied) => copied,
            Err(error) => {
                self.source = Some(source);
                return Err(error);
            }
        };
        let path = file.path();
        let check = move || {
            let backup = publish(file, &source.db, Some(&source.progress));
            let backup = backup.and_then(|backup| source.read_also(backup));
            (source, backup)
        };
        self.spawn(check, Some(state))?;
        Ok(path)
    }

    fn spawn(
        &mut self,
        work: impl FnOnce() -> (Source, Result<Backup, StoreError>) + Send + 'static,
        state: Option<StateId>,
    ) -> Result<(), StoreError> {
        let failed = |error: std::io::Error| StoreError::Other(error.to_string());
        let thread = Builder::new().name("backup".into()).spawn(work).map_err(failed)?;
        self.state = State::Copying(thread, state);
        Ok(())
    }

    fn write(&mut self) -> Result<(), StoreError> {
        self.discard();
        let source = self.source()?;
        let (file, state) = copy_automatic(&source.db, &source.name)?;
        let backup = publish(file, &source.db, None)?;
        self.state = State::Complete(source.read_also(backup)?, Some(state));
        Ok(())
    }

    /// Holds what is there now, and copies it on a thread.
    fn start_copying(&mut self) -> Result<PathBuf, StoreError> {
        self.discard();
        let mut source = self.source.take().ok_or(StoreError::Stopped)?;
        source.count_progress()?;
        let held = hold_automatic(&source.db, &source.name)?;
        let path = held.path();
        let copy = move || {
            let Source { db, progress, also, .. } = &mut source;
            let also = |db: &Db| also(db, None);
            let backup = complete_automatic(held, db, progress, also);
            (source, backup)
        };
        self.spawn(copy, None)?;
        Ok(path)
    }

    /// Waits for the thread that copies, if there is one.
    fn join(&mut self) -> Result<(), StoreError> {
        match std::mem::replace(&mut self.state, State::None) {
            State::Copying(thread, state) => {
                let (source, backup) = thread.join().map_err(|_| StoreError::Panicked)?;
                self.source = Some(source);
                self.state = State::Complete(backup?, state);
                Ok(())
            }
            complete @ State::Complete(..) => {
                self.state = complete;
                Ok(())
            }
            State::None => Err(StoreError::Stopped),
        }
    }

    fn discard(&mut self) {
        // One that failed has left nothing.
        let _ = self.join();
        if let State::Complete(backup, _) = std::mem::replace(&mut self.state, State::None) {
            backup.discard();
        }
    }
}

impl Source {
    fn count_progress(&mut self) -> Result<(), StoreError> {
        self.db.count_progress(&self.progress)
    }

    /// Reads what else is needed, or takes the backup back.
    fn read_also(&mut self, backup: Backup) -> Result<Backup, StoreError> {
        let mut unread = Unread(Some(backup));
        (self.also)(&self.db, unread.0.as_ref())?;
        unread.0.take().ok_or(StoreError::Stopped)
    }
}

/// A backup that is taken back where what belongs to it could not be read, also after a panic.
struct Unread(Option<Backup>);

impl Drop for Unread {
    fn drop(&mut self) {
        if let Some(backup) = &self.0 {
            backup.discard();
        }
    }
}
