//! The backup of what a transaction is about to destroy: of the state that the transaction began
//! with, and complete before it commits.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use super::copy::state_of;
use super::state_id::StateId;
use super::unfinished::Unfinished;
use super::write::{
    Backup, complete_automatic, copy_ahead, copy_automatic, hold_automatic, publish,
};
use crate::store::db::{Db, Tx};
use crate::store::error::StoreError;
use crate::store::kind::Kind;

/// What else is read of the state that a backup holds, which is given where it is complete: then it is
/// best read from that, as a reader is in PhotoPrism's way.
type AlsoRead = Box<dyn FnMut(&Db, Option<&Backup>) -> Result<(), StoreError> + Send>;

/// The backup before a change; all clones share it.
///
/// A thread copies what the transaction began with, next to the transaction. In PhotoPrism's database,
/// where one who reads keeps others from committing, it is copied before the transaction, and again next
/// to it only where somebody has committed something since; on a server, where a daemon has, and then
/// before the transaction goes on.
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
            return self.start_copying(None);
        }
        let now = Some(state_of(&self.source()?.db)?);
        match &self.state {
            State::Complete(backup, state) if *state == now => Ok(backup.path.clone()),
            // Nobody can commit in between any more.
            State::None | State::Copying(..) | State::Complete(..) => self.start_copying(now),
        }
    }

    fn write(&mut self) -> Result<(), StoreError> {
        self.discard();
        let source = self.source()?;
        // Where others write all the time it is copied next to the transaction alone.
        if let Some((file, state)) = copy_ahead(&source.db, &source.name)? {
            let backup = publish(file, &source.db, None)?;
            self.state = State::Complete(source.read_also(backup)?, Some(state));
        }
        Ok(())
    }

    /// Holds what is there now, which is that state of a database that others write to, and copies it
    /// on a thread.
    fn start_copying(&mut self, state: Option<StateId>) -> Result<PathBuf, StoreError> {
        self.discard();
        let mut source = self.source.take().ok_or(StoreError::Stopped)?;
        let held = source.count_progress().and_then(|()| source.hold());
        let held = match held {
            Ok(held) => held,
            Err(error) => {
                self.source = Some(source);
                return Err(error);
            }
        };
        let path = held.path();
        let copy = move || {
            let backup = source.complete(held);
            (source, backup)
        };
        let failed = |error: std::io::Error| StoreError::Other(error.to_string());
        let thread = Builder::new().name("backup".into()).spawn(copy).map_err(failed)?;
        self.state = State::Copying(thread, state);
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

    /// Holds what is there now. What a server has is copied whole: a snapshot there ends with its
    /// connection.
    fn hold(&self) -> Result<Unfinished, StoreError> {
        if self.db.server().is_some() {
            return copy_automatic(&self.db, &self.name).map(|(file, _)| file);
        }
        hold_automatic(&self.db, &self.name)
    }

    /// Copies what is held, and reads what else is needed: in PhotoPrism's database of the copy, once
    /// nobody waits for a reader any more.
    fn complete(&mut self, held: Unfinished) -> Result<Backup, StoreError> {
        let Self { db, progress, also, .. } = self;
        if *db.kind() == Kind::Own {
            return complete_automatic(held, db, progress, |db| also(db, None));
        }
        let backup = if db.server().is_some() {
            publish(held, db, Some(progress))?
        } else {
            complete_automatic(held, db, progress, |_| Ok(()))?
        };
        self.read_also(backup)
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
