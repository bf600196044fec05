//! Waits until another daemon has let go of the sockets and the database (`--wait-lock`): a rolling
//! update starts the next one before it stops the one that serves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use tracing::info;

use super::error::StartupError;
use crate::clock::{Stopwatch, pause};
use crate::socket::systemd;

/// How often it is tried.
const EVERY: Duration = Duration::from_millis(100);

/// Waits once for all that it attempts.
pub(super) struct LockWait {
    most: Duration,
    /// From the first refusal on.
    since: Option<Stopwatch>,
    /// While it is set SIGTERM and SIGINT end the process: nothing is open yet. By default they would,
    /// but not for process 1 of a container.
    ends: Arc<AtomicBool>,
}

impl LockWait {
    /// One of at most so long; zero does not wait.
    pub(super) fn new(most: Duration) -> Self {
        Self { most, since: None, ends: Arc::default() }
    }

    pub(super) const fn is_on(&self) -> bool {
        !self.most.is_zero()
    }

    /// Does it again while another daemon is in the way.
    ///
    /// # Errors
    /// Those of `work`; the last one where the time is over.
    pub(super) fn attempt<T, E: Into<StartupError>>(
        &mut self,
        mut work: impl FnMut() -> Result<T, E>,
    ) -> Result<T, StartupError> {
        loop {
            let error: StartupError = match work() {
                Ok(done) => return Ok(done),
                Err(error) => error.into(),
            };
            if !error.is_held() || !self.goes_on(&error)? {
                return Err(error);
            }
            pause(EVERY);
        }
    }

    /// Signals are handled otherwise from now on.
    pub(super) fn end(&self) {
        self.ends.store(false, Ordering::Relaxed);
    }

    fn goes_on(&mut self, error: &StartupError) -> Result<bool, StartupError> {
        if let Some(since) = self.since {
            return Ok(since.elapsed() < self.most);
        }
        if !self.is_on() {
            return Ok(false);
        }
        self.since = Some(Stopwatch::start());
        self.ends.store(true, Ordering::Relaxed);
        for signal in [SIGTERM, SIGINT] {
            flag::register_conditional_shutdown(signal, 0, Arc::clone(&self.ends))
                .map_err(StartupError::running)?;
        }
        let _ = systemd::extend_start(self.most);
        let (error, most) = (error.message(), self.most.as_secs());
        info!("{error}; waiting until it ends, for at most {most} s");
        Ok(true)
    }
}
