//! What every handler is given, and what it gives back.

use jiff::Timestamp;
use photoprism_protocol::envelope::Success;
use photoprism_protocol::name::UserName;
use photoprism_protocol::secret::Secret;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::effect::WithEffects;
use crate::error::CommandError;
use crate::peer::Permit;
use crate::store::NewUser;

/// One request's surroundings. The [`Permit`] in it is the proof that it may run.
#[derive(Debug)]
pub struct Context {
    /// Who asks, and that they may.
    pub permit: Permit,
    /// The instant at which the request was taken up.
    pub now: Timestamp,
    /// Where secrets and ids come from.
    pub random: fn(&mut [u8]),
}

/// A password that was hashed before the transaction, with what rules inside it still need.
#[derive(Clone)]
pub struct Hashed {
    /// The hash string.
    pub hash: String,
    /// The password itself.
    pub plain: Secret,
}

/// How the first admin is made, at the first start and by a reset.
#[derive(Clone)]
pub struct FirstAdmin {
    /// Its name.
    pub name: UserName,
    /// The hash of its configured password, where there is a good one.
    pub hash: Option<String>,
    /// Why there is none although one is configured.
    pub warning: Option<String>,
}

impl FirstAdmin {
    /// The rows of a database that begins anew.
    pub fn initial_accounts(&self, now: Timestamp) -> Vec<NewUser> {
        crate::accounts::bootstrap::initial_accounts(&self.name, now)
    }
}

/// What a write came to: its reply, and what its commit means.
pub type Outcome = WithEffects<Success>;

/// The `result` of a reply, as JSON.
///
/// # Errors
/// [`CommandError::Internal`] where it cannot be written, which no type of ours leads to.
pub(super) fn result(value: &impl Serialize) -> Result<Box<RawValue>, CommandError> {
    to_raw_value(value).map_err(|error| CommandError::Internal(error.to_string()))
}

/// A reply without warnings.
pub fn success(value: &impl Serialize) -> Result<Success, CommandError> {
    Ok(Success { result: result(value)?, warnings: Vec::new() })
}
