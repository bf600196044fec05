//! `admin_ended`: sessions that were ended in PhotoPrism's database while a running PhotoPrism may
//! still have them in memory. PhotoPrism writes the whole session back when it is used from another
//! address; an entry keeps it ended here until PhotoPrism cannot hold it any more.
//!
//! Nothing here has an effect in the daemon's own database, which has no such table.

use crate::model::{CameBack, Effect};
use crate::store::audit::{AuditEntry, audit_append, own_entry};
use crate::store::columns::Columns;
use crate::store::db::{Db, Tx};
use crate::store::engine::{Statement, Value};
use crate::store::error::StoreError;
use crate::store::times::stored_since;

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
    pub(super) values: &'a [Value<'a>],
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

/// The same in MariaDB, where ids are bytes.
const IS_BACK_OF_SERVER: &str = "(id IN (SELECT session_id FROM admin.admin_ended)
     OR ifnull(auth_id, '') IN (SELECT session_id FROM admin.admin_ended))";

fn is_back(columns: &Columns) -> &'static str {
    if columns.is_server() { IS_BACK_OF_SERVER } else { IS_BACK }
}

/// The same for at most `?2` entries after `?1`. MariaDB takes a LIMIT in a table alone.
const BACK_OF_SOME: &str = "(id IN (SELECT session_id FROM
       (SELECT session_id FROM admin.admin_ended WHERE session_id > ?1
        ORDER BY session_id LIMIT ?2) some_entries)
     OR auth_id IN (SELECT session_id FROM
       (SELECT session_id FROM admin.admin_ended WHERE session_id > ?1
        ORDER BY session_id LIMIT ?2) more_entries))";

/// Entries that are checked in one batch: some milliseconds.
const SLICE: i64 = 2000;

/// Whether the row of that id exists and is hidden from all commands.
pub fn session_is_hidden(db: &Db, id: &str) -> Result<bool, StoreError> {
    if !db.columns.keeps_ended() {
        return Ok(false);
    }
    let hidden = format!(
        "SELECT EXISTS (SELECT 1 FROM auth_sessions WHERE id = ?1 AND {})",
        is_back(&db.columns)
    );
    let hidden = db.one(Statement::same(&hidden), &[id.into()], |row| row.flag(0))?;
    Ok(hidden == Some(true))
}

/// Sessions that are hidden from all commands.
pub(in crate::store) fn hidden_sessions(db: &Db) -> Result<u64, StoreError> {
    if !db.columns.keeps_ended() {
        return Ok(0);
    }
    let hidden = format!("SELECT count(*) FROM auth_sessions WHERE {BACK}");
    db.number(Statement::same(&hidden), &[])
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
        format!("({}) AND {}", which.condition, is_back(&tx.columns))
    };
    while end_again(tx, Which { condition: &back, ..which }, now, i64::MAX)? > 0 {}
    let since = now - tx.window();
    let recent = recent(&tx.columns, which.values.len() + 1);
    let stored = stored_since(since);
    let values = [which.values, &[since.into(), (&stored).into()]].concat();
    let condition = format!("({}) AND ({recent})", which.condition);
    let ids = add_entries(tx, Which { condition: &condition, values: &values }, now)?;
    if ids.is_empty() {
        return Ok(());
    }
    let created_from = "auth_id IN (SELECT session_id FROM admin.admin_ended WHERE seen_at = ?1)";
    let children = add_entries(tx, Which { condition: created_from, values: &[now.into()] }, now)?;
    tx.add_effect(Effect::IdsEnded(ids.into_iter().chain(children).collect()));
    Ok(())
}

/// The condition for rows that were loaded or saved since the Unix seconds in that parameter, which
/// the next one has as a text.
fn recent(columns: &Columns, value: usize) -> String {
    let mut recent = vec![format!("last_active >= ?{value}")];
    for column in ["login_at", "created_at", "updated_at"] {
        if columns.has("auth_sessions", column) {
            recent.push(format!("{column} >= ?{}", value + 1));
        }
    }
    recent.join(" OR ")
}

/// Adds an entry for each of these rows, or restarts it. Returns their ids.
fn add_entries(tx: &Tx<'_>, which: Which<'_>, now: i64) -> Result<Vec<String>, StoreError> {
    let ref_id = ref_id(&tx.columns);
    let statement = format!(
        "SELECT id, {ref_id}, ifnull(user_uid, '') FROM auth_sessions WHERE {}",
        which.condition
    );
    let found = tx.all(Statement::same(&statement), which.values, |row| {
        Ok([row.text(0)?, row.text(1)?, row.text(2)?])
    })?;
    for entry in &found {
        put_entry(tx, entry.each_ref().map(String::as_str), now)?;
    }
    Ok(found.into_iter().map(|[id, ..]| id).collect())
}

