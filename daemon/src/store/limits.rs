//! `admin_limits`: limiter places that are in use, and the networks that accounts are trusted from.

use self::trusted_networks::Latest;
pub use self::trusted_networks::{
    VOUCHES_KEPT, VOUCHES_OF_ACCOUNT, trust_put, trusted_networks_sweep, vouch_account,
};
use super::db::{Db, Tx};
use super::engine::{Row, Statement, Value};
use super::error::StoreError;

mod trusted_networks;

/// Names without an account that are stored: the least recently used are dropped (`spec/data.md`
/// requires a bounded table).
pub const NAMES_KEPT: usize = 10_000;

/// Addresses that are stored. A peer with more is not held back anyway, so the oldest may go.
pub const ADDRESSES_KEPT: usize = 100_000;

/// Rows that one step of [`limits_sweep`] removes at most: a few milliseconds.
const SWEEP_ROWS: u64 = 1000;

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
    let mut statement = db.prepare(Statement::same(statement).own())?;
    let (mut rows, mut latest) = (Vec::new(), Latest::default());
    let mut found = statement.query(&[])?;
    while let Some(row) = found.next()? {
        match limit_row(&row)? {
            Some(row) if row.kind == LimitKind::Vouch => latest.add(row),
            row => rows.extend(row),
        }
    }
    rows.extend(latest.finish());
    rows.sort_by_key(|row| row.updated_at);
    Ok(rows)
}

/// `None` for a kind that only a newer daemon knows.
fn limit_row(row: &Row<'_>) -> Result<Option<LimitRow>, StoreError> {
    let name = row.exact_text(0)?;
    let Some(kind) = LimitKind::ALL.into_iter().find(|kind| kind.name() == name) else {
        return Ok(None);
    };
    let (subject, taken, updated_at) = (row.exact_text(1)?, row.real(2)?, row.exact_integer(3)?);
    Ok(Some(LimitRow { kind, subject, taken, updated_at }))
}

/// Counts one failure of each: places freed since the row was written are subtracted first, and
/// there are never more failures than places. `now` in Unix seconds; if the clock was set back
/// nothing is freed.
/// Returns the rows as they are then.
pub fn limits_charge(
    tx: &Tx<'_>,
    charges: &[LimitCharge],
    now: i64,
) -> Result<Vec<LimitRow>, StoreError> {
    let mut rows = Vec::with_capacity(charges.len());
    for charge in charges {
        let LimitCharge { kind, subject, .. } = charge;
        let key = [kind.name().into(), subject.into()];
        let known = tx.one(FIND, &key, |row| Ok((row.real(0)?, row.exact_integer(1)?)))?;
        let (taken, updated_at) = known.map_or((1.0, now), |known| charged(charge, known, now));
        let row = [key[0], key[1], taken.into(), updated_at.into()];
        tx.change(if known.is_some() { REPLACE } else { ADD }, &row)?;
        rows.push(LimitRow { kind: *kind, subject: subject.clone(), taken, updated_at });
    }
    Ok(rows)
}

/// The rows of these subjects, where other daemons write them as well; `None` with a file.
pub fn limits_shared(
    db: &Db,
    subjects: &[(LimitKind, String)],
) -> Result<Option<Vec<LimitRow>>, StoreError> {
    if db.server().is_none() {
        return Ok(None);
    }
    let mut rows = Vec::new();
    if db.columns.has_table("admin_limits") {
        let mut find = db.prepare(FIND)?;
        for (kind, subject) in subjects {
            let key = [kind.name().into(), subject.into()];
            let found = find.one(&key, |row| Ok((row.real(0)?, row.exact_integer(1)?)))?;
            rows.extend(found.map(|(taken, updated_at)| LimitRow {
                kind: *kind,
                subject: subject.clone(),
                taken,
                updated_at,
            }));
        }
    }
    Ok(Some(rows))
}

/// The places that are taken after one more failure, and since when.
#[expect(clippy::cast_precision_loss, reason = "beyond 2^53 seconds nothing changes")]
fn charged(charge: &LimitCharge, known: (f64, i64), now: i64) -> (f64, i64) {
    let (taken, updated_at) = known;
    let places = f64::from(charge.burst);
    let freed = now.saturating_sub(updated_at).max(0) as f64 / charge.refill_s.max(1) as f64;
    let left = (taken.min(places) - freed).max(0.0);
    ((left + 1.0).min(places), updated_at.max(now))
}

