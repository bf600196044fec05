//! Wraps every write: replays a known idempotency key, else runs the handler and stores audit
//! record and key in the same transaction.

use photoprism_protocol::envelope::Success;
use serde::Serialize;
use serde_json::value::RawValue;

use super::context::{Context, Outcome};
pub(super) use super::key::Key;
use super::key::{KeyState, find_replay};
use super::revoked::cache_warning;
use super::transaction::fail_as_asked;
pub(super) use super::transaction::record;
use crate::error::CommandError;
use crate::model::{Effect, WithEffects};
use crate::store::Tx;

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

impl WriteResult {
    /// With a warning where PhotoPrism may still honour something that ended.
    pub(super) fn with_cache_warning(mut self, effective_within: Option<u32>) -> Self {
        self.warnings.extend(cache_warning(effective_within));
        self
    }
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
    let audited = record(tx, context, &written.target)?;
    if let Some(key) = key {
        let result = written.without_secrets.as_ref().unwrap_or(&written.result);
        key.keep(tx, context, result, written.password_of.as_deref())?;
    }
    let value = Success { result: written.result, warnings: written.warnings };
    let mut effects = written.effects;
    effects.push(audited);
    Ok(WithEffects { value, effects })
}
