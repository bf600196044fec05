//! Cursors: where a page ended, for which search, with a checksum against changes.
//!
//! postcard inside, base64url outside. The checksum is keyed with a secret of the database, so a
//! cursor survives restarts of the daemon and nothing else.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::CommandError;

/// The key of a database's cursors.
pub(super) type CursorKey = [u8; 32];

/// What a cursor was created for: the command and everything that decides which rows it lists.
pub(super) type Fingerprint = [u8; 8];

#[derive(Serialize, Deserialize)]
struct Body<P> {
    position: P,
    fingerprint: Fingerprint,
}

const SUM_BYTES: usize = 16;

/// The fingerprint of a command and its search.
pub(super) fn fingerprint(command: &str, search: &impl Serialize) -> Fingerprint {
    let bytes = postcard::to_allocvec(&(command, search)).unwrap_or_default();
    let mut short = Fingerprint::default();
    short.copy_from_slice(&Sha256::digest(bytes)[..size_of::<Fingerprint>()]);
    short
}

/// Creates the cursor for what comes after `position`.
pub(super) fn encode<P: Serialize>(
    key: &CursorKey,
    fingerprint: Fingerprint,
    position: P,
) -> String {
    let mut bytes = postcard::to_allocvec(&Body { position, fingerprint }).unwrap_or_default();
    let sum = keyed_hash(key, &bytes);
    bytes.extend_from_slice(&sum[..SUM_BYTES]);
    BASE64URL_NOPAD.encode(&bytes)
}

/// Reads a cursor back.
///
/// # Errors
/// `invalid_argument` at `cursor` where it was altered, or created for another command or search.
pub(super) fn decode<P: DeserializeOwned>(
    key: &CursorKey,
    expected: Fingerprint,
    cursor: &str,
) -> Result<P, CommandError> {
    let refused = || {
        CommandError::broken(
            "cursor",
            "this is not the next of a page of the same command and search; begin without one",
        )
    };
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).map_err(|_| refused())?;
    let (body, sum) = bytes.split_last_chunk::<SUM_BYTES>().ok_or_else(refused)?;
    mac(key, body).verify_truncated_left(sum).map_err(|_| refused())?;
    let body: Body<P> = postcard::from_bytes(body).map_err(|_| refused())?;
    if body.fingerprint != expected {
        return Err(refused());
    }
    Ok(body.position)
}

/// A hash that only a holder of the database's key can compute.
///
/// # Panics
/// Never: HMAC takes keys of any length.
pub(super) fn keyed_hash(key: &CursorKey, bytes: &[u8]) -> Vec<u8> {
    mac(key, bytes).finalize().into_bytes().to_vec()
}

fn mac(key: &CursorKey, bytes: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(bytes);
    mac
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: CursorKey = [7; 32];

    proptest! {
        #[test]
        fn a_cursor_comes_back(position in any::<i64>(), search in ".*") {
            let print = fingerprint("users.ls", &search);
            let cursor = encode(&KEY, print, position);
            prop_assert_eq!(decode::<i64>(&KEY, print, &cursor).unwrap(), position);
            prop_assert!(decode::<i64>(&[8; 32], print, &cursor).is_err());
            let other = fingerprint("users.legacy", &search);
            prop_assert!(decode::<i64>(&KEY, other, &cursor).is_err());
        }

        #[test]
        fn any_altered_character_is_found(position in any::<i64>(), at in 0_usize..200, c in "[A-Za-z0-9_-]") {
            let print = fingerprint("users.ls", &"");
            let cursor = encode(&KEY, print, position);
            let at = at % cursor.len();
            let mut altered = cursor.clone();
            altered.replace_range(at..=at, &c);
            if altered != cursor {
                prop_assert!(decode::<i64>(&KEY, print, &altered).is_err());
            }
        }

        #[test]
        fn what_is_not_a_cursor_is_refused(text in ".*") {
            prop_assert!(decode::<i64>(&KEY, fingerprint("users.ls", &""), &text).is_err());
        }
    }
}
