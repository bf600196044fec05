//! `admin_ended`: sessions that were ended in PhotoPrism's database while a running PhotoPrism may
//! still have them in memory. PhotoPrism writes the whole session back when it is used from another
//! address; an entry keeps it ended here until PhotoPrism cannot hold it any more.
//!
//! Nothing here has an effect in the daemon's own database, which has no such table.

use rusqlite::{OptionalExtension, ToSql, params};

use crate::model::{CameBack, Effect};
use crate::store::audit::{AuditEntry, audit_append, own_entry};
use crate::store::columns::Columns;
use crate::store::db::{Db, Tx};
use crate::store::error::StoreError;
use crate::store::rows::{count, text};

/// How far ahead of the clock an entry may be after the clock was set back. PhotoPrism expires
/// sessions by the same clock, so it waits too, but no entry may stay for ever.
const SET_BACK: i64 = 6 * 3600;

/// Sessions that come back and are reported one by one, per step.
const REPORTED: usize = 100;

/// Which rows of `auth_sessions`.
#[derive(Clone, Copy)]
pub(super) struct Which<'a> {
    /// A condition.
    pub(super) condition: &'a str,
    /// Its values, from `?1` on.
    pub(super) values: &'a [&'a dyn ToSql],
}

impl Which<'_> {
    /// All of them.
    pub(super) const EVERY: Self = Self { condition: "1", values: &[] };
}

/// Rows of sessions that are ended, whatever they contain: there is an entry for their own id, or
/// for that of the session that they were created from. Starts from the entries, of which there are
/// few.
const BACK: &str = "(id IN (SELECT session_id FROM admin.admin_ended)
     OR auth_id IN (SELECT session_id FROM admin.admin_ended))";

/// The same, checked for each row: for conditions that few rows meet.
const IS_BACK: &str = "(CAST(id AS TEXT) IN (SELECT session_id FROM admin.admin_ended)
     OR ifnull(CAST(auth_id AS TEXT), '') IN (SELECT session_id FROM admin.admin_ended))";

/// The same for at most `?2` entries after `?1`.
const BACK_OF_SOME: &str = "(id IN (SELECT session_id FROM admin.admin_ended WHERE session_id > ?1
       ORDER BY session_id LIMIT ?2)
     OR auth_id IN (SELECT session_id FROM admin.admin_ended WHERE session_id > ?1
       ORDER BY session_id LIMIT ?2))";

/// Entries that are checked in one batch: some milliseconds.
const SLICE: i64 = 2000;

/// Whether the row of that id exists and is hidden from all commands.
pub fn session_is_hidden(db: &Db, id: &str) -> Result<bool, StoreError> {
    if !db.columns.keeps_ended() {
        return Ok(false);
    }
    let hidden = format!("SELECT EXISTS (SELECT 1 FROM auth_sessions WHERE id = ?1 AND {IS_BACK})");
    Ok(db.conn.prepare_cached(&hidden)?.query_row([id], |row| row.get(0))?)
}

/// Sessions that are hidden from all commands.
pub(in crate::store) fn hidden_sessions(db: &Db) -> Result<u64, StoreError> {
    if !db.columns.keeps_ended() {
        return Ok(0);
    }
    let hidden = format!("SELECT count(*) FROM auth_sessions WHERE {BACK}");
    Ok(db.conn.prepare_cached(&hidden)?.query_row([], |row| count(row, 0))?)
}

/// Records sessions that PhotoPrism may hold, before they are deleted: a load and a save each write
/// one of these times. Those created from them are held with them.
pub(super) fn enter(tx: &Tx<'_>, which: Which<'_>, now: i64) -> Result<(), StoreError> {
    if !tx.columns.keeps_ended() {
        return Ok(());
    }
    // Sessions that came back are ended first, and reported as such.
    let back = if which.condition == Which::EVERY.condition {
        BACK.to_owned()
    } else {
        format!("({}) AND {IS_BACK}", which.condition)
    };
    while end_again(tx, Which { condition: &back, ..which }, now, i64::MAX)? > 0 {}
    let since = now - tx.window();
    let (times, since_at) = (which.values.len() + 1, which.values.len() + 2);
    let recent = recent(&tx.columns, times);
    let mut values = which.values.to_vec();
    values.extend::<[&dyn ToSql; 2]>([&since, &now]);
    let condition = format!("({}) AND ({recent})", which.condition);
    let ids = insert(tx, Which { condition: &condition, values: &values }, since_at)?;
    if ids.is_empty() {
        return Ok(());
    }
    let created_from = "auth_id IN (SELECT session_id FROM admin.admin_ended WHERE seen_at = ?1)";
    let children = insert(tx, Which { condition: created_from, values: &[&now] }, 1)?;
    tx.add_effect(Effect::IdsEnded(ids.into_iter().chain(children).collect()));
    Ok(())
}

