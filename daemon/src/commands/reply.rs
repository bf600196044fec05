//! What commands reply, encoded once.

use std::marker::PhantomData;

use photoprism_protocol::envelope::Success;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::error::CommandError;
use crate::model::Effect;

/// A value as JSON.
///
/// # Errors
/// [`CommandError::Internal`] where it cannot be serialised, which no type of the protocol causes.
pub(super) fn encode(value: &impl Serialize) -> Result<Box<RawValue>, CommandError> {
    to_raw_value(value).map_err(|error| CommandError::Internal(error.to_string()))
}

/// A reply of the type `R`, already JSON, with messages for people.
pub(super) struct Reply<R> {
    result: Box<RawValue>,
    warnings: Vec<String>,
    of: PhantomData<fn() -> R>,
}

impl<R: Serialize> Reply<R> {
    pub(super) fn new(reply: &R) -> Result<Self, CommandError> {
        Ok(Self::encoded(encode(reply)?))
    }
}

impl<R> Reply<R> {
    /// One that is JSON already: the rows of a page are, so that their bytes can be counted.
    pub(super) const fn encoded(result: Box<RawValue>) -> Self {
        Self { result, warnings: Vec::new(), of: PhantomData }
    }

    /// The same reply with more warnings.
    pub(super) fn with_warnings(mut self, warnings: impl IntoIterator<Item = String>) -> Self {
        self.warnings.extend(warnings);
        self
    }
}

impl<R> From<Reply<R>> for Success {
    fn from(reply: Reply<R>) -> Self {
        Self { result: reply.result, warnings: reply.warnings }
    }
}

/// What the change of a write returns: its reply of the type `R`, and what the transaction still
/// needs.
pub(super) struct Written<R> {
    pub(super) reply: Reply<R>,
    /// The result as a replay shows it, where that is another: with every secret as `null`.
    pub(super) replay: Option<Box<RawValue>>,
    /// What was changed, for the audit record: a UID, a name, or nothing. Where the request has a
    /// password, the UID of the account that got it.
    pub(super) target: String,
    /// What the commit means for what is in memory.
    pub(super) effects: Vec<Effect>,
}

impl<R: Serialize> Written<R> {
    /// Something was done to `target`.
    pub(super) fn new(target: impl Into<String>, reply: &R) -> Result<Self, CommandError> {
        Ok(Self {
            reply: Reply::new(reply)?,
            replay: None,
            target: target.into(),
            effects: Vec::new(),
        })
    }

    /// The same, whose reply holds a secret: a replay is `hidden` in its place.
    pub(super) fn replayed_as(mut self, hidden: &impl Serialize) -> Result<Self, CommandError> {
        self.replay = Some(encode(hidden)?);
        Ok(self)
    }
}

impl<R> Written<R> {
    /// The same with the effects of its commit.
    pub(super) fn with_effects(mut self, effects: impl IntoIterator<Item = Effect>) -> Self {
        self.effects.extend(effects);
        self
    }

    /// The same with more warnings.
    pub(super) fn with_warnings(mut self, warnings: impl IntoIterator<Item = String>) -> Self {
        self.reply.warnings.extend(warnings);
        self
    }
}
