//! Carries a permitted request out. The order of checks that the protocol promises is here, once
//! for all commands: names and types, key, confirm, replay, values, hash, transaction (the key
//! again, the rule, the change, the audit record, the key), effects, reply.

mod alone;
mod hashing;
mod waiting;

use std::cell::RefCell;
use std::mem;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use photoprism_protocol::args::Entries;
use photoprism_protocol::command::{Arguments, Command};
use photoprism_protocol::envelope::{self, Success};
use photoprism_protocol::key::IdempotencyKey;
use photoprism_protocol::secret::Secret;

use super::app::App;
use super::ending::Ending;
use super::key::{Key, KeyState, find_replay, reused};
use super::reply::Reply;
use super::request::{Context, Hashed, Request};
use super::transaction::{self, ChangeFn, Completed};
use crate::clock::Stopwatch;
use crate::error::CommandError;
use crate::model::WithEffects;
use crate::peer::Permit;
use crate::store::{AttachedSource, BackupBefore, Db, Tx};

/// The result of a command, or why there is none.
pub(in crate::commands) type Outcome = Result<Success, CommandError>;

/// What a command reads.
type ReadFn<T, R> = fn(&Db, &Request<T>) -> Result<Reply<R>, CommandError>;

/// The change of a write that leaves no audit record.
type UnauditedFn<T, R> = fn(&Tx<'_>, &Request<T>) -> Result<WithEffects<Reply<R>>, CommandError>;

/// A permitted request on its way.
pub(in crate::commands) struct Runner<'a> {
    pub(in crate::commands) app: &'a App,
    pub(in crate::commands) context: Arc<Context>,
    request: &'a envelope::Request<'a>,
    watch: Stopwatch,
    /// The connection of the peer; `None`: the daemon itself, which waits for its own work.
    stream: Option<BorrowedFd<'a>>,
    /// What its transaction ended in PhotoPrism's database.
    ending: RefCell<Option<Ending>>,
}

/// What the transaction of a write receives.
pub(in crate::commands) struct Prepared<T> {
    args: T,
    password: Option<Hashed>,
    is_dry_run: bool,
    took_long: bool,
    backup: Option<BackupBefore>,
    /// It has a transaction of its own, with this around it.
    alone: Option<AttachedSource>,
}

impl<T> Prepared<T> {
    pub(in crate::commands) const fn new(args: T) -> Self {
        Self {
            args,
            password: None,
            is_dry_run: false,
            took_long: false,
            backup: None,
            alone: None,
        }
    }

    /// The same, carried out and rolled back where `is_dry_run`.
    pub(in crate::commands) fn dry_run(self, is_dry_run: bool) -> Self {
        Self { is_dry_run, ..self }
    }

    /// The same, prepared by work that may take as long as it likes: the transaction has the whole
    /// time in which work must begin.
    pub(in crate::commands) fn after_long_work(self) -> Self {
        Self { took_long: true, ..self }
    }
}

impl<'a> Runner<'a> {
    pub(in crate::commands) fn new(
        app: &'a App,
        permit: Permit,
        request: &'a envelope::Request<'a>,
        watch: Stopwatch,
        stream: BorrowedFd<'a>,
    ) -> Self {
        let context = Arc::new(Context::new(app, permit));
        let stream = Some(stream);
        Self { app, context, request, watch, stream, ending: RefCell::default() }
    }

    /// The daemon's own, for what its settings request.
    pub(in crate::commands) fn of_daemon(app: &'a App, request: &'a envelope::Request<'a>) -> Self {
        let context = Arc::new(Context::new(app, Permit::of_daemon(request.command)));
        let watch = Stopwatch::start();
        Self { app, context, request, watch, stream: None, ending: RefCell::default() }
    }

    /// Replies without the database.
    pub(in crate::commands) fn reply<C: Command>(&self, reply: &C::Reply) -> Outcome {
        self.args::<C>()?;
        Reply::new(reply).map(Success::from)
    }

