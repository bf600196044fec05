//! The fixed set of hash threads.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use photoprism_protocol::secret::Secret;
use thiserror::Error;

use super::bcrypt_hash;
use super::durations::{Durations, kind};
use super::hash_job::{HashJob, PoolError, Reply};
use super::hasher::{Hasher, Random, buffer_kib};
use super::queue::{Job, Lane, Queue, Work};
use super::scheme::{HashString, Target, parse};

/// How a pool is set up.
#[derive(Clone, Copy, Debug)]
pub struct PoolConfig {
    /// Setting `hash-threads`: how many hashes are computed at once, at least 1.
    pub threads: usize,
    /// Setting `hash-queue`: how many logins may wait.
    pub queue: usize,
    /// The parameters of new hashes.
    pub target: Target,
    /// Monotonic time since any fixed point.
    pub monotonic: fn() -> Duration,
    /// Where salts come from.
    pub random: Random,
}

/// Why a pool cannot be started.
#[derive(Debug, Error)]
pub enum StartError {
    /// No thread would ever compute a hash.
    #[error("hash-threads must be at least 1")]
    NoThreads,
    /// Such hashes could not be verified again.
    #[error(
        "the parameters of new password hashes are out of bounds (Argon2: 64 MiB, 10 passes, 4 lanes; bcrypt: cost 4 to 14)"
    )]
    Target,
    /// The system refused to start a thread.
    #[error("cannot start a hash thread: {0}")]
    Thread(#[from] io::Error),
}

/// What the threads share.
struct Shared {
    queue: Queue,
    computed: AtomicU64,
    durations: Durations,
    monotonic: fn() -> Duration,
}

/// The only way to compute a password hash.
///
/// Memory: each thread keeps that of one new Argon2 hash. At most one hash larger than that runs at
/// a time, and its thread frees its own buffer first: 64 MiB at most.
pub struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    target: Target,
    composes: bool,
}

impl Pool {
    /// Starts the threads, which allocate their memory at once.
    pub fn start(config: PoolConfig) -> Result<Self, StartError> {
        if config.threads == 0 {
            return Err(StartError::NoThreads);
        }
        if !config.target.within_limits() {
            return Err(StartError::Target);
        }
        let queue = Queue::new(config.threads, config.queue);
        let monotonic = config.monotonic;
        let shared = Arc::new(Shared {
            queue,
            computed: AtomicU64::new(0),
            durations: Durations::default(),
            monotonic,
        });
        let target = config.target;
        let mut pool = Self { shared, threads: Vec::new(), target, composes: false };
        for number in 0..config.threads {
            let shared = Arc::clone(&pool.shared);
            let computer = Hasher::new(config.target, config.random);
            let builder = Builder::new().name(format!("hash-{number}"));
            pool.threads.push(builder.spawn(move || serve(&shared, computer))?);
        }
        Ok(pool)
    }

    /// The same pool, which composes passwords (NFC) before it hashes and before it checks them. A
    /// check that fails tries the text as it was typed too: a hash may be older, or imported.
    #[must_use]
    pub const fn composing(mut self, composes: bool) -> Self {
        self.composes = composes;
        self
    }

    /// The form that is hashed, and the one that was typed where that is another.
    fn forms(&self, password: Secret) -> (Secret, Option<Secret>) {
        match password.composed() {
            Some(composed) if self.composes => (composed, Some(password)),
            _ => (password, None),
        }
    }

    /// The parameters of new hashes; for [`super::needs_rehash`].
    pub const fn target(&self) -> Target {
        self.target
    }

    /// Queues the hashing of a password.
    ///
    /// # Errors
    /// [`PoolError::Busy`], [`PoolError::Stopped`]; [`PoolError::TooLong`] for a password that
    /// bcrypt would truncate.
    pub fn queue_hash(
        &self,
        lane: Lane,
        password: Secret,
    ) -> Result<HashJob<HashString>, PoolError> {
        let (password, _) = self.forms(password);
        let is_bcrypt = matches!(self.target, Target::Bcrypt { .. });
        if is_bcrypt && bcrypt_hash::key(password.expose()).is_none() {
            return Err(PoolError::TooLong);
        }
        let (ticket, reply) = HashJob::new();
        self.push(lane, Job { work: Work::Hash(reply), password, exceeds_buffer: false })?;
        Ok(ticket)
    }