/// The condition for rows that were loaded or saved since the Unix seconds in that parameter.
fn recent(columns: &Columns, value: usize) -> String {
    let mut recent = vec![format!("last_active >= ?{value}")];
    for column in ["login_at", "created_at", "updated_at"] {
        if columns.has("auth_sessions", column) {
            let since = format!("strftime('%Y-%m-%d %H:%M:%S', ?{value}, 'unixepoch')");
            recent.push(format!("{column} >= {since}"));
        }
    }
    recent.join(" OR ")
}

/// Adds entries; `at` is the number of the parameter with the time. Returns their ids.
fn insert(tx: &Tx<'_>, which: Which<'_>, at: usize) -> Result<Vec<String>, StoreError> {
    let ref_id = ref_id(&tx.columns);
    let statement = format!(
        "INSERT INTO admin.admin_ended (session_id, ref_id, user_uid, seen_at, state, saved_row,
           claimed_by, claimed_at)
         SELECT id, {ref_id}, ifnull(user_uid, ''), ?{at}, 'ended', '', '', 0
         FROM auth_sessions WHERE {}
         ON CONFLICT (session_id) DO UPDATE SET seen_at = excluded.seen_at
         RETURNING session_id",
        which.condition
    );
    let mut statement = tx.conn.prepare_cached(&statement)?;
    let ids = statement.query_map(which.values, |row| text(row, 0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

fn ref_id(columns: &Columns) -> &'static str {
    if columns.has("auth_sessions", "ref_id") { "ifnull(ref_id, '')" } else { "''" }
}

/// Deletes at most so many sessions that PhotoPrism wrote back, or created from such a one, and
/// returns their number. Each restarts its entry, and gets its own audit record and log line.
pub(super) fn end_again(
    tx: &Tx<'_>,
    which: Which<'_>,
    now: i64,
    most: i64,
) -> Result<usize, StoreError> {
    let found = came_back(tx, which, most)?;
    let mut deleted = 0;
    for (index, (id, came)) in found.iter().enumerate() {
        let delete = "DELETE FROM auth_sessions WHERE id = ?1";
        deleted += tx.conn.prepare_cached(delete)?.execute([id])?;
        tx.conn
            .prepare_cached(
                "INSERT INTO admin.admin_ended (session_id, ref_id, user_uid, seen_at, state, saved_row,
                   claimed_by, claimed_at) VALUES (?1, ?2, ?3, ?4, 'ended', '', '', 0)
                 ON CONFLICT (session_id) DO UPDATE SET seen_at = excluded.seen_at",
            )?
            .execute(params![id, came.ref_id, came.user_uid, now])?;
        let head = audit_append(tx, &record(came, now))?;
        tx.add_effect(Effect::Audited(head));
        if index < REPORTED {
            tx.add_effect(Effect::CameBack(came.clone()));
        }
    }
    if found.len() > REPORTED {
        tx.add_effect(Effect::MoreCameBack(found.len() - REPORTED));
    }
    if !found.is_empty() {
        tx.add_effect(Effect::IdsEnded(found.iter().map(|(id, _)| id.clone()).collect()));
    }
    // Not the number found: a row that cannot be deleted must not be retried for ever.
    Ok(deleted)
}

