//! `admin_changed`: the rights that were set in PhotoPrism's database while a running PhotoPrism
//! may still have the old account in memory. A session in its memory writes the whole account back;
//! such a reversal is reported and not undone, as an admin may have intended it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::accounts::account_by_uid;
use super::db::{Db, Tx};
use super::engine::{Statement, Value};
use super::error::StoreError;
use super::times::{format_stored, stored_since};
use super::visible::visible;
use crate::model::{Account, Effect, Reverted};

/// Accounts that are stored, the most recently changed.
const MOST: u32 = 1000;

/// Earlier values of a right that are stored.
const EARLIER: usize = 8;

/// Seconds for which `doctor` shows what was reported.
const SHOWN: i64 = 7 * 86_400;

/// How far ahead of the clock a change may be after the clock was set back.
const SET_BACK: i64 = 6 * 3600;

/// A right of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Right {
    /// The value that the daemon set.
    set: String,
    /// Earlier values, within the cache time.
    were: Vec<String>,
}

type Rights = BTreeMap<String, Right>;

/// A row of the table.
struct Changed {
    uid: String,
    name: String,
    at: i64,
    rights: Rights,
    made_here: String,
    reported: Vec<String>,
}

/// The rights that PhotoPrism may revert, with the protocol's names. An account that is gone is
/// deleted.
fn values(row: Option<&Account>) -> [(&'static str, String); 6] {
    let of = |value: fn(&Account) -> String| row.map(value).unwrap_or_default();
    [
        ("role", of(|row| row.role.as_str().to_owned())),
        ("super_admin", of(|row| row.super_admin.to_string())),
        ("can_login", of(|row| row.can_login.to_string())),
        ("provider", of(|row| row.provider.as_str().to_owned())),
        ("deleted", row.is_none_or(Account::is_deleted).to_string()),
        ("expires_at", of(|row| row.expires_at.map(instant).unwrap_or_default())),
    ]
}

/// To the second: PhotoPrism may write the same instant with another fraction.
fn instant(instant: Timestamp) -> String {
    format_stored(instant).chars().take(19).collect()
}

fn remembers(db: &Db) -> bool {
    db.columns.has_table("admin_changed")
}

/// Whether two states of an account differ in nothing that is remembered.
pub(super) fn has_same_rights(before: &Account, after: &Account) -> bool {
    values(Some(before)) == values(Some(after))
}

/// Stores how the rights of an account differ from `before`.
pub(super) fn remember(tx: &Tx<'_>, before: &Account, now: Timestamp) -> Result<(), StoreError> {
    if !remembers(tx) || before.uid.is_empty() {
        return Ok(());
    }
    let after = account_by_uid(tx, &before.uid)?;
    let (old, new) = (values(Some(before)), values(after.as_ref()));
    let gone = after.is_none();
    let differing = old.into_iter().zip(new).filter(|((name, old), (_, new))| {
        // For a deleted account nothing else is reported.
        old != new && (!gone || *name == "deleted")
    });
    let mut rights = Rights::new();
    let known = changed(tx, "WHERE user_uid = ?1", &before.uid)?.pop();
    if let Some(known) = known {
        rights = known.rights;
    }
    let mut any = false;
    for ((name, old), (_, set)) in differing {
        any = true;
        let right = rights.entry(name.into()).or_default();
        right.were.retain(|were| *were != set && *were != old);
        right.were.push(old);
        let over = right.were.len().saturating_sub(EARLIER);
        right.were.drain(..over);
        right.set = set;
    }
    if any { write(tx, before, &rights, now) } else { Ok(()) }
}

/// The same for accounts that were changed together: of many the last ones, since no more are stored.
///
/// # Errors
/// The store's.
pub fn remember_accounts(
    tx: &Tx<'_>,
    before: &[Account],
    now: Timestamp,
) -> Result<(), StoreError> {
    let first = before.len().saturating_sub(MOST as usize);
    before.iter().skip(first).try_for_each(|before| remember(tx, before, now))
}

const REPLACE: Statement<'_> = Statement::same(
    "UPDATE own.admin_changed SET user_name = ?2, changed_at = ?3, rights = ?4, reported = '[]'
     WHERE user_uid = ?1",
)
.own();

