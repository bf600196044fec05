//! One permitted request on its way: decoding in the order of the documentation, deadlines, and
//! the steps that reads and writes have in common.

use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use photoprism_protocol::args::Entries;
use photoprism_protocol::command::{Arguments, Command};
use photoprism_protocol::envelope::{Request, Success};
use photoprism_protocol::key::IdempotencyKey;
use photoprism_protocol::level::Level;
use photoprism_protocol::secret::Secret;
use serde::Serialize;
use tokio::time::timeout;

use super::app::App;
use crate::clock::Stopwatch;
use crate::commands::{Context, Hashed, Key, KeyState, Outcome, confirm_replay, find_replay};
use crate::error::CommandError;
use crate::failpoints::{Failpoint, enabled};
use crate::hashing::{HashJob, Lane, PoolError};
use crate::peer::Permit;
use crate::store::{Db, Tx};

/// How often it is checked whether the client has hung up, while long work runs for it.
const CHECK_EVERY: Duration = Duration::from_millis(100);

/// The result of a command, or why there is none.
pub(super) type Answer = Result<Success, CommandError>;

/// A permitted request.
pub(super) struct Call<'a> {
    pub(super) app: &'a App,
    pub(super) context: Arc<Context>,
    request: &'a Request<'a>,
    watch: Stopwatch,
    stream: Option<BorrowedFd<'a>>,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        app: &'a App,
        permit: Permit,
        request: &'a Request<'a>,
        watch: Stopwatch,
    ) -> Self {
        let context = Arc::new(Context { permit, now: app.clock.now(), random: app.random });
        Self { app, context, request, watch, stream: None }
    }

    /// The same with the connection that it came by.
    pub(super) fn by(self, stream: Option<BorrowedFd<'a>>) -> Self {
        Self { stream, ..self }
    }

    /// Whether nobody waits for the reply any more: the daemon stops, or the client has hung up. A
    /// client that has only shut down its sending side still waits.
    pub(super) fn is_abandoned(&self) -> bool {
        self.app.is_stopping() || self.has_hung_up()
    }

    fn has_hung_up(&self) -> bool {
        let Some(stream) = self.stream else { return false };
        let mut asked = [PollFd::new(stream, PollFlags::empty())];
        let seen = poll(&mut asked, PollTimeout::ZERO).is_ok_and(|count| count > 0);
        seen && asked[0].revents().is_some_and(|what| what.contains(PollFlags::POLLHUP))
    }

    /// Returns once nobody waits for the reply any more: why, as an error.
    pub(super) async fn abandoned(&self) -> CommandError {
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
    pub(super) async fn stopping(&self) {
        let _ = self.app.stop.clone().wait_for(|stop| *stop).await;
    }

    pub(super) fn command(&self) -> &'static str {
        self.request.command.name()
    }

    pub(super) fn uid(&self) -> u32 {
        self.context.permit.uid()
    }

    pub(super) fn level_needed(&self) -> Level {
        self.request.command.access()
    }

    /// What is left of the time in which the work must begin.
    pub(super) fn time_left(&self) -> Duration {
        if enabled(Failpoint::WaitForever) {
            return Duration::MAX;
        }
        let whole = self.app.limits.borrow().request_timeout;
        whole.saturating_sub(self.watch.elapsed())
    }

    /// The time in which work must begin, anew: for commands of many pieces of work.
    pub(super) fn whole_time(&self) -> Duration {
        self.app.limits.borrow().request_timeout
    }

    /// Whether the request contains `"confirm":true`.
    pub(super) fn is_confirmed(&self) -> bool {
        self.request.confirm
    }

    /// Waits until a refusal may leave, by a timer: how long its reasons took does not show.
    pub(super) async fn wait_for_minimum_delay(&self) {
        let floor = self.app.limits.borrow().refusal_floor;
        let rest = floor.saturating_sub(self.watch.elapsed());
        let _ = timeout(rest, std::future::pending::<()>()).await;
    }

    /// The arguments; after them, in this order, the form of the key and the confirmation.
    pub(super) fn args<C: Command>(&self) -> Result<C::Args, CommandError> {
        debug_assert_eq!(C::NAME, self.request.command);
        let args = C::Args::decode(Entries::read(self.request.args)?)?;
        self.check_envelope()?;
        Ok(args)
    }

    fn check_envelope(&self) -> Result<(), CommandError> {
        self.idempotency_key()?;
        if self.request.command.needs_confirm() && !self.request.confirm {
            return Err(CommandError::Unconfirmed);
        }
        Ok(())
    }

    fn idempotency_key(&self) -> Result<Option<IdempotencyKey>, CommandError> {
        match &self.request.key {
            None => Ok(None),
            Some(_) if !self.request.command.takes_key() => Err(CommandError::broken(
                "key",
                "only commands that change something take an idempotency key; leave it out",
            )),
            Some(key) => IdempotencyKey::parse(key)
                .map(Some)
                .map_err(|rule| CommandError::invalid("key", &rule)),
        }
    }

    /// The key with these arguments, the password taken out of them.
    pub(super) fn key(&self, arguments: &impl Serialize) -> Result<Option<Key>, CommandError> {
        let key = self.idempotency_key()?;
        Ok(key.map(|key| Key::new(key, self.command(), arguments)))
    }

    /// The first result of this key, where there is one; the password is compared by the hash that
    /// the account has now.
    pub(super) async fn replay(
        &self,
        key: Option<&Key>,
        password: Option<&Secret>,
    ) -> Result<Option<Success>, CommandError> {
        let Some(key) = key.cloned() else { return Ok(None) };
        let context = Arc::clone(&self.context);
        let state = self
            .app
            .store
            .read(self.time_left(), move |db| find_replay(db, &context, &key))
            .await?;
        match state {
            KeyState::New => Ok(None),
            KeyState::Replay(success) => Ok(Some(success)),
            KeyState::IfPassword { hash, replay } => {
                let matches = match password {
                    Some(password) => self.verify(password.clone(), hash).await?,
                    None => false,
                };
                confirm_replay(replay, matches).map(Some)
            }
        }
    }

    /// Hashes a new password on the pool.
    pub(super) async fn hash(&self, plain: &Secret) -> Result<Hashed, CommandError> {
        let ticket = self.app.pool.queue_hash(Lane::Admin, plain.clone()).map_err(pool_error)?;
        let hash = self.computed(ticket).await?;
        Ok(Hashed { hash: hash.expose().to_owned(), plain: plain.clone() })
    }

    /// Whether a password is the one of a stored hash.
    pub(super) async fn verify(
        &self,
        plain: Secret,
        stored: Option<String>,
    ) -> Result<bool, CommandError> {
        let ticket = self.app.pool.queue_verify(Lane::Admin, plain, stored).map_err(pool_error)?;
        self.computed(ticket).await
    }

    pub(super) async fn computed<T>(&self, mut ticket: HashJob<T>) -> Result<T, CommandError> {
        timeout(self.time_left(), ticket.begun()).await.map_err(|_| CommandError::Late)?;
        ticket.outcome().await.map_err(pool_error)
    }

    /// Runs a read on the database thread.
    pub(super) async fn read<R: Send + 'static>(
        &self,
        request: R,
        handler: fn(&Db, &Context, &R) -> Result<Success, CommandError>,
    ) -> Result<Success, CommandError> {
        let context = Arc::clone(&self.context);
        self.app.store.read(self.time_left(), move |db| handler(db, &context, &request)).await
    }

    /// The same for a short read, of a few rows.
    pub(super) async fn read_batched<R: Send + 'static>(
        &self,
        request: R,
        handler: fn(&Db, &Context, &R) -> Result<Success, CommandError>,
    ) -> Result<Success, CommandError> {
        let context = Arc::clone(&self.context);
        self.app
            .store
            .read_batched(self.time_left(), move |db| handler(db, &context, &request))
            .await
    }

    /// Runs a write on the database thread.
    pub(super) async fn write(
        &self,
        key: Option<Key>,
        handler: impl FnOnce(&Tx<'_>, &Context, Option<&Key>) -> Result<Outcome, CommandError>
        + Send
        + 'static,
    ) -> Result<Success, CommandError> {
        let context = Arc::clone(&self.context);
        let work = move |tx: &Tx<'_>| handler(tx, &context, key.as_ref());
        self.app.store.write_with_effects(self.time_left(), work).await
    }

    /// Runs a write as [`Call::write`] does, without a key, and rolls back all that it wrote.
    pub(super) async fn dry_run(
        &self,
        handler: impl FnOnce(&Tx<'_>, &Context, Option<&Key>) -> Result<Outcome, CommandError>
        + Send
        + 'static,
    ) -> Result<Success, CommandError> {
        let context = Arc::clone(&self.context);
        let work = move |tx: &Tx<'_>| handler(tx, &context, None);
        self.app.store.write_and_rollback(self.time_left(), work).await
    }
}

pub(super) fn pool_error(error: PoolError) -> CommandError {
    match error {
        PoolError::Busy { retry_after_s } => CommandError::Busy { retry_after_s },
        PoolError::Stopped => CommandError::Unavailable("the daemon is stopping".into()),
        PoolError::TooLong => CommandError::broken(
            "password",
            "the password has more than 72 bytes, bcrypt would cut it short; use a shorter one",
        ),
        PoolError::Failed => CommandError::Internal("a password hash was not computed".into()),
    }
}
