//! Sessions that live on although the rights of their account have changed: PhotoPrism has to read
//! them again. It forgets a session by deleting its row, so a copy of the row is put back.
//!
//! An entry without a copy was not asked for yet: where its row is missing, somebody has ended the
//! session. With a copy the row is missing because the daemon asked for it, and comes back.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::back::is_kept;
use super::ended::{FORGET, put_entry, recent, ref_id};
use super::find::is_there;
use super::notifying::notifies;
use crate::model::{Effect, is_notifiable};
use crate::store::db::{Db, Tx};
use crate::store::engine::{Kept, Statement, Value};
use crate::store::error::StoreError;
use crate::store::insert::insert;
use crate::store::times::stored_since;

/// Which sessions of an account live on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LivingOn {
    /// Its app passwords; the others have ended.
    AppPasswords,
    /// All of them.
    All,
}

/// Has PhotoPrism read the sessions of an account again, after the commit.
pub fn reload_sessions(
    tx: &Tx<'_>,
    uid: &str,
    which: LivingOn,
    now: i64,
) -> Result<(), StoreError> {
    if !tx.columns.keeps_ended() || !notifies(tx, now)? {
        return Ok(());
    }
    let which = match which {
        LivingOn::AppPasswords => "auth_provider = 'application' AND auth_method = 'default'",
        // A session that was created from another is read again with that.
        LivingOn::All => "NOT (auth_provider = 'application' AND auth_method = 'session')",
    };
    let (recent, kept) = (recent(&tx.columns, 2), is_kept(&tx.columns));
    let statement = format!(
        "SELECT id, {} FROM auth_sessions
         WHERE user_uid = ?1 AND {which} AND ({recent}) AND NOT {kept}",
        ref_id(&tx.columns)
    );
    let since = now - tx.window();
    let stored = stored_since(since);
    let values = [uid.into(), since.into(), (&stored).into()];
    let found =
        tx.all(Statement::same(&statement), &values, |row| Ok([row.text(0)?, row.text(1)?]))?;
    let mut ids = Vec::new();
    for [id, ref_id] in found.into_iter().filter(|[_, ref_id]| is_notifiable(ref_id)) {
        put_entry(tx, [&id, &ref_id, uid], "reload", now)?;
        ids.push(id);
    }
    if !ids.is_empty() {
        tx.add_effect(Effect::ToNotify(ids.clone()));
        tx.note_ended(|ended| ended.add_ids(&ids));
    }
    Ok(())
}

/// Copies the rows of entries, with those created from them, right before PhotoPrism deletes them.
/// Returns the ids of those that it is to be asked for: of the others nothing is left to do.
pub fn copy_to_reload(tx: &Tx<'_>, ids: &[String]) -> Result<Vec<String>, StoreError> {
    let mut asked = Vec::new();
    for id in ids {
        if !is_there(tx, id)? {
            finish(tx, id)?;
        } else if copy(tx, id)? {
            asked.push(id.clone());
        }
    }
    Ok(asked)
}

/// PhotoPrism reports that it has forgotten this one, and its row is missing: it is put back. Its id,
/// if that was an entry.
pub(super) fn put_back_reloaded(tx: &Tx<'_>, id: &str) -> Result<Option<String>, StoreError> {
    let entry = Statement::same(
        "SELECT EXISTS (SELECT 1 FROM own.admin_ended WHERE session_id = ?1 AND state = 'reload')",
    );
    if tx.one(entry.own(), &[id.into()], |row| row.flag(0))? != Some(true) {
        return Ok(None);
    }
    finish(tx, id)?;
    Ok(Some(id.to_owned()))
}

/// Puts back every row of which PhotoPrism was asked, and that is missing. Its entry stays.
pub(super) fn put_back_missing(tx: &Tx<'_>) -> Result<(), StoreError> {
    for id in asked(tx)? {
        if !is_there(tx, &id)? {
            put_back(tx, &id)?;
        }
    }
    Ok(())
}

/// The same at a start that notifies nobody: nothing is left to do.
pub fn give_up_reloads(tx: &Tx<'_>) -> Result<(), StoreError> {
    if !tx.columns.keeps_ended() {
        return Ok(());
    }
    put_back_missing(tx)?;
    if !tx.notifies() {
        let all = Statement::same("DELETE FROM own.admin_ended WHERE state = 'reload'");
        tx.change(all.own(), &[])?;
    }
    Ok(())
}

/// Ends entries that were begun by then: PhotoPrism has forgotten the sessions by itself.
pub(super) fn end_reloads(tx: &Tx<'_>, begun: i64) -> Result<(), StoreError> {
    let over = Statement::same(
        "SELECT session_id FROM own.admin_ended WHERE seen_at <= ?1 AND state = 'reload'",
    );
    for id in tx.all(over.own(), &[begun.into()], |row| row.text(0))? {
        finish(tx, &id)?;
    }
    Ok(())
}

/// Whether PhotoPrism is to read a session again.
pub fn has_reloads(db: &Db) -> Result<bool, StoreError> {
    if !db.columns.keeps_ended() {
        return Ok(false);
    }
    let any =
        Statement::same("SELECT EXISTS (SELECT 1 FROM own.admin_ended WHERE state = 'reload')");
    Ok(db.one(any.own(), &[], |row| row.flag(0))? == Some(true))
}