const ADD: Statement<'_> = Statement::same(
    "INSERT INTO own.admin_changed (user_uid, user_name, changed_at, rights, made_here, reported)
     VALUES (?1, ?2, ?3, ?4, '', '[]')",
)
.own();

fn write(tx: &Tx<'_>, row: &Account, rights: &Rights, now: Timestamp) -> Result<(), StoreError> {
    let rights = json(rights);
    let at = now.as_second().into();
    let values = [(&row.uid).into(), (&row.name).into(), at, (&rights).into()];
    tx.change_or_add([REPLACE, ADD], &values)
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Accounts whose sessions a running PhotoPrism may hold, before a restore replaces them all.
pub(super) fn held_accounts(tx: &Tx<'_>, now: i64) -> Result<Vec<Account>, StoreError> {
    if !remembers(tx) {
        return Ok(Vec::new());
    }
    let statement = Statement::same(
        "SELECT DISTINCT user_uid FROM own.admin_ended WHERE seen_at = ?1 AND user_uid <> ''
         LIMIT ?2",
    );
    let uids = tx.all(statement.own(), &[now.into(), MOST.into()], |row| row.text(0))?;
    let rows = uids.iter().map(|uid| account_by_uid(tx, uid));
    Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Stores that the daemon itself created an app password, so that it is not reported.
pub(super) fn made_here(tx: &Tx<'_>, uid: &str, id: &str) -> Result<(), StoreError> {
    let known = if remembers(tx) { changed(tx, "WHERE user_uid = ?1", uid)? } else { Vec::new() };
    let add = Statement::same("UPDATE own.admin_changed SET made_here = ?2 WHERE user_uid = ?1");
    for Changed { made_here, .. } in known {
        let made_here = format!("{made_here}{id} ");
        tx.change(add.own(), &[uid.into(), (&made_here).into()])?;
    }
    Ok(())
}

fn changed(db: &Db, which: &str, value: &str) -> Result<Vec<Changed>, StoreError> {
    let statement = format!(
        "SELECT user_uid, user_name, changed_at, rights, made_here, reported FROM own.admin_changed
         {which} ORDER BY changed_at DESC LIMIT {MOST}"
    );
    let value = [value.into()];
    let values = if which.is_empty() { &[][..] } else { &value };
    db.all(Statement::same(&statement).own(), values, |row| {
        Ok(Changed {
            uid: row.text(0)?,
            name: row.text(1)?,
            at: row.exact_integer(2)?,
            rights: serde_json::from_str(&row.text(3)?).unwrap_or_default(),
            made_here: row.text(4)?,
            reported: serde_json::from_str(&row.text(5)?).unwrap_or_default(),
        })
    })
}

/// The rights of an account that differ from what the daemon set.
fn differences(db: &Db, changed: &Changed) -> Result<Vec<String>, StoreError> {
    let row = account_by_uid(db, &changed.uid)?;
    let mut what = Vec::new();
    for (name, value) in values(row.as_ref()) {
        let gone_back = changed.rights.get(name).filter(|right| right.were.contains(&value));
        if let Some(right) = gone_back {
            what.push(format!(
                "{name} is {} again, it was set to {}",
                or_none(&value),
                or_none(&right.set)
            ));
        }
    }
    for (id, ref_id, client) in app_passwords(db, changed)? {
        if !changed.made_here.split(' ').any(|own| own == id) {
            what.push(format!("an app password was made: {ref_id} {client:?}"));
        }
    }
    Ok(what)
}

fn or_none(value: &str) -> &str {
    if value.is_empty() { "none" } else { value }
}

/// App passwords of an account that were created after its change, up to a limit.
fn app_passwords(db: &Db, changed: &Changed) -> Result<Vec<(String, String, String)>, StoreError> {
    let columns =
        ["ref_id", "client_name"].map(|name| db.columns.column("auth_sessions", name)).join(", ");
    let statement = format!(
        "SELECT u.id, {columns} FROM auth_sessions u WHERE u.user_uid = ?1
           AND u.auth_provider = 'application' AND u.auth_method = 'default'
           AND u.created_at >= ?2 AND {}
         ORDER BY u.created_at LIMIT 20",
        visible(&db.columns)
    );
    let since = stored_since(changed.at.saturating_add(1));
    let values = [(&changed.uid).into(), (&since).into()];
    db.all(Statement::same(&statement), &values, |row| {
        Ok((row.text(0)?, row.text(1)?, row.text(2)?.chars().take(200).collect()))
    })
}

/// Reported reversals that still hold, for `doctor`.
pub fn reverted_changes(db: &Db) -> Result<Vec<Reverted>, StoreError> {
    if !remembers(db) {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for changed in changed(db, "WHERE reported <> ?1", "[]")? {
        let now = differences(db, &changed)?;
        let what: Vec<String> =
            changed.reported.into_iter().filter(|what| now.contains(what)).collect();
        if !what.is_empty() {
            all.push(Reverted { user_name: changed.name, what });
        }
    }
    Ok(all)
}

/// Whether [`report_changes`] has anything to do.
pub fn changes_due(db: &Db, now: i64) -> Result<bool, StoreError> {
    if !remembers(db) {
        return Ok(false);
    }
    let count = Statement::same("SELECT count(*) FROM own.admin_changed");
    if db.number(count.own(), &[])? > u64::from(MOST) {
        return Ok(true);
    }
    for changed in changed(db, "", "")? {
        let over = now - changed.at > db.window();
        if over && (changed.reported.is_empty() || now - changed.at > SHOWN) {
            return Ok(true);
        }
        if changed.at > now + SET_BACK || (!over && !news(db, &changed)?.is_empty()) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn news(db: &Db, changed: &Changed) -> Result<Vec<String>, StoreError> {
    let differences = differences(db, changed)?.into_iter();
    Ok(differences.filter(|what| !changed.reported.contains(what)).collect())
}

/// Reports what was reverted since the last call, and removes expired entries.
pub fn report_changes(tx: &Tx<'_>, now: i64) -> Result<(), StoreError> {
    if !remembers(tx) {
        return Ok(());
    }
    forget(tx, now)?;
    for mut changed in changed(tx, "", "")? {
        if now - changed.at > tx.window() {
            continue;
        }
        let news = news(tx, &changed)?;
        if news.is_empty() {
            continue;
        }
        changed.reported.extend(news.iter().cloned());
        let reported = json(&changed.reported);
        let update =
            Statement::same("UPDATE own.admin_changed SET reported = ?2 WHERE user_uid = ?1");
        tx.change(update.own(), &[(&changed.uid).into(), (&reported).into()])?;
        tx.add_effect(Effect::WentBack(Reverted { user_name: changed.name, what: news }));
    }
    Ok(())
}

/// Removes expired entries, and the oldest where there are too many.
fn forget(tx: &Tx<'_>, now: i64) -> Result<(), StoreError> {
    let over = Statement::same(
        "DELETE FROM own.admin_changed WHERE changed_at < ?1 OR changed_at > ?3
           OR (changed_at < ?2 AND reported = '[]')",
    );
    let times = [now - SHOWN, now - tx.window(), now + SET_BACK];
    tx.change(over.own(), &times.map(Value::from))?;
    let oldest = Statement::same(
        "SELECT user_uid FROM own.admin_changed ORDER BY changed_at DESC LIMIT ?1 OFFSET ?2",
    );
    let uids = tx.all(oldest.own(), &[u64::MAX.into(), MOST.into()], |row| row.text(0))?;
    let delete = Statement::same("DELETE FROM own.admin_changed WHERE user_uid = ?1");
    for uid in uids {
        tx.change(delete.own(), &[(&uid).into()])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