    /// Queues the check of a password against a stored hash.
    ///
    /// Without a usable one (`None`, an unknown form, absurd parameters) the result is false, after
    /// one hash with the target's parameters.
    pub fn queue_verify(
        &self,
        lane: Lane,
        password: Secret,
        stored: Option<String>,
    ) -> Result<HashJob<bool>, PoolError> {
        let stored = stored.map(Secret::new).and_then(|text| parse(text.expose()).ok());
        let exceeds_buffer =
            stored.as_ref().is_some_and(|hash| hash.memory_kib() > buffer_kib(self.target));
        let (ticket, reply) = HashJob::new();
        let (password, typed) = self.forms(password);
        let work = Work::Verify(stored, typed, reply);
        self.push(lane, Job { work, password, exceeds_buffer })?;
        Ok(ticket)
    }

    /// Hashes a password in the administrators' lane, before there is a runtime.
    ///
    /// # Panics
    /// When called inside a runtime, whose thread it would block.
    pub fn hash_blocking(&self, password: Secret) -> Result<HashString, PoolError> {
        self.queue_hash(Lane::Admin, password)?.wait()
    }

    /// Hashes that are being computed.
    pub fn running(&self) -> usize {
        self.shared.queue.running()
    }

    /// Jobs that wait; unwanted ones count until they are next.
    pub fn waiting(&self) -> usize {
        self.shared.queue.waiting()
    }

    /// Hashes computed since the start, dummies included.
    pub fn computed(&self) -> u64 {
        self.shared.computed.load(Ordering::Relaxed)
    }

    /// Whether it is known how long bcrypt of that cost takes.
    pub fn knows_bcrypt(&self, cost: u32) -> bool {
        self.shared.durations.knows((true, cost.into()))
    }

    /// How long after its line was read a refusal may leave: `floor`, or longer where the check of a
    /// stored hash was seen to take longer, 5 s at most. So it takes as long for a name that does not
    /// exist. Zero, where `floor` is.
    pub fn refusal_delay(&self, floor: Duration) -> Duration {
        self.shared.durations.refusal_delay(floor)
    }

    /// Sets how many logins may wait from now on (setting `hash-queue`); those that wait already
    /// stay.
    pub fn set_login_places(&self, places: usize) {
        self.shared.queue.set_login_places(places);
    }

    /// Accepts no more work; what waits gets [`PoolError::Stopped`], what runs is finished.
    pub fn stop(&self) {
        self.shared.queue.stop();
    }

    pub(super) fn push(&self, lane: Lane, job: Job) -> Result<(), PoolError> {
        self.shared.queue.push(lane, job)
    }
}

/// Waits for what runs: a second at the worst.
impl Drop for Pool {
    fn drop(&mut self) {
        self.stop();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// The main loop of a thread: job after job until the pool stops.
fn serve(shared: &Shared, mut computer: Hasher) {
    computer.reserve_own();
    while let Some(job) = shared.queue.next(|| computer.release_memory()) {
        let Job { work, password, exceeds_buffer } = job;
        let began = (shared.monotonic)();
        let checked =
            if let Work::Verify(stored, ..) = &work { stored.as_ref().map(kind) } else { None };
        let job = Running { shared, password, exceeds_buffer, checked, began };
        match work {
            Work::Hash(reply) => {
                job.end(reply, |password| computer.hash(password, &shared.computed));
            }
            Work::Verify(stored, typed, reply) => {
                let mut check =
                    |text: &Secret| computer.verify(text, stored.as_ref(), &shared.computed);
                job.end(reply, |password| match (check(password)?, &typed) {
                    (false, Some(typed)) => check(typed),
                    (same, _) => Ok(same),
                });
            }
            #[cfg(test)]
            Work::Run(run, reply) => job.end(reply, |_| {
                run();
                Ok(())
            }),
        }
    }
}

/// A job that a thread has begun.
struct Running<'pool> {
    shared: &'pool Shared,
    password: Secret,
    exceeds_buffer: bool,
    /// The kind of the stored hash that is checked.
    checked: Option<(bool, u64)>,
    began: Duration,
}

impl Running<'_> {
    /// Computes, then drops the password, updates the counters and replies. After a panic only the
    /// caller loses its answer: unwinding zeroes the memory.
    fn end<T>(self, reply: Reply<T>, compute: impl FnOnce(&Secret) -> Result<T, PoolError>) {
        let outcome = catch_unwind(AssertUnwindSafe(|| compute(&self.password)));
        drop(self.password);
        let took = (self.shared.monotonic)().saturating_sub(self.began);
        self.shared.queue.finished(self.exceeds_buffer, took);
        if let Some(kind) = self.checked {
            self.shared.durations.note(kind, took);
        }
        reply.finish(outcome.unwrap_or(Err(PoolError::Failed)));
    }
}
