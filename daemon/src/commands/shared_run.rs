//! Long work that several peers may ask for at once: one run at a time, and those who ask during a
//! run share the next one.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;

use super::blocking::run_blocking;
use crate::error::CommandError;

/// Runs of one kind of work.
#[derive(Default)]
pub(super) struct SharedRun<T> {
    /// Held by the thread of a run, also where nobody waits for it any more.
    turn: Arc<Mutex<()>>,
    /// Runs that have begun.
    begun: Cell<u64>,
    /// The number of the last run that came to a result, and the result.
    last: RefCell<Option<(u64, T)>>,
}

impl<T: Clone + Send + 'static> SharedRun<T> {
    /// The result of a run that begins from now on: of another peer's where one begins first.
    ///
    /// # Errors
    /// [`CommandError::Late`] where no run began in time; those of the work, which are not shared.
    pub(super) async fn run(
        &self,
        time_left: Duration,
        work: impl FnOnce() -> Result<T, CommandError> + Send + 'static,
    ) -> Result<T, CommandError> {
        let next = self.begun.get() + 1;
        let turn = timeout(time_left, Arc::clone(&self.turn).lock_owned()).await;
        let turn = turn.map_err(|_| CommandError::Late)?;
        if let Some((number, result)) = &*self.last.borrow()
            && *number >= next
        {
            return Ok(result.clone());
        }
        let number = self.begun.get() + 1;
        self.begun.set(number);
        // The turn comes back with the result, so that the next in turn finds it.
        let (result, _turn) = run_blocking(move || Ok((work()?, turn))).await?;
        self.last.replace(Some((number, result.clone())));
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::mpsc;

    use futures_util::future::{join_all, join3};

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn many_who_ask_at_once_share_a_run_and_none_is_older_than_its_question() {
        let runs = SharedRun::default();
        let begun = Arc::new(AtomicU64::new(0));
        let one = |wait: Option<mpsc::Receiver<()>>| {
            let begun = Arc::clone(&begun);
            runs.run(LONG, move || {
                let number = begun.fetch_add(1, Ordering::SeqCst) + 1;
                let _ = wait.map(|wait| wait.recv());
                Ok(number)
            })
        };
        let (go_on, wait) = mpsc::channel();
        // They ask in this order, and as many as the runtime polls in one turn.
        let (first, others, ()) =
            join3(one(Some(wait)), join_all((0..19).map(|_| one(None))), async { drop(go_on) })
                .await;
        let others: Vec<u64> = others.into_iter().map(Result::unwrap).collect();
        // The first had begun when the others asked.
        assert_eq!((first.unwrap(), others), (1, vec![2; 19]));
        assert_eq!(one(None).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_run_that_nobody_waits_for_keeps_its_turn() {
        let runs = SharedRun::default();
        let (go_on, wait) = mpsc::channel::<()>();
        let gone = runs.run(LONG, move || {
            let _ = wait.recv();
            Ok(1)
        });
        assert!(timeout(Duration::from_millis(1), gone).await.is_err());
        let late = runs.run(Duration::from_millis(1), || Ok(2)).await;
        assert!(matches!(late, Err(CommandError::Late)), "{late:?}");
        drop(go_on);
        assert_eq!(runs.run(LONG, || Ok(3)).await.unwrap(), 3);
        let failed = runs.run(LONG, || Err(CommandError::Late)).await;
        assert!(failed.is_err());
        assert_eq!(runs.run(LONG, || Ok(4)).await.unwrap(), 4);
    }
}