    /// Carries out a command that reads: `parse` checks the values, `read` runs on the database
    /// thread.
    pub(in crate::commands) async fn read<C: Command, T: Send + 'static>(
        &self,
        parse: impl FnOnce(C::Args) -> Result<T, CommandError>,
        read: ReadFn<T, C::Reply>,
    ) -> Outcome {
        let request = self.request(parse(self.args::<C>()?)?);
        let work = move |db: &Db| read(db, &request).map(Success::from);
        self.app.store.read(self.time_left(), work).await
    }

    /// Carries out a write: `parse` checks the values, a password among the arguments is hashed,
    /// and `change` runs in the transaction.
    pub(in crate::commands) async fn write<C: Command, T: Send + Sync + 'static>(
        &self,
        parse: impl FnOnce(C::Args) -> Result<T, CommandError>,
        change: ChangeFn<T, C::Reply>,
    ) -> Outcome {
        let args = self.args::<C>()?;
        let prepare = async |args| self.prepare::<C, T>(args, parse).await;
        self.write_after::<C, T>(args, prepare, change).await
    }

    /// The same for a command that has more to do between the checks of the request and the
    /// transaction.
    pub(in crate::commands) async fn write_after<C: Command, T: Send + Sync + 'static>(
        &self,
        mut args: C::Args,
        prepare: impl AsyncFnOnce(C::Args) -> Result<Prepared<T>, CommandError>,
        change: ChangeFn<T, C::Reply>,
    ) -> Outcome {
        let password = C::password(&mut args).cloned();
        let key = self.key_of::<C>(&mut args)?;
        if let Some(replay) = self.replay(key.as_ref(), password.as_ref()).await? {
            return Ok(replay);
        }
        let outcome = match prepare(args).await {
            Ok(prepared) => self.commit(key.clone(), prepared, change).await,
            Err(error) => Err(error),
        };
        match outcome {
            // Another connection has used the key meanwhile.
            Err(CommandError::KeyTaken) => {
                let replay = self.replay(key.as_ref(), password.as_ref()).await?;
                replay.ok_or(CommandError::KeyTaken)
            }
            outcome => outcome,
        }
    }

    /// Checks the values and hashes the password among them.
    pub(in crate::commands) async fn prepare<C: Command, T>(
        &self,
        mut args: C::Args,
        parse: impl FnOnce(C::Args) -> Result<T, CommandError>,
    ) -> Result<Prepared<T>, CommandError> {
        let password = C::password(&mut args).cloned();
        let mut prepared = Prepared::new(parse(args)?);
        if let Some(password) = password {
            prepared.password = Some(self.hash(&password).await?);
        }
        Ok(prepared)
    }

    /// Looks for the key once more, where a command had to wait for others: one of them may have
    /// been the same request.
    ///
    /// # Errors
    /// [`CommandError::KeyTaken`], which [`Runner::write_after`] turns into the replay.
    pub(in crate::commands) async fn check_key_is_new<C: Command>(
        &self,
        args: &mut C::Args,
    ) -> Result<(), CommandError> {
        match self.replay_of::<C>(args).await? {
            None => Ok(()),
            Some(_) => Err(CommandError::KeyTaken),
        }
    }

    /// The transaction of a write.
    pub(in crate::commands) async fn commit<T: Send + Sync + 'static, R: 'static>(
        &self,
        key: Option<Key>,
        prepared: Prepared<T>,
        change: ChangeFn<T, R>,
    ) -> Outcome {
        let Prepared { args, password, is_dry_run, took_long, backup, alone } = prepared;
        let request = Request { args, password, context: Arc::clone(&self.context), backup };
        if let Some(source) = alone {
            return self.commit_alone(key, request, source, change).await;
        }
        // What a dry run writes is rolled back, its key included.
        let key = key.filter(|_| !is_dry_run);
        let work = move |tx: &Tx<'_>| transaction::run(tx, &request, key.as_ref(), change);
        let deadline = if took_long { self.whole_time() } else { self.time_left() };
        if is_dry_run {
            return Ok(self.app.store.write_and_rollback(deadline, work).await?.success);
        }
        Ok(self.committed(self.app.store.write_with_effects(deadline, work).await?))
    }

    /// Keeps what a transaction ended, for [`Runner::complete`].
    fn committed(&self, Completed { success, ending }: Completed) -> Success {
        self.note_ending(ending);
        success
    }

    /// The same for a command with a transaction of its own kind.
    pub(in crate::commands) fn note_ending(&self, ending: Option<Ending>) {
        self.ending.replace(ending);
    }

    /// Waits until what the command ended is forgotten by PhotoPrism, which it holds nothing for,
    /// and adds to its reply when that takes effect.
    ///
    /// # Errors
    /// An internal one.
    pub(in crate::commands) async fn complete(&self, success: Success) -> Outcome {
        let Some(ending) = self.ending.take() else { return Ok(success) };
        ending.complete(self.app.notifier.as_ref(), success).await
    }

    /// Carries out a write of the level `verify`, which leaves no audit record and takes no key.
    pub(in crate::commands) async fn write_unaudited<C: Command, T: Send + 'static>(
        &self,
        args: T,
        change: UnauditedFn<T, C::Reply>,
    ) -> Outcome {
        let request = self.request(args);
        let work = move |tx: &Tx<'_>| {
            let WithEffects { value, effects } = change(tx, &request)?;
            let ending = Ending::of(tx, C::NAME)?;
            let value = Completed { success: value.into(), ending };
            Ok::<_, CommandError>(WithEffects { value, effects })
        };
        Ok(self.committed(self.app.store.write_with_effects(self.time_left(), work).await?))
    }

    /// What the command receives.
    pub(in crate::commands) fn request<T>(&self, args: T) -> Request<T> {
        Request { args, password: None, context: Arc::clone(&self.context), backup: None }
    }

    /// The arguments; after their names and types, in this order, the form of the key and the
    /// confirmation.
    pub(in crate::commands) fn args<C: Command>(&self) -> Result<C::Args, CommandError> {
        debug_assert_eq!(C::NAME, self.request.command);
        let args = C::Args::decode(Entries::read(self.request.args)?)?;
        self.idempotency_key()?;
        if self.request.command.needs_confirm() && !self.request.confirm {
            return Err(CommandError::Unconfirmed);
        }
        Ok(args)
    }

    /// Whether the request contains `"confirm":true`.
    pub(in crate::commands) const fn is_confirmed(&self) -> bool {
        self.request.confirm
    }

    /// The first result of the request's key, for a command that needs no transaction.
    pub(in crate::commands) async fn replay_of<C: Command>(
        &self,
        args: &mut C::Args,
    ) -> Result<Option<Success>, CommandError> {
        let key = self.key_of::<C>(args)?;
        self.replay(key.as_ref(), None).await
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

    /// The key with the arguments; in place of a password there is an empty one.
    fn key_of<C: Command>(&self, args: &mut C::Args) -> Result<Option<Key>, CommandError> {
        let password = C::password(args).map(mem::take);
        let key = self.key(&*args);
        if let (Some(place), Some(password)) = (C::password(args), password) {
            *place = password;
        }
        key
    }

    /// The key with what the request was.
    pub(in crate::commands) fn key(
        &self,
        request: &impl serde::Serialize,
    ) -> Result<Option<Key>, CommandError> {
        let key = self.idempotency_key()?;
        Ok(key.map(|key| Key::new(key, self.command(), request)))
    }

    /// The first result of this key, where there is one; the password is compared by the hash that
    /// the account has now.
    pub(in crate::commands) async fn replay(
        &self,
        key: Option<&Key>,
        password: Option<&Secret>,
    ) -> Result<Option<Success>, CommandError> {
        let Some(key) = key.cloned() else { return Ok(None) };
        let context = Arc::clone(&self.context);
        let find = move |db: &Db| find_replay(db, &context, &key);
        match self.app.store.read(self.time_left(), find).await? {
            KeyState::New => Ok(None),
            KeyState::Replay(success) => Ok(Some(success)),
            KeyState::IfPassword { hash, replay } => {
                let matches = match password {
                    Some(password) => self.verify(password.clone(), hash).await?,
                    None => false,
                };
                if matches { Ok(Some(replay)) } else { Err(reused()) }
            }
        }
    }

    pub(in crate::commands) fn command(&self) -> &'static str {
        self.request.command.name()
    }

    pub(in crate::commands) fn uid(&self) -> u32 {
        self.context.permit.uid()
    }
}
