//! What every handler receives, and what it returns.

use photoprism_protocol::envelope::Success;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

pub(crate) use super::request::{Context, Hashed};
use crate::error::CommandError;
use crate::model::WithEffects;

/// The outcome of a write: its reply, and the effects of its commit.
pub(crate) type Outcome = WithEffects<Success>;

/// The `result` of a reply, as JSON.
///
/// # Errors
/// [`CommandError::Internal`] where it cannot be serialised, which no type of the protocol causes.
pub(super) fn result(value: &impl Serialize) -> Result<Box<RawValue>, CommandError> {
    to_raw_value(value).map_err(|error| CommandError::Internal(error.to_string()))
}

/// A reply without warnings.
pub(crate) fn success(value: &impl Serialize) -> Result<Success, CommandError> {
    Ok(Success { result: result(value)?, warnings: Vec::new() })
}