const RESTART: Statement<'_> =
    Statement::same("UPDATE own.admin_ended SET seen_at = ?2 WHERE session_id = ?1").own();

const ADD: Statement<'_> = Statement::same(
    "INSERT INTO own.admin_ended (session_id, ref_id, user_uid, seen_at, state, saved_row,
       claimed_by, claimed_at) VALUES (?1, ?2, ?3, ?4, 'ended', '', '', 0)",
)
.own();

/// Restarts the entry of a session, or adds one: id, reference id, account.
fn put_entry(tx: &Tx<'_>, entry: [&str; 3], now: i64) -> Result<(), StoreError> {
    let [id, ref_id, uid] = entry.map(Value::from);
    if tx.change(RESTART, &[id, now.into()])? == 0 {
        tx.change(ADD, &[id, ref_id, uid, now.into()])?;
    }
    Ok(())
}

fn ref_id(columns: &Columns) -> &'static str {
    if columns.has("auth_sessions", "ref_id") { "ifnull(ref_id, '')" } else { "''" }
}

const DELETE: Statement<'_> = Statement::same("DELETE FROM auth_sessions WHERE id = ?1");

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
        deleted += usize::from(tx.change(DELETE, &[id.into()])? > 0);
        put_entry(tx, [id, &came.ref_id, &came.user_uid], now)?;
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
    db.all(Statement::same(&statement), which.values, |row| {
        let came =
            CameBack { ref_id: row.text(1)?, user_uid: row.text(2)?, user_name: row.text(3)? };
        Ok((row.text(0)?, came))
    })
}

fn record(came: &CameBack, now: i64) -> AuditEntry {
    let target = if came.ref_id.is_empty() { &came.user_uid } else { &came.ref_id };
    AuditEntry { at: now, ..own_entry("daemon.end_again", target) }
}

const FORGET: Statement<'_> =
    Statement::same("DELETE FROM own.admin_ended WHERE session_id = ?1").own();

/// Removes the entries that a statement finds, whose sessions may be there again.
fn forget_found(tx: &Tx<'_>, found: Statement<'_>, values: &[Value<'_>]) -> Result<(), StoreError> {
    let ids = tx.all(found, values, |row| row.text(0))?;
    for id in &ids {
        tx.change(FORGET, &[id.into()])?;
    }
    tx.add_effect(Effect::IdsReleased(ids));
    Ok(())
}

/// Removes the entry of an id that the daemon itself restores. A row that PhotoPrism wrote back
/// meanwhile is deleted.
pub(super) fn release(tx: &Tx<'_>, id: &str) -> Result<(), StoreError> {
    if !tx.columns.keeps_ended() {
        return Ok(());
    }
    if tx.change(FORGET, &[id.into()])? > 0 {
        tx.change(DELETE, &[id.into()])?;
        tx.add_effect(Effect::IdsReleased(vec![id.to_owned()]));
    }
    Ok(())
}

/// Removes the entries of all existing sessions: a restore brought them back.
pub(in crate::store) fn release_restored(tx: &Tx<'_>) -> Result<(), StoreError> {
    if !tx.columns.keeps_ended() {
        return Ok(());
    }
    let restored = Statement::same(
        "SELECT session_id FROM own.admin_ended WHERE session_id IN (SELECT id FROM auth_sessions)",
    );
    forget_found(tx, restored.own(), &[])
}

/// Ids with entries, at most so many.
pub fn ended_ids(db: &Db, most: usize) -> Result<Vec<String>, StoreError> {
    if !db.columns.keeps_ended() {
        return Ok(Vec::new());
    }
    let newest =
        Statement::same("SELECT session_id FROM own.admin_ended ORDER BY seen_at DESC LIMIT ?1");
    db.all(newest.own(), &[most.into()], |row| row.text(0))
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
    let count = Statement::same("SELECT count(*) FROM own.admin_ended");
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
    let over = Statement::same(
        "SELECT session_id FROM own.admin_ended WHERE seen_at <= ?1
           AND NOT EXISTS (SELECT 1 FROM auth_sessions WHERE id = session_id)
           AND NOT EXISTS (SELECT 1 FROM auth_sessions WHERE auth_id = session_id)",
    );
    forget_found(tx, over.own(), &[(now - tx.window()).into()])
}
