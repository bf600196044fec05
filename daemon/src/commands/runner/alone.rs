//! Writes that destroy something: after a backup, each in a transaction of its own.

use tokio::sync::MutexGuard;
use tokio::time::timeout;

use super::{Outcome, Prepared, Runner};
use crate::commands::blocking::run_blocking;
use crate::commands::key::Key;
use crate::commands::request::Request;
use crate::commands::transaction::{self, ChangeFn};
use crate::error::CommandError;
use crate::model::to_file_name;
use crate::store::{AttachedSource, BackupBefore, StoreError, Tx, WorkError};

impl<T> Prepared<T> {
    /// The same after a backup, in a transaction of its own with `source` attached.
    pub(in crate::commands) fn after_backup(
        self,
        backup: BackupBefore,
        source: AttachedSource,
    ) -> Self {
        Self { backup: Some(backup), alone: Some(source), ..self.after_long_work() }
    }
}

impl<'a> Runner<'a> {
    /// One command at a time works on the files of backups; the others wait.
    pub(in crate::commands) async fn lock_backups(
        &self,
    ) -> Result<MutexGuard<'a, ()>, CommandError> {
        timeout(self.time_left(), self.app.backups.turn.lock())
            .await
            .map_err(|_| CommandError::Late)
    }
}

impl Runner<'_> {
    /// Prepares the backup of what the transaction of the command is about to destroy.
    pub(in crate::commands) async fn back_up<T>(
        &self,
        args: T,
        what: &str,
    ) -> Result<Prepared<T>, CommandError> {
        let (store, name) = (self.app.store.clone(), self.backup_name(what));
        let prepare = move || {
            let backup = store.backup_before(name, |_, _| Ok(()))?;
            backup.write_ahead(|_| Ok::<_, StoreError>(true))?;
            Ok(backup)
        };
        let backup = run_blocking(prepare).await?;
        Ok(Prepared::new(args).after_backup(backup, AttachedSource::default()))
    }

    /// The name of an automatic backup, without what all of them have.
    pub(in crate::commands) fn backup_name(&self, what: &str) -> String {
        format!("{}-{what}", to_file_name(self.context.now))
    }

    /// The transaction; the backup is taken back where it was not needed.
    pub(super) async fn commit_alone<T: Send + Sync + 'static, R: 'static>(
        &self,
        key: Option<Key>,
        request: Request<T>,
        source: AttachedSource,
        change: ChangeFn<T, R>,
    ) -> Outcome {
        let backup = request.backup.clone();
        let around = Box::new(source.clone());
        let work = move |tx: &Tx<'_>| transaction::run(tx, &request, key.as_ref(), change);
        let outcome = self.app.store.write_alone(self.whole_time(), around, work).await;
        if let Some(backup) = backup {
            let fate = Fate::of(&outcome, backup.is_needed());
            let settle = move || {
                match fate {
                    Fate::Committed => backup.keep(source.path().as_deref()),
                    Fate::Unknown => backup.release(),
                    Fate::Undone => backup.discard(),
                }
                Ok(())
            };
            // What is left is a backup too many.
            let _ = run_blocking(settle).await;
        }
        Ok(self.committed(outcome?))
    }
}

/// What became of a change that needs its backup.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Committed,
    Undone,
    /// The commit failed in a way that does not say.
    Unknown,
}

impl Fate {
    fn of<T>(outcome: &Result<T, CommandError>, needed: bool) -> Self {
        let unknown = |error: &CommandError| {
            use StoreError as E;
            matches!(
                error.store_error(),
                Some(
                    E::Sync(_)
                        | E::ReadOnly(_)
                        | E::Damaged(_)
                        | E::Stopped
                        | E::OutcomeUnknown
                        | E::Other(_)
                )
            )
        };
        match outcome {
            Ok(_) if needed => Self::Committed,
            Err(error) if needed && unknown(error) => Self::Unknown,
            Ok(_) | Err(_) => Self::Undone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_that_was_undone_for_certain_gives_its_backup_up() {
        for (error, fate) in [
            (StoreError::OutcomeUnknown, Fate::Unknown),
            (StoreError::Stopped, Fate::Unknown),
            (StoreError::Undone(String::new()), Fate::Undone),
            (StoreError::Unreachable(String::new()), Fate::Undone),
        ] {
            let outcome: Outcome = Err(error.into());
            assert_eq!(Fate::of(&outcome, true), fate, "{outcome:?}");
            assert_eq!(Fate::of(&outcome, false), Fate::Undone, "nothing was changed yet");
        }
    }
}
