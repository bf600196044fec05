//! Wraps every write: replays a known idempotency key, else runs the handler and stores audit
//! record and key in the same transaction.

use std::io::Read;

use photoprism_protocol::command::CommandName;
use photoprism_protocol::envelope::Success;
use photoprism_protocol::key::IdempotencyKey;
use serde::Serialize;
use serde_json::value::RawValue;

use super::context::{Context, Outcome};
use crate::commands::cursor::keyed_hash;
use crate::error::CommandError;
use crate::failpoints::{Failpoint, enabled};
use crate::model::{Effect, WithEffects};
use crate::store::{
    AuditEntry, Db, IdempotencyRecord, Tx, audit_append, cursor_key, idempotency_find,
    idempotency_keep, password_hash,
};

/// What the handler of a write returns to [`run_write`].
#[derive(Debug)]
pub(super) struct WriteResult {
    /// The `result` of the reply.
    pub(super) result: Box<RawValue>,
    /// The same with every secret as `null`, where there is one.
    pub(super) without_secrets: Option<Box<RawValue>>,
    /// What was changed, for the audit record: a UID, a name, or nothing.
    pub(super) target: String,
    /// UID of the account that got the given password.
    pub(super) password_of: Option<String>,
    /// Messages for people.
    pub(super) warnings: Vec<String>,
    /// The effects of the commit.
    pub(super) effects: Vec<Effect>,
}

impl WriteResult {
    /// A result without secrets about the account `target`.
    pub(super) fn new(
        target: impl Into<String>,
        value: &impl Serialize,
    ) -> Result<Self, CommandError> {
        Ok(Self {
            result: super::context::result(value)?,
            without_secrets: None,
            target: target.into(),
            password_of: None,
            warnings: Vec::new(),
            effects: Vec::new(),
        })
    }

    /// The same result, with the effects of its commit.
    pub(super) fn with_effects(mut self, effects: impl IntoIterator<Item = Effect>) -> Self {
        self.effects.extend(effects);
        self
    }
}

/// An idempotency key with what the request was, the password left out.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    key: IdempotencyKey,
    request: Vec<u8>,
}

impl Key {
    /// The key of a request with these arguments; the caller takes the password out first.
    pub(crate) fn new(key: IdempotencyKey, command: &str, arguments: &impl Serialize) -> Self {
        let request = serde_json::to_vec(&(command, arguments)).unwrap_or_default();
        Self { key, request }
    }

    fn fingerprint(&self, db: &Db) -> Result<Vec<u8>, CommandError> {
        Ok(keyed_hash(&cursor_key(db)?, &self.request))
    }
}

/// What is known about a key before the work begins.
#[derive(Debug)]
pub(crate) enum KeyState {
    /// Nothing: carry the command out.
    New,
    /// The first result, complete.
    Replay(Success),
    /// The first result, if the given password is still the account's.
    IfPassword {
        /// The account's hash now.
        hash: Option<String>,
        /// The first result.
        replay: Success,
    },
}

/// Reads what is stored under the key.
pub(crate) fn find_replay(db: &Db, context: &Context, key: &Key) -> Result<KeyState, CommandError> {
    let (uid, now) = (context.permit.uid(), context.now.as_second());
    let Some(kept) = idempotency_find(db, uid, key.key.as_str(), now)? else {
        return Ok(KeyState::New);
    };
    if kept.command != context.permit.command().name() || kept.fingerprint != key.fingerprint(db)? {
        return Err(reused());
    }
    let replay = replay(&kept)?;
    if kept.password_of.is_empty() {
        return Ok(KeyState::Replay(replay));
    }
    Ok(KeyState::IfPassword { hash: password_hash(db, &kept.password_of)?, replay })
}

/// The replay, if the password is the account's.
///
/// # Errors
/// `conflict` where it is another.
pub(crate) fn confirm_replay(
    replay: Success,
    password_matches: bool,
) -> Result<Success, CommandError> {
    if password_matches { Ok(replay) } else { Err(reused()) }
}

fn reused() -> CommandError {
    CommandError::Conflict(
        "this key was used with another command or other arguments; use a new key".into(),
    )
}

fn replay(kept: &IdempotencyRecord) -> Result<Success, CommandError> {
    let rest = kept.result.strip_prefix('{').unwrap_or("}");
    let comma = if rest.starts_with('}') { "" } else { "," };
    let result = RawValue::from_string(format!("{{\"replayed\":true{comma}{rest}"))
        .map_err(|error| CommandError::Internal(error.to_string()))?;
    Ok(Success { result, warnings: Vec::new() })
}

/// Runs a write in one transaction: the change, its audit record and its key commit together.
pub(super) fn run_write(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    work: impl FnOnce() -> Result<WriteResult, CommandError>,
) -> Result<Outcome, CommandError> {
    if let Some(key) = key {
        // Another connection may have stored the key since it was read.
        match find_replay(tx, context, key)? {
            KeyState::New => {}
            KeyState::Replay(value) => return Ok(WithEffects { value, effects: Vec::new() }),
            KeyState::IfPassword { .. } => return Err(CommandError::KeyTaken),
        }
    }
    fail_as_asked(context.permit.command());
    let written = work()?;
    let head = audit_append(tx, &entry(context, &written.target))?;
    if let Some(key) = key {
        keep(tx, context, key, &written)?;
    }
    let value = Success { result: written.result, warnings: written.warnings };
    let mut effects = written.effects;
    effects.push(Effect::Audited(head));
    Ok(WithEffects { value, effects })
}

/// A record of its own for one of many accounts that a command is about.
pub(super) fn record(tx: &Tx<'_>, context: &Context, target: &str) -> Result<Effect, CommandError> {
    Ok(Effect::Audited(audit_append(tx, &entry(context, target))?))
}

/// What a harness asked for with `examples/faulty.rs`.
fn fail_as_asked(command: CommandName) {
    let restores = command == CommandName::UsersRestore;
    assert!(!(restores && enabled(Failpoint::PanicInRestore)), "a fault that a harness asked for");
    if enabled(Failpoint::Stall) {
        tracing::info!("a write stalls");
        // Returns once the harness writes a byte, or has exited.
        let _ = std::io::stdin().read(&mut [0]);
    }
}

fn entry(context: &Context, target: &str) -> AuditEntry {
    let permit = &context.permit;
    AuditEntry {
        at: context.now.as_second(),
        uid: permit.uid(),
        gid: permit.gid(),
        pid: permit.pid(),
        socket: permit.socket().name().into(),
        command: permit.command().name().into(),
        target: target.into(),
    }
}

fn keep(
    tx: &Tx<'_>,
    context: &Context,
    key: &Key,
    written: &WriteResult,
) -> Result<(), CommandError> {
    let result = written.without_secrets.as_ref().unwrap_or(&written.result);
    let kept = IdempotencyRecord {
        command: context.permit.command().name().into(),
        fingerprint: key.fingerprint(tx)?,
        password_of: written.password_of.clone().unwrap_or_default(),
        result: result.get().into(),
    };
    let owner = (context.permit.uid(), key.key.as_str());
    Ok(idempotency_keep(tx, owner, &kept, context.now.as_second())?)
}
