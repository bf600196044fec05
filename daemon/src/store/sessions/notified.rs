//! Which sessions a running PhotoPrism is still to be notified of, and which it has forgotten.

use super::find::is_there;
use super::reload::put_back_reloaded;
use crate::model::Effect;
use crate::store::db::{Db, Tx};
use crate::store::engine::{Statement, Value};
use crate::store::error::StoreError;

/// Seconds for which an entry is this daemon's alone.
const CLAIMED: i64 = 30;

/// A session that PhotoPrism is to forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToForget {
    /// Its id.
    pub id: String,
    /// Its reference id.
    pub ref_id: String,
    /// It lives on, and is only to be read again.
    pub is_reload: bool,
    /// Ids of those created from it, which PhotoPrism forgets with it.
    pub children: Vec<String>,
}

/// Entries that this daemon may see to. What another one has claimed is its own for so long, and a
/// clock that was set back does not make that longer.
const FREE: &str = "e.state IN ('pending', 'reload') AND (e.claimed_by = '' OR e.claimed_by = ?1
     OR e.claimed_at <= ?2 OR e.claimed_at > ?3)";

/// One that goes with another: it was created from a session that PhotoPrism is to be notified of.
const GOES_ALONG: &str = "EXISTS (SELECT 1 FROM auth_sessions c, own.admin_ended p
     WHERE c.id = e.session_id AND p.session_id = c.auth_id
       AND p.state IN ('pending', 'reload'))";

/// At most so many sessions, with an id after `after`, that PhotoPrism is to be notified of.
pub fn sessions_to_forget(
    db: &Db,
    now: i64,
    after: &str,
    most: usize,
) -> Result<Vec<ToForget>, StoreError> {
    if db.running.notifier.is_none() || !db.columns.keeps_ended() {
        return Ok(Vec::new());
    }
    let statement = format!(
        "SELECT e.session_id, e.ref_id, e.state FROM own.admin_ended e
         WHERE {FREE} AND e.session_id > ?4 AND NOT {GOES_ALONG} ORDER BY e.session_id LIMIT ?5"
    );
    let claim = db.claim();
    let values: [Value<'_>; 5] = [
        (&claim).into(),
        (now - CLAIMED).into(),
        (now + CLAIMED).into(),
        after.into(),
        most.into(),
    ];
    let found = db.all(Statement::same(&statement).own(), &values, |row| {
        let is_reload = row.text(2)? == "reload";
        Ok(ToForget { id: row.text(0)?, ref_id: row.text(1)?, is_reload, children: Vec::new() })
    })?;
    let children = Statement::same(
        "SELECT e.session_id FROM own.admin_ended e, auth_sessions c
         WHERE c.auth_id = ?1 AND e.session_id = c.id AND e.state = 'pending'",
    );
    let mut children = db.prepare(children.own())?;
    let with_children = |entry: ToForget| {
        let children = children.all(&[(&entry.id).into()], |row| row.text(0))?;
        Ok(ToForget { children, ..entry })
    };
    found.into_iter().map(with_children).collect()
}

/// Claims entries, and returns those that no other daemon has claimed meanwhile.
pub fn claim_to_forget(
    tx: &Tx<'_>,
    entries: &[ToForget],
    now: i64,
) -> Result<Vec<ToForget>, StoreError> {
    let statement = Statement::same(
        "UPDATE own.admin_ended SET claimed_by = ?1, claimed_at = ?4
         WHERE session_id = ?5 AND state IN ('pending', 'reload') AND (claimed_by = '' OR claimed_by = ?1
           OR claimed_at <= ?2 OR claimed_at > ?3)",
    );
    let claim = tx.claim();
    let mut claimed = Vec::new();
    for entry in entries {
        let values = [
            (&claim).into(),
            (now - CLAIMED).into(),
            (now + CLAIMED).into(),
            now.into(),
            (&entry.id).into(),
        ];
        tx.change(statement.own(), &values)?;
        let mine = Statement::same(
            "SELECT claimed_by FROM own.admin_ended
             WHERE session_id = ?1 AND state IN ('pending', 'reload')",
        );
        let found = tx.one(mine.own(), &[(&entry.id).into()], |row| row.text(0))?;
        claimed.extend((found.as_deref() == Some(&*claim)).then(|| entry.clone()));
    }
    Ok(claimed)
}

/// PhotoPrism reports that it has forgotten these: they are done where their rows are gone too.
/// Returns the ids of the entries that are done, with those created from them.
pub fn mark_forgotten(tx: &Tx<'_>, entries: &[ToForget]) -> Result<Vec<String>, StoreError> {
    let mut done = Vec::new();
    for entry in entries {
        if is_there(tx, &entry.id)? {
            continue;
        }
        if entry.is_reload {
            done.extend(put_back_reloaded(tx, &entry.id)?);
        }
        let own = (!entry.is_reload).then_some(&entry.id);
        for id in own.into_iter().chain(&entry.children) {
            if !is_there(tx, id)? {
                tx.change(DONE, &[id.into()])?;
                done.push(id.clone());
            }
        }
    }
    if !done.is_empty() {
        tx.add_effect(Effect::Notified(done.clone()));
    }
    Ok(done)
}

/// When it was last seen stays: it is watched for as long as before.
const DONE: Statement<'_> = Statement::same(
    "UPDATE own.admin_ended SET state = 'ended', claimed_by = '', claimed_at = 0
     WHERE session_id = ?1 AND state = 'pending'",
)
.own();

/// Entries that PhotoPrism is to be notified of, whichever daemon does.
pub fn count_to_forget(db: &Db) -> Result<u64, StoreError> {
    if !db.columns.keeps_ended() {
        return Ok(0);
    }
    let count = Statement::same(
        "SELECT count(*) FROM own.admin_ended WHERE state IN ('pending', 'reload')",
    );
    db.number(count.own(), &[])
}
