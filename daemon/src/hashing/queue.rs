//! Two bounded queues under one lock. A place belongs to the work, not to its caller; work that waits
//! for nobody makes room where there is none.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use photoprism_protocol::secret::Secret;

use super::hash_job::{PoolError, Reply};
use super::scheme::{HashString, Stored};

/// Places for administrators: there are few of them, and they are served first.
pub(super) const ADMIN_PLACES: usize = 16;

/// How long an idle thread keeps its memory: the next attempt of a user who mistyped comes sooner.
const REST_AFTER: Duration = Duration::from_secs(5);

/// Longest time in seconds that a reply asks a caller to wait.
const LONGEST_RETRY_S: u64 = 60;

/// Which queue work waits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Commands of administrators: served first, 16 places.
    Admin,
    /// Logins: as many places as the setting `hash-queue` says.
    Login,
}

pub(super) enum Work {
    Hash(Reply<HashString>),
    Verify(Option<Stored>, Option<Secret>, Reply<bool>),
    #[cfg(test)]
    Run(Box<dyn FnOnce() + Send>, Reply<()>),
}

/// Work and its password, which are dropped together.
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) password: Secret,
    /// Whether it needs more memory than a thread keeps.
    pub(super) exceeds_buffer: bool,
}

impl Job {
    fn is_unwanted(&self) -> bool {
        match &self.work {
            Work::Hash(reply) => reply.is_unwanted(),
            Work::Verify(_, _, reply) => reply.is_unwanted(),
            #[cfg(test)]
            Work::Run(_, reply) => reply.is_unwanted(),
        }
    }

    fn begin(&mut self) {
        match &mut self.work {
            Work::Hash(reply) => reply.begin(),
            Work::Verify(_, _, reply) => reply.begin(),
            #[cfg(test)]
            Work::Run(_, reply) => reply.begin(),
        }
    }
}

/// The queues, and the threads that wait for work in them.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    threads: usize,
}

#[derive(Default)]
struct State {
    login_places: usize,
    admin: VecDeque<Job>,
    login: VecDeque<Job>,
    running: usize,
    big_running: bool,
    stopped: bool,
    /// Moving mean of the time that one hash takes; zero until the first is done.
    mean: Duration,
}

impl Queue {
    pub(super) fn new(threads: usize, login_places: usize) -> Self {
        let state = Mutex::new(State { login_places, ..State::default() });
        Self { state, changed: Condvar::new(), threads }
    }

    /// Sets how many logins may wait from now on; those that wait already stay.
    pub(super) fn set_login_places(&self, places: usize) {
        self.state().login_places = places;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics under this lock; if it did, at worst counters would be wrong.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues the job at once, or returns when to try again.
    pub(super) fn push(&self, lane: Lane, job: Job) -> Result<(), PoolError> {
        let mut state = self.state();
        if state.stopped {
            return Err(PoolError::Stopped);
        }
        let login_places = state.login_places;
        let (queue, places) = match lane {
            Lane::Admin => (&mut state.admin, ADMIN_PLACES),
            Lane::Login => (&mut state.login, login_places),
        };
        if queue.len() >= places {
            // Nobody waits for these any more.
            queue.retain(|job| !job.is_unwanted());
        }
        if queue.len() >= places {
            return Err(PoolError::Busy { retry_after_s: self.retry_after_s(&state, lane) });
        }
        queue.push_back(job);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// How long the jobs before a new one of that lane will take, with all threads working.
    fn retry_after_s(&self, state: &State, lane: Lane) -> u64 {
        let waiting = match lane {
            Lane::Admin => state.admin.len(),
            Lane::Login => state.admin.len() + state.login.len(),
        };
        let rounds = (waiting + state.running).div_ceil(self.threads);
        let whole = state.mean.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX));
        whole.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX).clamp(1, LONGEST_RETRY_S)
    }

    /// Waits for the next job that a caller still wants; `None` when the pool stops. `rest` is
    /// called once where none comes for a while.
    pub(super) fn next(&self, rest: impl FnOnce()) -> Option<Job> {
        let mut state = self.state();
        let mut rest = Some(rest);
        loop {
            if state.stopped {
                return None;
            }
            match state.take() {
                Some(job) if job.is_unwanted() => drop(job),
                Some(mut job) => {
                    state.running += 1;
                    state.big_running |= job.exceeds_buffer;
                    job.begin();
                    return Some(job);
                }
                None => state = self.wait(state, &mut rest),
            }
        }
    }

    fn wait<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        rest: &mut Option<impl FnOnce()>,
    ) -> MutexGuard<'a, State> {
        if rest.is_none() {
            return self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let waited = self.changed.wait_timeout(state, REST_AFTER);
        let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if !timeout.timed_out() {
            return state;
        }
        drop(state);
        if let Some(rest) = rest.take() {
            rest();
        }
        self.state()
    }

    /// Records that a job is done, and how long it took.
    pub(super) fn finished(&self, was_big: bool, took: Duration) {
        let mut state = self.state();
        state.running -= 1;
        state.mean = if state.mean.is_zero() { took } else { (state.mean * 7 + took) / 8 };
        if was_big {
            state.big_running = false;
            drop(state);
            // Big jobs that were skipped may run now, on any idle thread.
            self.changed.notify_all();
        }
    }

    /// Accepts no more work and drops what waits; what runs is finished.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        state.stopped = true;
        let forgotten = (std::mem::take(&mut state.admin), std::mem::take(&mut state.login));
        drop(state);
        drop(forgotten);
        self.changed.notify_all();
    }

    pub(super) fn running(&self) -> usize {
        self.state().running
    }

    pub(super) fn waiting(&self) -> usize {
        let state = self.state();
        state.admin.len() + state.login.len()
    }
}

impl State {
    /// The first administrators' job, else the first login, that may run now: of those that need
    /// extra memory, one at a time.
    fn take(&mut self) -> Option<Job> {
        let big_running = self.big_running;
        [&mut self.admin, &mut self.login].into_iter().find_map(|queue| {
            let first = queue.iter().position(|job| !(job.exceeds_buffer && big_running))?;
            queue.remove(first)
        })
    }
}