fn came_back(db: &Db, which: Which<'_>, most: i64) -> Result<Vec<(String, CameBack)>, StoreError> {
    let ref_id = ref_id(&db.columns);
    let user_name =
        if db.columns.has("auth_sessions", "user_name") { "ifnull(user_name, '')" } else { "''" };
    let statement = format!(
        "SELECT id, {ref_id}, ifnull(user_uid, ''), {user_name} FROM auth_sessions
         WHERE {} LIMIT {most}",
        which.condition
    );
    let mut statement = db.conn.prepare_cached(&statement)?;
    let rows = statement.query_map(which.values, |row| {
        let came =
            CameBack { ref_id: text(row, 1)?, user_uid: text(row, 2)?, user_name: text(row, 3)? };
        Ok((text(row, 0)?, came))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn record(came: &CameBack, now: i64) -> AuditEntry {
    let target = if came.ref_id.is_empty() { &came.user_uid } else { &came.ref_id };
    AuditEntry { at: now, ..own_entry("daemon.end_again", target) }
}

/// Removes the entry of an id that the daemon itself restores. A row that PhotoPrism wrote back
/// meanwhile is deleted.
pub(super) fn release(tx: &Tx<'_>, id: &str) -> Result<(), StoreError> {
    if !tx.columns.keeps_ended() {
        return Ok(());
    }
    let entry = "DELETE FROM admin.admin_ended WHERE session_id = ?1";
    if tx.conn.prepare_cached(entry)?.execute([id])? > 0 {
        tx.conn.prepare_cached("DELETE FROM auth_sessions WHERE id = ?1")?.execute([id])?;
        tx.add_effect(Effect::IdsReleased(vec![id.to_owned()]));
    }
    Ok(())
}

/// Removes the entries of all existing sessions: a restore brought them back.
pub(in crate::store) fn release_restored(tx: &Tx<'_>) -> Result<(), StoreError> {
    if !tx.columns.keeps_ended() {
        return Ok(());
    }
    let mut statement = tx.conn.prepare_cached(
        "DELETE FROM admin.admin_ended WHERE session_id IN (SELECT id FROM auth_sessions)
         RETURNING session_id",
    )?;
    let ids = statement.query_map([], |row| text(row, 0))?.collect::<Result<Vec<_>, _>>()?;
    tx.add_effect(Effect::IdsReleased(ids));
    Ok(())
}

/// Ids with entries, at most so many.
pub fn ended_ids(db: &Db, most: usize) -> Result<Vec<String>, StoreError> {
    if !db.columns.keeps_ended() {
        return Ok(Vec::new());
    }
    let newest = "SELECT session_id FROM admin.admin_ended ORDER BY seen_at DESC LIMIT ?1";
    let mut statement = db.conn.prepare_cached(newest)?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let ids = statement.query_map([most], |row| text(row, 0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Result of checking a batch of entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndedState {
    /// Entries.
    pub entries: u64,
    /// Whether a session of this batch came back.
    pub back: bool,
    /// Whether an entry has expired.
    pub over: bool,
    /// The entry after which the next batch begins.
    pub next: Option<String>,
}

/// Checks a batch of entries at these Unix seconds, without taking PhotoPrism's lock for writing.
pub fn ended_state(db: &Db, now: i64, after: &str) -> Result<EndedState, StoreError> {
    if !db.columns.keeps_ended() {
        return Ok(EndedState::default());
    }
    let entries = db
        .conn
        .prepare_cached("SELECT count(*) FROM admin.admin_ended")?
        .query_row([], |row| count(row, 0))?;
    let over =
        "SELECT EXISTS (SELECT 1 FROM admin.admin_ended WHERE seen_at <= ?1 OR seen_at > ?2)";
    let over = db
        .conn
        .prepare_cached(over)?
        .query_row([now - db.window(), now + SET_BACK], |row| row.get(0))?;
    let next = "SELECT session_id FROM admin.admin_ended WHERE session_id > ?1 ORDER BY session_id
         LIMIT 1 OFFSET ?2";
    let next = db
        .conn
        .prepare_cached(next)?
        .query_row(params![after, SLICE - 1], |row| text(row, 0))
        .optional()?;
    let some = Which { condition: BACK_OF_SOME, values: &[&after, &SLICE] };
    let back = entries > 0 && !came_back(db, some, 1)?.is_empty();
    Ok(EndedState { entries, back, over, next })
}

/// Restarts every entry: what PhotoPrism wrote while the daemon was not running has not been
/// checked.
pub fn begin_ended_anew(tx: &Tx<'_>, now: i64) -> Result<(), StoreError> {
    if tx.columns.keeps_ended() {
        tx.conn.execute("UPDATE admin.admin_ended SET seen_at = ?1", [now])?;
    }
    Ok(())
}

/// Moves every entry when the clock was set ahead by so many seconds.
pub fn move_ended(tx: &Tx<'_>, seconds: i64) -> Result<(), StoreError> {
    if tx.columns.keeps_ended() {
        tx.conn.execute("UPDATE admin.admin_ended SET seen_at = seen_at + ?1", [seconds])?;
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
    end_again(tx, Which { condition: BACK_OF_SOME, values: &[&after, &SLICE] }, now, most)
}

/// Removes expired entries, whose sessions were not seen for long enough. One that was seen since
/// the last check stays.
pub fn forget_ended(tx: &Tx<'_>, now: i64) -> Result<(), StoreError> {
    if !tx.columns.keeps_ended() {
        return Ok(());
    }
    tx.conn.execute(
        "UPDATE admin.admin_ended SET seen_at = ?1 WHERE seen_at > ?1",
        [now + SET_BACK],
    )?;
    let mut over = tx.conn.prepare_cached(
        "DELETE FROM admin.admin_ended WHERE seen_at <= ?1
           AND NOT EXISTS (SELECT 1 FROM auth_sessions WHERE id = session_id)
           AND NOT EXISTS (SELECT 1 FROM auth_sessions WHERE auth_id = session_id)
         RETURNING session_id",
    )?;
    let ids = over.query_map([now - tx.window()], |row| text(row, 0))?;
    tx.add_effect(Effect::IdsReleased(ids.collect::<Result<_, _>>()?));
    Ok(())
}
