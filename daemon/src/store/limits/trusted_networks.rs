//! Addresses that accounts logged in from: one row each, the latest of each account.

use std::cmp::Reverse;

use super::{DELETE, LimitKind, LimitRow, limits_put};
use crate::store::db::Tx;
use crate::store::engine::Statement;
use crate::store::error::StoreError;

/// Addresses of one account that are stored, the latest.
pub const VOUCHES_OF_ACCOUNT: usize = 100;

/// Addresses of all accounts that are stored.
pub const VOUCHES_KEPT: usize = 100_000;

/// Rows of one account that a login checks at most: more than exist after one sweep.
const CHECKED_ROWS: usize = 400;

/// Rows that one step of [`trusted_networks_sweep`] checks: a few milliseconds.
const SWEEP_ROWS: usize = 1000 + VOUCHES_OF_ACCOUNT;

/// The account in the text of a row, which is followed by a space and the network.
pub fn vouch_account(subject: &str) -> Option<&str> {
    Some(subject.rsplit_once(' ')?.0)
}

/// Stores that an account logged in from an address, and drops the oldest of that account if there
/// are too many.
pub fn trust_put(tx: &Tx<'_>, vouch: &LimitRow) -> Result<(), StoreError> {
    limits_put(tx, std::slice::from_ref(vouch))?;
    if let Some(uid) = vouch_account(&vouch.subject) {
        trim(tx, uid, &vouch.subject, CHECKED_ROWS)?;
    }
    Ok(())
}

const OF_ACCOUNT: Statement<'_> = Statement::same(
    "SELECT subject, updated_at FROM own.admin_limits
     WHERE kind = ?1 AND subject > ?2 AND subject < ?3 ORDER BY subject",
)
.own();

/// Of the first `rows` rows of an account the latest stay; among equal times, that of `subject` is
/// preferred. The latest of all its rows are kept each time, so repeating this leaves exactly
/// those.
fn trim(tx: &Tx<'_>, uid: &str, subject: &str, rows: usize) -> Result<u64, StoreError> {
    let kind = LimitKind::Vouch.name().into();
    let (first, end) = (format!("{uid} "), format!("{uid}!"));
    let mut statement = tx.prepare(OF_ACCOUNT)?;
    let mut found = statement.query(&[kind, (&first).into(), (&end).into()])?;
    let mut known = Vec::new();
    while known.len() < rows
        && let Some(row) = found.next()?
    {
        let (other, updated_at) = (row.text(0)?, row.exact_integer(1)?);
        // The range contains those of accounts whose UID begins with this one and a space.
        if vouch_account(&other) == Some(uid) {
            known.push((Reverse(updated_at), other != subject, other));
        }
    }
    drop(found);
    known.sort_unstable();
    let mut dropped = 0;
    for (.., subject) in known.iter().skip(VOUCHES_OF_ACCOUNT) {
        dropped += tx.change(DELETE, &[kind, subject.into()])?;
    }
    Ok(dropped)
}

/// Drops the oldest addresses of accounts with too many, among the rows after `from` in text order.
/// Returns where the next step begins; `None` after the last.
pub fn trusted_networks_sweep(tx: &Tx<'_>, from: &str) -> Result<Option<String>, StoreError> {
    let statement = Statement::same(
        "SELECT subject FROM own.admin_limits WHERE kind = ?1 AND subject > ?2
         ORDER BY subject LIMIT ?3",
    );
    let values = [LimitKind::Vouch.name().into(), from.into(), SWEEP_ROWS.into()];
    let rows = tx.all(statement.own(), &values, |row| row.text(0))?;
    let mut dropped = 0;
    for group in rows.chunk_by(|a, b| vouch_account(a) == vouch_account(b)) {
        if let [first, ..] = group
            && group.len() > VOUCHES_OF_ACCOUNT
            && let Some(uid) = vouch_account(first)
        {
            dropped += trim(tx, uid, first, SWEEP_ROWS)?;
        }
    }
    let Some(last) = rows.last().filter(|_| rows.len() == SWEEP_ROWS) else { return Ok(None) };
    // The next rows may be of the same account, which is then checked as a whole.
    let again = vouch_account(last).map(|uid| format!("{uid} "));
    let further = again.filter(|again| dropped > 0 || again.as_str() > from);
    Ok(Some(further.unwrap_or_else(|| last.clone())))
}

/// Rows of addresses in text order: collects the latest of each account.
#[derive(Debug, Default)]
pub(super) struct Latest {
    rows: Vec<LimitRow>,
    /// Where those of the current account begin.
    begin: usize,
}

impl Latest {
    pub(super) fn add(&mut self, row: LimitRow) {
        let of = |row: &LimitRow| vouch_account(&row.subject).map(str::to_owned);
        if self.rows.get(self.begin).is_some_and(|first| of(first) != of(&row)) {
            self.keep_latest();
            self.begin = self.rows.len();
        }
        self.rows.push(row);
        if self.rows.len() - self.begin >= 2 * VOUCHES_OF_ACCOUNT {
            self.keep_latest();
        }
    }

    fn keep_latest(&mut self) {
        if let Some(own) = self.rows.get_mut(self.begin..) {
            own.sort_by_key(|row| std::cmp::Reverse(row.updated_at));
        }
        self.rows.truncate(self.begin + VOUCHES_OF_ACCOUNT);
    }

    pub(super) fn finish(mut self) -> Vec<LimitRow> {
        self.keep_latest();
        self.rows
    }
}
