//! How long a request may wait, and whether anybody still waits for its reply.

use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::time::timeout;

use super::Runner;
use crate::error::CommandError;
use crate::failpoints::{Failpoint, enabled};

/// How often it is checked whether the client has hung up, while long work runs for it.
const CHECK_EVERY: Duration = Duration::from_millis(100);

impl Runner<'_> {
    /// What is left of the time in which the work must begin.
    pub(in crate::commands) fn time_left(&self) -> Duration {
        if enabled(Failpoint::WaitForever) {
            return Duration::MAX;
        }
        self.whole_time().saturating_sub(self.watch.elapsed())
    }

    /// The time in which work must begin, anew: for commands of many pieces of work.
    pub(in crate::commands) fn whole_time(&self) -> Duration {
        self.app.limits.borrow().request_timeout
    }

    /// Waits until a refusal may leave, by a timer: how long its reasons took does not show.
    pub(in crate::commands) async fn wait_for_minimum_delay(&self) {
        let floor = self.app.limits.borrow().refusal_floor;
        let delay = self.app.pool.refusal_delay(floor);
        let rest = delay.saturating_sub(self.watch.elapsed());
        let _ = timeout(rest, std::future::pending::<()>()).await;
    }

    /// Whether nobody waits for the reply any more: the daemon stops, or the client has hung up. A
    /// client that has only shut down its sending side still waits.
    pub(in crate::commands) fn is_abandoned(&self) -> bool {
        self.app.is_stopping() || self.has_hung_up()
    }

    fn has_hung_up(&self) -> bool {
        let Some(stream) = self.stream else { return false };
        let mut asked = [PollFd::new(stream, PollFlags::empty())];
        let seen = poll(&mut asked, PollTimeout::ZERO).is_ok_and(|count| count > 0);
        seen && asked[0].revents().is_some_and(|what| what.contains(PollFlags::POLLHUP))
    }

    /// What `turn` gives, awaited for as long as work may wait to begin and the client is there: one
    /// that has hung up gives its place to others.
    ///
    /// # Errors
    /// [`CommandError::Late`] at the end of that time; `unavailable`, which nobody reads, where the
    /// client has hung up.
    pub(in crate::commands) async fn unless_gone<T>(
        &self,
        turn: impl Future<Output = T>,
    ) -> Result<T, CommandError> {
        tokio::select! {
            biased;
            turn = timeout(self.time_left(), turn) => turn.map_err(|_| CommandError::Late),
            error = self.hung_up() => Err(error),
        }
    }

    /// Returns once the client has hung up, with the error that nobody reads.
    async fn hung_up(&self) -> CommandError {
        loop {
            let _ = timeout(CHECK_EVERY, std::future::pending::<()>()).await;
            if self.has_hung_up() {
                return CommandError::Unavailable("the client has hung up".into());
            }
        }
    }

    /// Returns once nobody waits for the reply any more: why, as an error.
    pub(in crate::commands) async fn abandoned(&self) -> CommandError {
        loop {
            if self.app.is_stopping() {
                return CommandError::Unavailable("the daemon is stopping; try again".into());
            }
            if self.has_hung_up() {
                return CommandError::Unavailable("the client has hung up".into());
            }
            // There is no wake-up for a hang-up while the connection is not read.
            let _ = timeout(CHECK_EVERY, self.stopping()).await;
        }
    }

    /// Waits until the daemon stops.
    pub(in crate::commands) async fn stopping(&self) {
        let _ = self.app.stop.clone().wait_for(|stop| *stop).await;
    }
}
