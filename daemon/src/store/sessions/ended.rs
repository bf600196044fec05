//! `admin_ended`: sessions that were ended in PhotoPrism's database while a running PhotoPrism may
//! still have them in memory. PhotoPrism writes the whole session back when it is used from another
//! address; an entry keeps it ended here until PhotoPrism cannot hold it any more.
//!
//! Nothing here has an effect in the daemon's own database, which has no such table.

use std::collections::HashSet;

use super::back::{BACK, Which, is_back, is_kept, is_to_reload};
use super::notifying::notifies;
use crate::model::{CameBack, Effect, is_notifiable};
use crate::store::audit::{AuditEntry, audit_append, own_entry};
use crate::store::columns::Columns;
use crate::store::db::{Db, Tx};
use crate::store::engine::{Statement, Value};
use crate::store::error::StoreError;
use crate::store::times::stored_since;

/// Sessions that come back and are reported one by one, per step.
const REPORTED: usize = 100;

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

/// Records sessions that PhotoPrism may hold, before they are ended: a load and a save each write
/// one of these times. Those created from them are held with them. Returns the ids of those that
/// are kept until PhotoPrism was notified of them.
pub(super) fn enter(tx: &Tx<'_>, which: Which<'_>, now: i64) -> Result<Vec<String>, StoreError> {
    if !tx.columns.keeps_ended() {
        return Ok(Vec::new());
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
    let kept = is_kept(&tx.columns);
    let held = format!("{recent} OR {}", is_to_reload(&tx.columns));
    let condition = format!("({}) AND ({held}) AND NOT {kept}", which.condition);
    let notifies = notifies(tx, now)?;
    let entered = add_entries(tx, Which { condition: &condition, values: &values }, now, notifies)?;
    if entered.is_empty() {
        return Ok(Vec::new());
    }
    let created_from = format!(
        "auth_id IN (SELECT session_id FROM admin.admin_ended
           WHERE seen_at = ?1 AND state <> 'reload') AND NOT {kept}"
    );
    let created_from = Which { condition: &created_from, values: &[now.into()] };
    let mut children = add_entries(tx, created_from, now, notifies)?;
    let known: HashSet<&str> = entered.iter().map(|entry| entry.id.as_str()).collect();
    children.retain(|child| !known.contains(child.id.as_str()));
    let all = entered.iter().chain(&children).map(|entry| entry.id.clone());
    tx.add_effect(Effect::IdsEnded(all.collect()));
    let unnotified = entered.iter().chain(&children).any(|entry| !entry.is_pending);
    let to_notify = entered.into_iter().chain(children).filter(|entry| entry.is_pending);
    let to_notify: Vec<String> = to_notify.map(|entry| entry.id).collect();
    if !to_notify.is_empty() {
        tx.add_effect(Effect::ToNotify(to_notify.clone()));
    }
    tx.note_ended(|ended| {
        ended.add_ids(&to_notify);
        ended.unnotified |= unnotified;
    });
    Ok(to_notify)
}

/// The condition for rows that were loaded or saved since the Unix seconds in that parameter, which
/// the next one has as a text.
pub(super) fn recent(columns: &Columns, value: usize) -> String {
    let mut recent = vec![format!("last_active >= ?{value}")];
    for column in ["login_at", "created_at", "updated_at"] {
        if columns.has("auth_sessions", column) {
            recent.push(format!("{column} >= ?{}", value + 1));
        }
    }
    recent.join(" OR ")
}

/// An entry that was added or restarted.
struct Entered {
    id: String,
    is_pending: bool,
}

/// Adds an entry for each of these rows, or restarts it.
fn add_entries(
    tx: &Tx<'_>,
    which: Which<'_>,
    now: i64,
    notifies: bool,
) -> Result<Vec<Entered>, StoreError> {
    let ref_id = ref_id(&tx.columns);
    let statement = format!(
        "SELECT id, {ref_id}, ifnull(user_uid, '') FROM auth_sessions WHERE {}",
        which.condition
    );
    let found = tx.all(Statement::same(&statement), which.values, |row| {
        Ok([row.text(0)?, row.text(1)?, row.text(2)?])
    })?;
    let put = |entry: [String; 3]| {
        let is_pending = notifies && is_notifiable(&entry[1]);
        put_entry(tx, entry.each_ref().map(String::as_str), state(is_pending), now)?;
        let [id, ..] = entry;
        Ok(Entered { id, is_pending })
    };
    found.into_iter().map(put).collect()
}

const fn state(is_pending: bool) -> &'static str {
    if is_pending { "pending" } else { "ended" }
}

const RESTART: Statement<'_> = Statement::same(
    "UPDATE own.admin_ended SET seen_at = ?2, state = ?3, saved_row = '', claimed_by = ?4,
       claimed_at = ?5 WHERE session_id = ?1",
)
.own();

