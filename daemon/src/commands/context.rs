//! What every handler receives, and what it returns.

use jiff::Timestamp;
use photoprism_protocol::envelope::Success;
use photoprism_protocol::name::UserName;
use photoprism_protocol::secret::Secret;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::error::CommandError;
use crate::model::WithEffects;
use crate::peer::Permit;

/// Per-request data for a handler. The [`Permit`] in it proves that the request was authorised.
#[derive(Debug)]
pub(crate) struct Context {
    /// Who sent the request, and the proof that they may.
    pub permit: Permit,
    /// The instant at which the request was taken up.
    pub now: Timestamp,
    /// Where secrets and ids come from.
    pub random: fn(&mut [u8]),
}

/// A password that was hashed before the transaction, with what rules inside it still need.
#[derive(Clone)]
pub(crate) struct Hashed {
    /// The hash string.
    pub hash: String,
    /// The password itself.
    pub plain: Secret,
}

/// How the first admin is created, at the first start and by a reset.
#[derive(Clone)]
pub(crate) struct FirstAdmin {
    /// Its name.
    pub name: UserName,
    /// The hash of its configured password, where there is a good one.
    pub hash: Option<String>,
    /// Why there is none although one is configured.
    pub warning: Option<String>,
}

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
