//! Idempotency keys: a request that was carried out is not carried out again.

use photoprism_protocol::envelope::Success;
use photoprism_protocol::key::IdempotencyKey;
use serde::Serialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::cursor::keyed_hash;
use super::request::Context;
use crate::error::CommandError;
use crate::store::{
    Db, IdempotencyRecord, Tx, cursor_key, idempotency_find, idempotency_keep, password_hash,
};

/// An idempotency key with what the request was, the password left out.
#[derive(Clone)]
pub(super) struct Key {
    key: IdempotencyKey,
    /// Zeroed, because it may contain a passcode or a token.
    request: Zeroizing<Vec<u8>>,
}

impl Key {
    /// The key of a request with these arguments; without the password.
    pub(super) fn new(key: IdempotencyKey, command: &str, arguments: &impl Serialize) -> Self {
        let request = serde_json::to_vec(&(command, arguments)).unwrap_or_default();
        Self { key, request: Zeroizing::new(request) }
    }

    fn fingerprint(&self, db: &Db) -> Result<Vec<u8>, CommandError> {
        Ok(keyed_hash(&cursor_key(db)?, &self.request))
    }

    /// Stores the key with the result that a replay shows, in the transaction of the change.
    /// `password_of` is the account that got the password of the request.
    pub(super) fn keep(
        &self,
        tx: &Tx<'_>,
        context: &Context,
        result: &RawValue,
        password_of: Option<&str>,
    ) -> Result<(), CommandError> {
        let kept = IdempotencyRecord {
            command: context.permit.command().name().into(),
            fingerprint: self.fingerprint(tx)?,
            password_of: password_of.unwrap_or_default().into(),
            result: result.get().into(),
        };
        let owner = (context.permit.uid(), self.key.as_str());
        Ok(idempotency_keep(tx, owner, &kept, context.known)?)
    }
}

/// What is known about a key before the work begins.
pub(super) enum KeyState {
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
pub(super) fn find_replay(db: &Db, context: &Context, key: &Key) -> Result<KeyState, CommandError> {
    let uid = context.permit.uid();
    let Some(kept) = idempotency_find(db, uid, key.key.as_str(), context.known)? else {
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

/// The refusal of a key that was used for something else.
pub(super) fn reused() -> CommandError {
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
