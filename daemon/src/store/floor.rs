//! The floor under "now", as the database keeps it.

use super::audit::audit_page;
use super::db::{Db, Tx};
use super::engine::Statement;
use super::error::StoreError;
use super::kind::Kind;
use super::meta::{meta_number, set_meta_number};
use crate::clock::Floor;

/// Audit records that are read for what they add to the stored floor.
const RECORDS: usize = 256;

const AT: &str = "clock_floor";

/// 0: the clock is not far ahead.
const AHEAD_SINCE: &str = "clock_ahead_since";

const NEWEST_LOGIN: Statement<'_> =
    Statement::same("SELECT updated_at FROM logins.audit_logins ORDER BY updated_at DESC LIMIT 1")
        .own();

/// The stored floor.
fn stored_floor(db: &Db) -> Result<Floor, StoreError> {
    if !db.columns.admin {
        return Ok(Floor::default());
    }
    let at = meta_number(db, AT)?;
    let ahead_since = meta_number(db, AHEAD_SINCE)?.filter(|since| *since != 0);
    Ok(Floor { at, ahead_since })
}

/// The stored floor, raised by what was committed after it: the newest instant that is known.
pub fn known_floor(db: &Db) -> Result<Floor, StoreError> {
    let mut floor = stored_floor(db)?;
    let records = match audit_page(db, i64::MAX, RECORDS) {
        // `doctor` reports it; nothing that is served needs the trail.
        Err(StoreError::Damaged(_)) => Vec::new(),
        records => records?,
    };
    for row in records.iter().rev() {
        floor.raise(row.entry.at);
    }
    // PhotoPrism has a clock of its own.
    let by_this_daemon = *db.kind() == Kind::Own || db.columns.logins_attached();
    if by_this_daemon
        && db.columns.has_logins()
        && let Some(Some(login)) = db.one(NEWEST_LOGIN, &[], |row| row.time(0))?
    {
        floor.raise(login.as_second());
    }
    Ok(floor)
}

/// Stores the floor.
pub fn store_floor(tx: &Tx<'_>, floor: Floor) -> Result<(), StoreError> {
    if let Some(at) = floor.at {
        set_meta_number(tx, AT, at)?;
    }
    set_meta_number(tx, AHEAD_SINCE, floor.ahead_since.unwrap_or(0))
}
