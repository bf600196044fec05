//! `admin_limits`: limiter places that are in use, and the networks that accounts are trusted from.

use rusqlite::{Row, params};

use self::trusted_networks::Latest;
pub use self::trusted_networks::{
    VOUCHES_KEPT, VOUCHES_OF_ACCOUNT, trust_put, trusted_networks_sweep, vouch_account,
};
use super::db::{Db, Tx};
use super::error::StoreError;

mod trusted_networks;

/// Names without an account that are stored: the least recently used are dropped (`spec/data.md`
/// requires a bounded table).
pub const NAMES_KEPT: usize = 10_000;

/// Addresses that are stored. A peer with more is not held back anyway, so the oldest may go.
pub const ADDRESSES_KEPT: usize = 100_000;

/// Rows that one step of [`limits_sweep`] removes at most: a few milliseconds.
const SWEEP_ROWS: i64 = 1000;

/// The kind of a row's subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitKind {
    /// Places of an address.
    Address,
    /// Places of an account.
    Account,
    /// Places of a name without an account.
    Name,
    /// Places of an account's passcodes.
    Passcode,
    /// An account logged in from an address; `taken` is unused.
    Vouch,
}

impl LimitKind {
    const ALL: [Self; 5] = [Self::Address, Self::Account, Self::Name, Self::Passcode, Self::Vouch];

    const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Account => "account",
            Self::Name => "name",
            Self::Passcode => "passcode",
            Self::Vouch => "vouch",
        }
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitRow {
    /// Kind of the subject.
    pub kind: LimitKind,
    /// The subject.
    pub subject: String,
    /// Places that failures had taken at `updated_at`.
    pub taken: f64,
    /// Unix seconds.
    pub updated_at: i64,
}

/// One failure of a subject, with the rate that its places follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitCharge {
    /// Kind of the subject.
    pub kind: LimitKind,
    /// The subject.
    pub subject: String,
    /// Number of places.
    pub burst: u32,
    /// Seconds after which one is free again.
    pub refill_s: u64,
}

/// How long rows of each kind are valid, for [`limits_sweep`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitLives {
    /// Seconds after which a place of an address, account or name is free again.
    pub refill_s: u64,
    /// The same for passcodes.
    pub passcode_refill_s: u64,
    /// Seconds for which a login makes its address trusted.
    pub vouched_s: u64,
}

/// All rows, the least recently written first; none if the table is missing. Of an account's
/// addresses only the latest, however many rows there are.
pub fn limits_all(db: &Db) -> Result<Vec<LimitRow>, StoreError> {
    if !db.columns.has_table("admin_limits") {
        return Ok(Vec::new());
    }
    let statement = "SELECT kind, subject, taken, updated_at FROM own.admin_limits
         ORDER BY kind, subject";
    let mut statement = db.prepare_own(statement)?;
    let (mut rows, mut latest) = (Vec::new(), Latest::default());
    for row in statement.query_map([], limit_row)? {
        match row? {
            Some(row) if row.kind == LimitKind::Vouch => latest.add(row),
            row => rows.extend(row),
        }
    }
    rows.extend(latest.finish());
    rows.sort_by_key(|row| row.updated_at);
    Ok(rows)
}

/// `None` for a kind that only a newer daemon knows.
fn limit_row(row: &Row<'_>) -> Result<Option<LimitRow>, rusqlite::Error> {
    let name: String = row.get(0)?;
    let Some(kind) = LimitKind::ALL.into_iter().find(|kind| kind.name() == name) else {
        return Ok(None);
    };
    let (subject, taken, updated_at) = (row.get(1)?, row.get(2)?, row.get(3)?);
    Ok(Some(LimitRow { kind, subject, taken, updated_at }))
}

/// Counts one failure of each: places freed since the row was written are subtracted first, and
/// there are never more failures than places. `now` in Unix seconds; if the clock was set back
/// nothing is freed.
pub fn limits_charge(tx: &Tx<'_>, charges: &[LimitCharge], now: i64) -> Result<(), StoreError> {
    let mut statement = tx.prepare_own(
        "INSERT INTO own.admin_limits (kind, subject, taken, updated_at) VALUES (?1, ?2, 1, ?3)
         ON CONFLICT (kind, subject) DO UPDATE SET
           taken = min(?4, 1 + max(0, min(taken, ?4)
             - CAST(max(0, ?3 - updated_at) AS REAL) / ?5)),
           updated_at = max(updated_at, ?3)",
    )?;
    for charge in charges {
        let (burst, refill) = (charge.burst, signed(charge.refill_s).max(1));
        statement.execute(params![charge.kind.name(), charge.subject, now, burst, refill])?;
    }
    Ok(())
}

