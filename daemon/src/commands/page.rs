//! Pages of lists: limits, cursors, and the bound on a reply's length.

use photoprism_protocol::MAX_REPLY_BYTES;
use photoprism_protocol::args::Int;
use photoprism_protocol::list::{self, Limit};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::reply::{Reply, encode};
use crate::commands::cursor::{self, CursorKey, Fingerprint};
use crate::error::CommandError;

/// Bytes of a reply line that are not items: the longest id, escaped, and the keys around.
const ENVELOPE_BYTES: usize = 2048;

/// Which part of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PageRequest {
    /// Most rows, 1 to 1000.
    pub limit: usize,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// What a cursor must have been created for.
    pub fingerprint: Fingerprint,
}

impl PageRequest {
    /// Checks the limit; the cursor can only be checked with the key of the database.
    pub(super) fn new(
        limit: Option<Int>,
        cursor: Option<String>,
        fingerprint: Fingerprint,
    ) -> Result<Self, CommandError> {
        let limit = Limit::parse(limit).map_err(|rule| CommandError::invalid("limit", &rule))?;
        Ok(Self { limit: limit.into(), cursor, fingerprint })
    }

    /// The position after which the page begins.
    pub(super) fn position<P: DeserializeOwned>(
        &self,
        key: &CursorKey,
        first: P,
    ) -> Result<P, CommandError> {
        match &self.cursor {
            Some(cursor) => cursor::decode(key, self.fingerprint, cursor),
            None => Ok(first),
        }
    }
}

#[derive(Serialize)]
struct Page<'a> {
    items: &'a [Box<RawValue>],
    next: Option<String>,
}

/// Builds the page from `rows`, which contain one row more than the limit where there is one. The
/// page ends early where the reply would exceed its bound.
pub(super) fn page<P: Serialize, T: Serialize>(
    window: &PageRequest,
    key: &CursorKey,
    rows: impl IntoIterator<Item = (P, T)>,
) -> Result<Reply<list::Page<T>>, CommandError> {
    page_until(window, key, rows, None)
}

/// The same where reading ended early: then the list goes on after `rest`, whatever was found.
pub(super) fn page_until<P: Serialize, T: Serialize>(
    window: &PageRequest,
    key: &CursorKey,
    rows: impl IntoIterator<Item = (P, T)>,
    rest: Option<P>,
) -> Result<Reply<list::Page<T>>, CommandError> {
    let mut items = Vec::new();
    let mut bytes = ENVELOPE_BYTES;
    let mut last = None;
    let mut next = rest.map(|rest| cursor::encode(key, window.fingerprint, rest));
    for (position, row) in rows {
        let item = encode(&row)?;
        bytes += item.get().len() + 1;
        let full = items.len() == window.limit || (bytes > MAX_REPLY_BYTES && last.is_some());
        if full {
            next = last.take().map(|last| cursor::encode(key, window.fingerprint, last));
            break;
        }
        items.push(item);
        last = Some(position);
    }
    Ok(Reply::encoded(encode(&Page { items: &items, next })?))
}