const FIND: Statement<'_> = Statement::same(
    "SELECT taken, updated_at FROM own.admin_limits WHERE kind = ?1 AND subject = ?2",
)
.own();

const REPLACE: Statement<'_> = Statement::same(
    "UPDATE own.admin_limits SET taken = ?3, updated_at = ?4 WHERE kind = ?1 AND subject = ?2",
)
.own();

const ADD: Statement<'_> = Statement::same(
    "INSERT INTO own.admin_limits (kind, subject, taken, updated_at) VALUES (?1, ?2, ?3, ?4)",
)
.own();

const DELETE: Statement<'_> =
    Statement::same("DELETE FROM own.admin_limits WHERE kind = ?1 AND subject = ?2").own();

/// Writes rows as they are, replacing existing ones.
pub(super) fn limits_put(tx: &Tx<'_>, rows: &[LimitRow]) -> Result<(), StoreError> {
    for LimitRow { kind, subject, taken, updated_at } in rows {
        let row = [kind.name().into(), subject.into(), (*taken).into(), (*updated_at).into()];
        tx.change_or_add([REPLACE, ADD], &row)?;
    }
    Ok(())
}

/// Deletes the rows of these subjects and returns their number.
pub fn limits_delete(tx: &Tx<'_>, subjects: &[(LimitKind, String)]) -> Result<u64, StoreError> {
    let mut statement = tx.prepare(DELETE)?;
    let mut deleted = 0;
    for (kind, subject) in subjects {
        deleted += statement.change(&[kind.name().into(), subject.into()])?;
    }
    Ok(deleted)
}

/// Deletes the rows of all places; trusted addresses stay.
pub fn limits_delete_all(tx: &Tx<'_>) -> Result<u64, StoreError> {
    let statement = Statement::same("DELETE FROM own.admin_limits WHERE kind <> ?1");
    tx.change(statement.own(), &[LimitKind::Vouch.name().into()])
}

/// Sets times in the future to now: after the clock was set back these places would never be freed.
/// Called once at a start, after [`limits_all`].
pub fn limits_clamp_times(tx: &Tx<'_>, now: i64) -> Result<u64, StoreError> {
    let statement =
        Statement::same("UPDATE own.admin_limits SET updated_at = ?1 WHERE updated_at > ?1");
    tx.change(statement.own(), &[now.into()])
}

/// Deletes expired rows, and the oldest of each kind that any peer can add to, where there are too
/// many. At most 1000 of each in one step; returns the number, so zero means done.
pub fn limits_sweep(tx: &Tx<'_>, lives: LimitLives, now: i64) -> Result<u64, StoreError> {
    let expired = Statement::same(
        "SELECT kind, subject FROM own.admin_limits WHERE updated_at + CASE kind
           WHEN 'vouch' THEN ?2 WHEN 'passcode' THEN taken * ?3 ELSE taken * ?4 END <= ?1
         LIMIT ?5",
    );
    let LimitLives { refill_s, passcode_refill_s, vouched_s } = lives;
    let values = [
        now.into(),
        vouched_s.into(),
        passcode_refill_s.into(),
        refill_s.into(),
        SWEEP_ROWS.into(),
    ];
    let mut deleted = delete_found(tx, expired.own(), &values)?;
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
    let count = Statement::same("SELECT count(*) FROM own.admin_limits WHERE kind = ?1");
    let rows = tx.number(count.own(), &[kind.name().into()])?;
    let excess = rows.saturating_sub(most as u64).min(SWEEP_ROWS);
    if excess == 0 {
        return Ok(0);
    }
    let oldest = Statement::same(
        "SELECT kind, subject FROM own.admin_limits WHERE kind = ?1 ORDER BY updated_at LIMIT ?2",
    );
    delete_found(tx, oldest.own(), &[kind.name().into(), excess.into()])
}

/// Deletes the rows whose keys a statement finds.
fn delete_found(
    tx: &Tx<'_>,
    found: Statement<'_>,
    values: &[Value<'_>],
) -> Result<u64, StoreError> {
    let keys = tx.all(found, values, |row| Ok((row.kept(0)?, row.kept(1)?)))?;
    let mut delete = tx.prepare(DELETE)?;
    let mut deleted = 0;
    for (kind, subject) in &keys {
        deleted += delete.change(&[kind.into(), subject.into()])?;
    }
    Ok(deleted)
}

#[cfg(test)]
mod tests;