/// Writes rows as they are, replacing existing ones.
pub(super) fn limits_put(tx: &Tx<'_>, rows: &[LimitRow]) -> Result<(), StoreError> {
    let mut statement = tx.prepare_own(
        "INSERT INTO own.admin_limits (kind, subject, taken, updated_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (kind, subject) DO UPDATE SET
           taken = excluded.taken, updated_at = excluded.updated_at",
    )?;
    for row in rows {
        statement.execute(params![row.kind.name(), row.subject, row.taken, row.updated_at])?;
    }
    Ok(())
}

/// Deletes the rows of these subjects and returns their number.
pub fn limits_delete(tx: &Tx<'_>, subjects: &[(LimitKind, String)]) -> Result<u64, StoreError> {
    let mut statement =
        tx.prepare_own("DELETE FROM own.admin_limits WHERE kind = ?1 AND subject = ?2")?;
    let mut deleted = 0;
    for (kind, subject) in subjects {
        deleted += statement.execute(params![kind.name(), subject])? as u64;
    }
    Ok(deleted)
}

/// Deletes the rows of all places; trusted addresses stay.
pub fn limits_delete_all(tx: &Tx<'_>) -> Result<u64, StoreError> {
    let statement = "DELETE FROM own.admin_limits WHERE kind <> ?1";
    Ok(tx.prepare_own(statement)?.execute([LimitKind::Vouch.name()])? as u64)
}

/// Sets times in the future to now: after the clock was set back these places would never be freed.
/// Called once at a start, after [`limits_all`].
pub fn limits_clamp_times(tx: &Tx<'_>, now: i64) -> Result<u64, StoreError> {
    let statement = "UPDATE own.admin_limits SET updated_at = ?1 WHERE updated_at > ?1";
    Ok(tx.prepare_own(statement)?.execute([now])? as u64)
}

/// Deletes expired rows, and the oldest of each kind that any peer can add to, where there are too
/// many. At most 1000 of each in one step; returns the number, so zero means done.
pub fn limits_sweep(tx: &Tx<'_>, lives: LimitLives, now: i64) -> Result<u64, StoreError> {
    let mut deleted = tx
        .prepare_own(
            "DELETE FROM own.admin_limits WHERE (kind, subject) IN (
               SELECT kind, subject FROM own.admin_limits WHERE updated_at + CASE kind
                 WHEN 'vouch' THEN ?2 WHEN 'passcode' THEN taken * ?3 ELSE taken * ?4 END <= ?1
               LIMIT ?5)",
        )?
        .execute(params![
            now,
            signed(lives.vouched_s),
            signed(lives.passcode_refill_s),
            signed(lives.refill_s),
            SWEEP_ROWS,
        ])? as u64;
    for (kind, most) in [
        (LimitKind::Name, NAMES_KEPT),
        (LimitKind::Address, ADDRESSES_KEPT),
        (LimitKind::Vouch, VOUCHES_KEPT),
    ] {
        deleted += limits_cut(tx, kind, most)?;
    }
    Ok(deleted)
}

fn limits_cut(tx: &Tx<'_>, kind: LimitKind, most: usize) -> Result<u64, StoreError> {
    let rows: i64 = tx
        .prepare_own("SELECT count(*) FROM own.admin_limits WHERE kind = ?1")?
        .query_row([kind.name()], |row| row.get(0))?;
    let excess = rows.saturating_sub(i64::try_from(most).unwrap_or(i64::MAX)).min(SWEEP_ROWS);
    if excess <= 0 {
        return Ok(0);
    }
    let statement = "DELETE FROM own.admin_limits WHERE (kind, subject) IN (
           SELECT kind, subject FROM own.admin_limits WHERE kind = ?1 ORDER BY updated_at LIMIT ?2)";
    Ok(tx.prepare_own(statement)?.execute(params![kind.name(), excess])? as u64)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