/// Copies once more what has a copy: some of it may have ended.
pub(super) fn copy_again(tx: &Tx<'_>) -> Result<(), StoreError> {
    for id in asked(tx)? {
        copy(tx, &id)?;
    }
    Ok(())
}

/// Entries with a copy of their rows: PhotoPrism may have deleted them.
fn asked(db: &Db) -> Result<Vec<String>, StoreError> {
    if !db.columns.keeps_ended() {
        return Ok(Vec::new());
    }
    let asked = Statement::same(
        "SELECT session_id FROM own.admin_ended WHERE state = 'reload' AND saved_row <> ''",
    );
    db.all(asked.own(), &[], |row| row.text(0))
}

/// The end of an entry: what was copied and is missing comes back.
fn finish(tx: &Tx<'_>, id: &str) -> Result<(), StoreError> {
    put_back(tx, id)?;
    tx.change(FORGET, &[id.into()])?;
    tx.add_effect(Effect::Notified(vec![id.to_owned()]));
    Ok(())
}

/// A value of a row as JSON: texts need not be UTF-8.
#[derive(Serialize, Deserialize)]
enum Saved {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(String),
}

/// A row: names and values of its columns.
type SavedRow = Vec<(String, Saved)>;

/// Copies the row of an entry, and those created from it. False where the entry is another's by now.
fn copy(tx: &Tx<'_>, id: &str) -> Result<bool, StoreError> {
    let mut names: Vec<&String> = tx.columns.of("auth_sessions").into_iter().flatten().collect();
    names.sort();
    let list = names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    let kept = is_kept(&tx.columns);
    let rows = format!(
        "SELECT {list} FROM auth_sessions WHERE (id = ?1 OR (auth_id = ?1
           AND auth_provider = 'application' AND auth_method = 'session')) AND NOT {kept}"
    );
    let rows: Vec<SavedRow> = tx.all(Statement::same(&rows), &[id.into()], |row| {
        let value =
            |(at, name): (usize, &&String)| Ok(((*name).clone(), Saved::from(row.kept(at)?)));
        names.iter().enumerate().map(value).collect()
    })?;
    let text =
        serde_json::to_string(&rows).map_err(|error| StoreError::Other(error.to_string()))?;
    let save = Statement::same(
        "UPDATE own.admin_ended SET saved_row = ?2 WHERE session_id = ?1 AND state = 'reload'",
    );
    Ok(tx.change(save.own(), &[id.into(), (&text).into()])? > 0)
}

/// Inserts the rows that were copied, save those that are there or have ended since.
fn put_back(tx: &Tx<'_>, id: &str) -> Result<(), StoreError> {
    let saved = Statement::same(
        "SELECT saved_row FROM own.admin_ended WHERE session_id = ?1 AND state = 'reload'",
    );
    let text = tx.one(saved.own(), &[id.into()], |row| row.text(0))?.unwrap_or_default();
    if text.is_empty() {
        return Ok(());
    }
    let rows: Vec<SavedRow> =
        serde_json::from_str(&text).map_err(|error| StoreError::Other(error.to_string()))?;
    for row in rows {
        let row: Vec<(String, Kept)> =
            row.into_iter().map(|(name, value)| (name, value.into())).collect();
        let values: Vec<(&str, Value<'_>)> =
            row.iter().map(|(name, value)| (name.as_str(), value.into())).collect();
        let Some((_, of_row)) = row.iter().find(|(name, _)| name == "id") else { continue };
        if !has_ended_or_is_there(tx, of_row)? {
            insert(tx, "auth_sessions", &values)?;
        }
    }
    Ok(())
}

fn has_ended_or_is_there(tx: &Tx<'_>, id: &Kept) -> Result<bool, StoreError> {
    let found = Statement::same(
        "SELECT EXISTS (SELECT 1 FROM auth_sessions WHERE id = ?1)
           OR EXISTS (SELECT 1 FROM own.admin_ended WHERE session_id = ?1 AND state <> 'reload')",
    );
    Ok(tx.one(found.own(), &[id.into()], |row| row.flag(0))? == Some(true))
}

impl From<Kept> for Saved {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::Null => Self::Null,
            Kept::Integer(number) => Self::Integer(number),
            Kept::Real(number) => Self::Real(number),
            // A time that never was, which a server need not take back.
            Kept::Text(text) if text.starts_with("0000-00-00") => Self::Null,
            Kept::Text(text) => Self::Text(text),
            Kept::Bytes(bytes) => Self::Bytes(HEXLOWER.encode(&bytes)),
        }
    }
}

impl From<Saved> for Kept {
    fn from(saved: Saved) -> Self {
        match saved {
            Saved::Null => Self::Null,
            Saved::Integer(number) => Self::Integer(number),
            Saved::Real(number) => Self::Real(number),
            Saved::Text(text) => Self::Text(text),
            Saved::Bytes(hex) => Self::Bytes(HEXLOWER.decode(hex.as_bytes()).unwrap_or_default()),
        }
    }
}
