//! Work on whole imports, off the async thread: one at a time, and cancelled if nobody waits for it
//! any more.

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use crate::commands::blocking::run_blocking;
use crate::commands::import_sessions::Cancel;
use crate::commands::runner::Runner;
use crate::error::CommandError;

/// The one thread for imports; it belongs to the work, whatever becomes of the connection.
pub(super) struct Turn {
    permit: OwnedSemaphorePermit,
}

impl Turn {
    /// Waits for it.
    ///
    /// # Errors
    /// `busy` where others have it for too long.
    pub(super) async fn take(runner: &Runner<'_>) -> Result<Self, CommandError> {
        let turn = runner.app.imports.turn.clone().acquire_owned();
        let turn = timeout(runner.time_left(), turn).await.map_err(|_| CommandError::Late)?;
        turn.map(|permit| Self { permit })
            .map_err(|error| CommandError::Internal(error.to_string()))
    }

    /// Runs `work`, which checks between two rows whether it is cancelled.
    ///
    /// # Errors
    /// Those of `work`; `unavailable` where the daemon stops or the client hangs up meanwhile.
    pub(super) async fn run<T: Send + 'static>(
        self,
        runner: &Runner<'_>,
        work: impl FnOnce(&Cancel) -> Result<T, CommandError> + Send + 'static,
    ) -> Result<T, CommandError> {
        let cancel = Cancel::default();
        let flag = cancel.clone();
        let work = run_blocking(move || {
            let outcome = work(&flag);
            drop(self.permit);
            outcome
        });
        tokio::select! {
            biased;
            outcome = work => outcome,
            error = runner.abandoned() => {
                cancel.cancel();
                Err(error)
            }
        }
    }
}

/// An error where it was cancelled; the client has another reply already.
pub(super) fn check(cancel: &Cancel) -> Result<(), CommandError> {
    if cancel.is_requested() {
        return Err(CommandError::Unavailable("the import was cancelled; try again".into()));
    }
    Ok(())
}