const ADD: Statement<'_> = Statement::same(
    "INSERT INTO own.admin_ended (session_id, ref_id, user_uid, seen_at, state, saved_row,
       claimed_by, claimed_at) VALUES (?1, ?2, ?3, ?4, ?5, '', ?6, ?7)",
)
.own();

/// Restarts the entry of a session, or adds one: id, reference id, account. One of which PhotoPrism
/// is to be notified is claimed by this daemon.
pub(super) fn put_entry(
    tx: &Tx<'_>,
    entry: [&str; 3],
    state: &str,
    now: i64,
) -> Result<(), StoreError> {
    let [id, ref_id, uid] = entry.map(Value::from);
    let (claimed_by, claimed_at) =
        if state == "ended" { (String::new(), 0) } else { (tx.claim(), now) };
    let (state, claimed_by, claimed_at) = (state.into(), (&claimed_by).into(), claimed_at.into());
    if tx.change(RESTART, &[id, now.into(), state, claimed_by, claimed_at])? == 0 {
        tx.change(ADD, &[id, ref_id, uid, now.into(), state, claimed_by, claimed_at])?;
    }
    Ok(())
}

pub(super) fn ref_id(columns: &Columns) -> &'static str {
    if columns.has("auth_sessions", "ref_id") { "ifnull(ref_id, '')" } else { "''" }
}

pub(super) const DELETE: Statement<'_> = Statement::same("DELETE FROM auth_sessions WHERE id = ?1");

/// Sets a session to expired: PhotoPrism finds sessions that it is to forget by their rows.
pub(super) const EXPIRE: Statement<'_> =
    Statement::same("UPDATE auth_sessions SET sess_expires = 1 WHERE id = ?1");

/// Ends at most so many sessions that PhotoPrism wrote back, or created from such a one, and
/// returns their number. Each restarts its entry, and gets its own audit record and log line.
pub(super) fn end_again(
    tx: &Tx<'_>,
    which: Which<'_>,
    now: i64,
    most: i64,
) -> Result<usize, StoreError> {
    let found = came_back(tx, which, most)?;
    let notifies = !found.is_empty() && notifies(tx, now)?;
    let (mut done, mut to_notify) = (0, Vec::new());
    for (index, (id, came)) in found.iter().enumerate() {
        let is_pending = notifies && is_notifiable(&came.ref_id);
        let end = if is_pending { EXPIRE } else { DELETE };
        done += usize::from(tx.change(end, &[id.into()])? > 0);
        put_entry(tx, [id, &came.ref_id, &came.user_uid], state(is_pending), now)?;
        to_notify.extend(is_pending.then(|| id.clone()));
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
    if !to_notify.is_empty() {
        tx.add_effect(Effect::ToNotify(to_notify));
    }
    // Not the number found: a row that cannot be changed must not be retried for ever.
    Ok(done)
}

pub(super) fn came_back(
    db: &Db,
    which: Which<'_>,
    most: i64,
) -> Result<Vec<(String, CameBack)>, StoreError> {
    let ref_id = ref_id(&db.columns);
    let user_name =
        if db.columns.has("auth_sessions", "user_name") { "ifnull(user_name, '')" } else { "''" };
    let statement = format!(
        "SELECT id, {ref_id}, ifnull(user_uid, ''), {user_name} FROM auth_sessions
         WHERE {} AND NOT {} LIMIT {most}",
        which.condition,
        is_kept(&db.columns)
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

pub(super) const FORGET: Statement<'_> =
    Statement::same("DELETE FROM own.admin_ended WHERE session_id = ?1").own();

/// Removes the entries that a statement finds, whose sessions may be there again.
pub(super) fn forget_found(
    tx: &Tx<'_>,
    found: Statement<'_>,
    values: &[Value<'_>],
) -> Result<(), StoreError> {
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
    let restored = format!(
        "SELECT session_id FROM own.admin_ended
         WHERE session_id IN (SELECT id FROM auth_sessions WHERE NOT {})",
        is_kept(&tx.columns)
    );
    forget_found(tx, Statement::same(&restored).own(), &[])
}

/// Ids of rows that the daemon keeps, which every command hides.
pub(in crate::store) fn kept_sessions(tx: &Tx<'_>) -> Result<Vec<String>, StoreError> {
    if !tx.columns.keeps_ended() {
        return Ok(Vec::new());
    }
    let kept = format!("SELECT id FROM auth_sessions WHERE {}", is_kept(&tx.columns));
    tx.all(Statement::same(&kept), &[], |row| row.text(0))
}

/// Gives up a row that is kept: a restore brings the session back.
pub(in crate::store) fn release_kept(tx: &Tx<'_>, id: &str) -> Result<(), StoreError> {
    release(tx, id)?;
    tx.note_ended(|ended| ended.release(id));
    Ok(())
}
