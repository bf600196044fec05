//! The entries of ended sessions over time: which came back, and which are over.

use super::back::{BACK_OF_SOME, Which};
use super::ended::{came_back, end_again, forget_found};
use super::reload::end_reloads;
use crate::store::db::{Db, Tx};
use crate::store::engine::{Statement, Value};
use crate::store::error::StoreError;

/// Entries that are checked in one batch: some milliseconds.
const SLICE: i64 = 2000;

/// How far ahead of the clock an entry may be after the clock was set back. PhotoPrism expires
/// sessions by the same clock, so it waits too, but no entry may stay for ever.
const SET_BACK: i64 = 6 * 3600;

/// Ids with entries, at most so many.
pub fn ended_ids(db: &Db, most: usize) -> Result<Vec<String>, StoreError> {
    if !db.columns.keeps_ended() {
        return Ok(Vec::new());
    }
    let newest = Statement::same(
        "SELECT session_id FROM own.admin_ended WHERE state <> 'reload'
         ORDER BY seen_at DESC LIMIT ?1",
    );
    db.all(newest.own(), &[most.into()], |row| row.text(0))
}

/// Result of checking a batch of entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndedState {
    /// Entries of sessions that are ended.
    pub entries: u64,
    /// Whether a session of this batch came back.
    pub back: bool,
    /// Whether an entry has expired.
    pub over: bool,
    /// The entry after which the next batch begins.
    pub next: Option<String>,
}

const OVER: Statement<'_> = Statement::same(
    "SELECT EXISTS (SELECT 1 FROM own.admin_ended WHERE seen_at <= ?1 OR seen_at > ?2)",
)
.own();

const NEXT: Statement<'_> = Statement::same(
    "SELECT session_id FROM own.admin_ended WHERE session_id > ?1 ORDER BY session_id
     LIMIT 1 OFFSET ?2",
)
.own();

/// Checks a batch of entries at these Unix seconds, without taking PhotoPrism's lock for writing.
pub fn ended_state(db: &Db, now: i64, after: &str) -> Result<EndedState, StoreError> {
    if !db.columns.keeps_ended() {
        return Ok(EndedState::default());
    }
    let count = Statement::same("SELECT count(*) FROM own.admin_ended WHERE state <> 'reload'");
    let entries = db.number(count.own(), &[])?;
    let times = [(now - db.window()).into(), (now + SET_BACK).into()];
    let over = db.one(OVER, &times, |row| row.flag(0))? == Some(true);
    let next = db.one(NEXT, &[after.into(), (SLICE - 1).into()], |row| row.text(0))?;
    let some = Which { condition: BACK_OF_SOME, values: &[after.into(), SLICE.into()] };
    let back = entries > 0 && !came_back(db, some, 1)?.is_empty();
    Ok(EndedState { entries, back, over, next })
}

/// Restarts every entry: what PhotoPrism wrote while the daemon was not running has not been
/// checked.
pub fn begin_ended_anew(tx: &Tx<'_>, now: i64) -> Result<(), StoreError> {
    if tx.columns.keeps_ended() {
        let anew = Statement::same("UPDATE own.admin_ended SET seen_at = ?1");
        tx.change(anew.own(), &[now.into()])?;
    }
    Ok(())
}

/// Moves every entry when the clock was set ahead by so many seconds.
pub fn move_ended(tx: &Tx<'_>, seconds: i64) -> Result<(), StoreError> {
    if tx.columns.keeps_ended() {
        let moved = Statement::same("UPDATE own.admin_ended SET seen_at = seen_at + ?1");
        tx.change(moved.own(), &[seconds.into()])?;
    }
    Ok(())
}

/// Deletes at most so many sessions of a batch of entries that came back, and returns their number.
pub fn end_what_came_back(
    tx: &Tx<'_>,
    after: &str,
    now: i64,
    most: i64,
) -> Result<usize, StoreError> {
    if !tx.columns.keeps_ended() {
        return Ok(0);
    }
    end_again(
        tx,
        Which { condition: BACK_OF_SOME, values: &[after.into(), SLICE.into()] },
        now,
        most,
    )
}

/// Removes expired entries, whose sessions were not seen for long enough. One that was seen since
/// the last check stays.
pub fn forget_ended(tx: &Tx<'_>, now: i64) -> Result<(), StoreError> {
    if !tx.columns.keeps_ended() {
        return Ok(());
    }
    let ahead = Statement::same("UPDATE own.admin_ended SET seen_at = ?1 WHERE seen_at > ?1");
    tx.change(ahead.own(), &[(now + SET_BACK).into()])?;
    let kept = Statement::same(
        "SELECT session_id FROM own.admin_ended
         WHERE seen_at <= ?1 AND state IN ('pending', 'token')",
    );
    let before: [Value<'_>; 1] = [(now - tx.window()).into()];
    for id in tx.all(kept.own(), &before, |row| row.text(0))? {
        tx.change(DELETE_KEPT, &[(&id).into()])?;
    }
    end_reloads(tx, now - tx.window())?;
    let over = Statement::same(
        "SELECT session_id FROM own.admin_ended WHERE seen_at <= ?1 AND state <> 'reload'
           AND NOT EXISTS (SELECT 1 FROM auth_sessions WHERE id = session_id)
           AND NOT EXISTS (SELECT 1 FROM auth_sessions WHERE auth_id = session_id)",
    );
    forget_found(tx, over.own(), &before)
}

/// Deletes a row that was kept as expired; one that PhotoPrism wrote back since stays for now.
const DELETE_KEPT: Statement<'_> =
    Statement::same("DELETE FROM auth_sessions WHERE id = ?1 AND sess_expires = 1");
