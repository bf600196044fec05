//! `admin_changed`: the rights that were set in PhotoPrism's database while a running PhotoPrism
//! may still have the old account in memory. A session in its memory writes the whole account back;
//! such a reversal is reported and not undone, as an admin may have intended it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::params;
use serde::{Deserialize, Serialize};

use super::accounts::account_by_uid;
use super::db::{Db, Tx};
use super::error::StoreError;
use super::rows::text;
use super::times::format_stored;
use super::visible::visible;
use crate::model::{Account, Effect, Reverted};

/// Accounts that are stored, the most recently changed.
const MOST: i64 = 1000;

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

/// Changes an account, and stores what that did to its rights.
pub(super) fn watched(
    tx: &Tx<'_>,
    uid: &str,
    now: Timestamp,
    change: impl FnOnce() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    if !remembers(tx) {
        return change();
    }
    let before = account_by_uid(tx, uid)?;
    change()?;
    match before {
        Some(before) => remember(tx, &before, now),
        None => Ok(()),
    }
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

fn write(tx: &Tx<'_>, row: &Account, rights: &Rights, now: Timestamp) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached(
            "INSERT INTO admin.admin_changed (user_uid, user_name, changed_at, rights, made_here,
               reported) VALUES (?1, ?2, ?3, ?4, '', '[]')
             ON CONFLICT (user_uid) DO UPDATE SET user_name = excluded.user_name,
               changed_at = excluded.changed_at, rights = excluded.rights, reported = '[]'",
        )?
        .execute(params![row.uid, row.name, now.as_second(), json(rights)])?;
    Ok(())
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Accounts whose sessions a running PhotoPrism may hold, before a restore replaces them all.
pub(super) fn held_accounts(tx: &Tx<'_>, now: i64) -> Result<Vec<Account>, StoreError> {
    if !remembers(tx) {
        return Ok(Vec::new());
    }
    let mut statement = tx.conn.prepare_cached(
        "SELECT DISTINCT user_uid FROM admin.admin_ended WHERE seen_at = ?1 AND user_uid <> '' LIMIT ?2",
    )?;
    let uids = statement.query_map([now, MOST], |row| text(row, 0))?;
    let uids: Vec<String> = uids.collect::<Result<_, _>>()?;
    let rows = uids.iter().map(|uid| account_by_uid(tx, uid));
    Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Stores that the daemon itself created an app password, so that it is not reported.
pub(super) fn made_here(tx: &Tx<'_>, uid: &str, id: &str) -> Result<(), StoreError> {
    if remembers(tx) {
        let add =
            "UPDATE admin.admin_changed SET made_here = made_here || ?2 || ' ' WHERE user_uid = ?1";
        tx.conn.prepare_cached(add)?.execute([uid, id])?;
    }
    Ok(())
}

fn changed(db: &Db, which: &str, value: &str) -> Result<Vec<Changed>, StoreError> {
    let statement = format!(
        "SELECT user_uid, user_name, changed_at, rights, made_here, reported FROM admin.admin_changed
         {which} ORDER BY changed_at DESC LIMIT {MOST}"
    );
    let mut statement = db.conn.prepare_cached(&statement)?;
    let values: &[&dyn rusqlite::ToSql] = if which.is_empty() { &[] } else { &[&value] };
    let rows = statement.query_map(values, |row| {
        Ok(Changed {
            uid: text(row, 0)?,
            name: text(row, 1)?,
            at: row.get(2)?,
            rights: serde_json::from_str(&text(row, 3)?).unwrap_or_default(),
            made_here: text(row, 4)?,
            reported: serde_json::from_str(&text(row, 5)?).unwrap_or_default(),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
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
    let mut statement = db.conn.prepare_cached(&format!(
        "SELECT u.id, {columns} FROM auth_sessions u WHERE u.user_uid = ?1
           AND u.auth_provider = 'application' AND u.auth_method = 'default'
           AND u.created_at >= strftime('%Y-%m-%d %H:%M:%S', ?2 + 1, 'unixepoch') AND {}
         ORDER BY u.created_at LIMIT 20",
        visible(&db.columns)
    ))?;
    let rows = statement.query_map(params![changed.uid, changed.at], |row| {
        Ok((text(row, 0)?, text(row, 1)?, text(row, 2)?.chars().take(200).collect()))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
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
    let most = "SELECT count(*) > ?1 FROM admin.admin_changed";
    if db.conn.prepare_cached(most)?.query_row([MOST], |row| row.get(0))? {
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
    tx.conn.execute(
        "DELETE FROM admin.admin_changed WHERE changed_at < ?1 OR changed_at > ?3
           OR (changed_at < ?2 AND reported = '[]')
           OR user_uid NOT IN (
             SELECT user_uid FROM admin.admin_changed ORDER BY changed_at DESC LIMIT ?4)",
        [now - SHOWN, now - tx.window(), now + SET_BACK, MOST],
    )?;
    for mut changed in changed(tx, "", "")? {
        if now - changed.at > tx.window() {
            continue;
        }
        let news = news(tx, &changed)?;
        if news.is_empty() {
            continue;
        }
        changed.reported.extend(news.iter().cloned());
        let update = "UPDATE admin.admin_changed SET reported = ?2 WHERE user_uid = ?1";
        tx.conn.prepare_cached(update)?.execute([&changed.uid, &json(&changed.reported)])?;
        tx.add_effect(Effect::WentBack(Reverted { user_name: changed.name, what: news }));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use photoprism_protocol::role;

    use super::*;
    use crate::model::{NewAccount, Role};
    use crate::store::attached;
    use crate::store::testing::{own, photoprism};
    use crate::store::{account_by_uid, account_insert, account_update};

    const NOW: i64 = 1_795_953_600;

    fn remembered(db: &Db) -> i64 {
        let all = "SELECT count(*) FROM admin.admin_changed";
        db.conn.query_row(all, [], |row| row.get(0)).unwrap()
    }

    fn user(db: &Db, uid: &str) {
        let (uid, name) = (uid.to_owned(), format!("name of {uid}"));
        let account =
            Account { uid, name, role: Role::Known(role::Role::Admin), ..Account::default() };
        let new = NewAccount { account, ..NewAccount::default() };
        account_insert(&Tx::new(db), &new).unwrap();
    }

    fn set_role(db: &Db, uid: &str, role: Role) {
        let before = account_by_uid(db, uid).unwrap().unwrap();
        let after = Account { role, ..before.clone() };
        let now = Timestamp::from_second(NOW).unwrap();
        account_update(&Tx::new(db), &before, &after, now).unwrap();
    }

    fn photoprism_db() -> (tempfile::TempDir, Db) {
        let (directory, mut db) = photoprism();
        attached::ready(&mut db).unwrap();
        (directory, db)
    }

    #[test]
    fn only_so_many_are_remembered_and_only_for_so_long() {
        let (_directory, db) = photoprism_db();
        db.begin().unwrap();
        for number in 0..MOST + 5 {
            let uid = format!("u{number:015}");
            user(&db, &uid);
            set_role(&db, &uid, Role::Known(role::Role::Guest));
        }
        db.commit().unwrap();
        assert!(changes_due(&db, NOW).unwrap());
        report_changes(&Tx::new(&db), NOW).unwrap();
        assert_eq!(remembered(&db), MOST);
        assert!(!changes_due(&db, NOW + db.window()).unwrap());
        assert!(changes_due(&db, NOW + db.window() + 1).unwrap());
        report_changes(&Tx::new(&db), NOW + db.window() + 1).unwrap();
        assert_eq!(remembered(&db), 0);
    }

    #[test]
    fn what_was_reported_is_shown_for_a_week_whatever_the_clock_does() {
        let (_directory, db) = photoprism_db();
        user(&db, "u1");
        set_role(&db, "u1", Role::Known(role::Role::Guest));
        db.conn.execute("UPDATE auth_users SET user_role = 'admin'", []).unwrap();
        assert!(changes_due(&db, NOW).unwrap());
        let tx = Tx::new(&db);
        report_changes(&tx, NOW).unwrap();
        let what = vec!["role is admin again, it was set to guest".to_owned()];
        let user_name = "name of u1".to_owned();
        let back = Reverted { user_name, what };
        assert_eq!(tx.take_effects(), [Effect::WentBack(back.clone())]);
        report_changes(&tx, NOW).unwrap();
        assert_eq!((tx.take_effects(), changes_due(&db, NOW).unwrap()), (vec![], false), "once");
        report_changes(&tx, NOW + SHOWN).unwrap();
        assert_eq!(reverted_changes(&db).unwrap(), [back]);
        assert!(changes_due(&db, NOW - SET_BACK - 1).unwrap());
        report_changes(&tx, NOW - SET_BACK - 1).unwrap();
        assert_eq!((remembered(&db), reverted_changes(&db).unwrap()), (0, vec![]));
    }

    #[test]
    fn the_daemon_s_own_database_stores_nothing() {
        let (_directory, db) = own();
        user(&db, "u1");
        set_role(&db, "u1", Role::Known(role::Role::Guest));
        assert!(!changes_due(&db, NOW).unwrap() && reverted_changes(&db).unwrap().is_empty());
    }
}
