//! Ends sessions: the only place that deletes their rows. In PhotoPrism's database, sessions that a
//! running PhotoPrism may still hold are recorded first, so that they stay ended.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::back::{Which, is_kept};
use super::ended::{EXPIRE, enter};
use super::notifying::has_pending;
use super::reload::{copy_again, put_back_missing};
use crate::model::{Ended, Lifetime};
use crate::session_index::PendingUses;
use crate::store::attached::note_emptied;
use crate::store::db::{Db, Tx};
use crate::store::engine::{Statement, Value, places};
use crate::store::error::StoreError;
use crate::store::visible::visible;

/// Ends the sessions of an account and returns their number. App passwords stay: their rights are
/// those that the account has when they are used. Sessions created from them end.
pub fn end_sessions(tx: &Tx<'_>, uid: &str, now: i64) -> Result<u64, StoreError> {
    let condition =
        "user_uid = ?1 AND NOT (auth_provider = 'application' AND auth_method = 'default')";
    end(tx, Which { condition, values: &[uid.into()] }, now)
}

/// Ends the sessions of an account, including its app passwords, and returns their number.
pub fn end_all_sessions(tx: &Tx<'_>, uid: &str, now: i64) -> Result<u64, StoreError> {
    end(tx, Which { condition: "user_uid = ?1", values: &[uid.into()] }, now)
}

/// The same for some accounts by one statement each for all of them; the number of each that had any.
///
/// # Errors
/// The store's. SQLite takes no more than 32,000 of them.
pub fn end_sessions_of_all(
    tx: &Tx<'_>,
    uids: &[&str],
    now: i64,
) -> Result<BTreeMap<String, u64>, StoreError> {
    if uids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let condition = format!("user_uid IN ({})", places(1, uids.len()));
    let values: Vec<Value<'_>> = uids.iter().map(|uid| Value::from(*uid)).collect();
    // Before those are counted that PhotoPrism deletes just now because it was asked to.
    put_back_missing(tx)?;
    let counted = format!(
        "SELECT user_uid, count(*) FROM auth_sessions u WHERE {condition} AND {}
         GROUP BY user_uid",
        visible(&tx.columns)
    );
    let counted = tx.all(Statement::same(&counted), &values, |row| {
        Ok((row.text(0)?, row.integer(1)?.unsigned_abs()))
    })?;
    end(tx, Which { condition: &condition, values: &values }, now)?;
    Ok(counted.into_iter().collect())
}

/// Ends a session and those created from it, and returns their number.
pub fn delete_session(tx: &Tx<'_>, id: &str, now: i64) -> Result<u64, StoreError> {
    let condition = "id = ?1
         OR (auth_id = ?1 AND auth_provider = 'application' AND auth_method = 'session')";
    end(tx, Which { condition, values: &[id.into()] }, now)
}

/// Ends every session, and returns their number.
pub(in crate::store) fn delete_all_sessions(tx: &Tx<'_>, now: i64) -> Result<u64, StoreError> {
    end(tx, Which::EVERY, now)
}

/// The same in MariaDB, where no number says which row was added last.
const LOGINS_OF_SERVER: Statement<'_> = Statement::same(
    "SELECT id, created_at, last_active, sess_expires, sess_timeout FROM auth_sessions
     WHERE user_uid = ?1 AND grant_type = 'password'
       AND NOT (auth_provider = 'application' AND auth_method = 'default')
     ORDER BY created_at DESC, id DESC",
);

/// The logins of an account, the newest first; of those of the same second the one that was added
/// last.
const LOGINS: Statement<'_> = Statement::sqlite(
    "SELECT id, created_at, last_active, sess_expires, sess_timeout FROM auth_sessions
     WHERE user_uid = ?1 AND grant_type = 'password'
       AND NOT (auth_provider = 'application' AND auth_method = 'default')
     ORDER BY created_at DESC, rowid DESC",
);

/// Ends the oldest live logins of an account beyond `most`, and returns their ids.
pub fn trim_logins(tx: &Tx<'_>, uid: &str, most: u32, now: i64) -> Result<Vec<String>, StoreError> {
    if !tx.columns.has("auth_sessions", "grant_type") {
        // There, a login cannot be distinguished from another session.
        return Ok(Vec::new());
    }
    let logins = if tx.columns.is_server() { LOGINS_OF_SERVER } else { LOGINS };
    let live = tx.all(logins, &[uid.into()], |row| {
        let lifetime = Lifetime {
            created: row.time(1)?.map_or(0, Timestamp::as_second),
            last_active: row.integer(2)?,
            expires: row.integer(3)?,
            timeout: row.integer(4)?,
        };
        Ok((!lifetime.is_expired(now)).then_some(row.text(0)?))
    })?;
    let ids: Vec<String> = live.into_iter().flatten().skip(most as usize).collect();
    for id in &ids {
        end(tx, Which { condition: "id = ?1", values: &[id.into()] }, now)?;
    }
    Ok(ids)
}

/// Sessions whose end has come at `?1`, in the daemon's own database. Its index has the day first.
pub(super) const PAST_END: &str = "u.sess_expires > 0 AND u.sess_expires / 86400 <= ?1 / 86400
     AND u.sess_expires <= ?1";

/// Those that end after `?2` seconds without use, and were not used for so long.
pub(super) const IDLE: &str = "u.sess_timeout = ?2 AND u.last_active <= ?1 - ?2
     AND ifnull(unixepoch(u.created_at), 0) <= ?1 - ?2";

pub(super) const TIMEOUTS: &str =
    "SELECT min(sess_timeout) FROM auth_sessions WHERE sess_timeout > ?1";

/// The idle timeouts that sessions have: a handful.
pub(super) fn timeouts(db: &Db) -> Result<Vec<i64>, StoreError> {
    let mut statement = db.prepare(Statement::same(TIMEOUTS))?;
    let mut found = Vec::new();
    let mut last = 0;
    while let Some(Some(next)) = statement.one(&[last.into()], |row| row.optional_integer(0))? {
        found.push(next);
        last = next;
    }
    Ok(found)
}

/// Deletes at most `most` expired sessions of the daemon's own database and returns their ids. One
/// whose last use is not yet written may still be alive, and stays.
pub fn sweep_sessions(
    tx: &Tx<'_>,
    now: i64,
    most: u32,
    uses: &PendingUses,
) -> Result<Vec<String>, StoreError> {
    let mut ids = BTreeSet::new();
    let mut add = |which: &str, values: &[Value<'_>]| -> Result<(), StoreError> {
        let statement = format!("SELECT u.id FROM auth_sessions u WHERE {which}");
        let mut statement = tx.prepare(Statement::sqlite(&statement))?;
        let mut rows = statement.query(values)?;
        while ids.len() < most as usize
            && let Some(row) = rows.next()?
        {
            let id = row.text(0)?;
            if uses.last_use_of(&id).is_none() {
                ids.insert(id);
            }
        }
        Ok(())
    };
    add(PAST_END, &[now.into()])?;
    for timeout in timeouts(tx)? {
        add(IDLE, &[now.into(), timeout.into()])?;
    }
    let mut delete = tx.prepare(Statement::same("DELETE FROM auth_sessions WHERE id = ?1"))?;
    for id in &ids {
        delete.change(&[id.into()])?;
    }
    Ok(ids.into_iter().collect())
}

fn end(tx: &Tx<'_>, which: Which<'_>, now: i64) -> Result<u64, StoreError> {
    // A row that PhotoPrism deletes just now because it was asked to is there for this.
    put_back_missing(tx)?;
    let accounts = accounts_of(tx, which)?;
    let to_notify = enter(tx, which, now)?;
    let mut ended = 0;
    for id in &to_notify {
        ended += tx.change(EXPIRE, &[id.into()])?;
    }
    ended += delete(tx, which)?;
    copy_again(tx)?;
    if ended > 0 {
        tx.note_ended(|noted| {
            noted.rows += ended;
            noted.accounts(accounts);
        });
    }
    Ok(ended)
}

/// Deletes these sessions, save those that are kept.
fn delete(tx: &Tx<'_>, which: Which<'_>) -> Result<u64, StoreError> {
    if has_pending(tx)? {
        let kept = is_kept(&tx.columns);
        let statement =
            format!("DELETE FROM auth_sessions WHERE ({}) AND NOT {kept}", which.condition);
        return tx.change(Statement::same(&statement), which.values);
    }
    if which.condition == Which::EVERY.condition {
        note_emptied(tx, "auth_sessions")?;
        // Without a condition SQLite frees the pages as they are, seven times as fast.
        return tx.change(Statement::same("DELETE FROM auth_sessions"), &[]);
    }
    let statement = format!("DELETE FROM auth_sessions WHERE {}", which.condition);
    tx.change(Statement::same(&statement), which.values)
}

/// The accounts of these sessions, a few, where a reply is to say for how long they may be honoured.
fn accounts_of(tx: &Tx<'_>, which: Which<'_>) -> Result<Vec<String>, StoreError> {
    if tx.running.notifier.is_none() || !tx.columns.keeps_ended() {
        return Ok(Vec::new());
    }
    let statement = format!(
        "SELECT DISTINCT user_uid FROM auth_sessions WHERE {} LIMIT {}",
        which.condition,
        Ended::MOST_ACCOUNTS + 1
    );
    tx.all(Statement::same(&statement), which.values, |row| row.text(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::own;

    #[test]
    fn only_live_logins_count_and_of_one_second_the_last_stays() {
        let (_directory, db) = own();
        db.sqlite().unwrap()
            .execute_batch(
                "INSERT INTO auth_sessions (id, user_uid, grant_type, auth_provider, auth_method,
                   created_at, last_active, sess_expires, sess_timeout) VALUES
                   ('old', 'u1', 'password', '', '', '2026-11-24 11:00:00+00:00', 0, -1, 0),
                   ('z', 'u1', 'password', '', '', '2026-11-24 12:00:00+00:00', 0, 0, 0),
                   ('a', 'u1', 'password', '', '', '2026-11-24 12:00:00+00:00', 0, 0, 0),
                   ('over', 'u1', 'password', '', '', '2026-11-24 12:00:01+00:00', 0, 1795521660, 0),
                   ('idle', 'u1', 'password', '', '', '2026-11-24 11:59:00+00:00', 0, 0, 60),
                   ('new', 'u1', 'password', '', '', '2026-11-24 12:00:01+00:00', 0, 0, 60),
                   ('used', 'u1', 'password', '', '', NULL, 1795521650, 0, 60),
                   ('app', 'u1', 'password', 'application', 'default', NULL, 0, 0, 0),
                   ('other', 'u1', 'cli', '', '', NULL, 0, 0, 0),
                   ('bob', 'u2', 'password', '', '', NULL, 0, 0, 0);",
            )
            .unwrap();
        let trim = |most| {
            db.begin().unwrap();
            let ended = trim_logins(&Tx::new(&db), "u1", most, 1_795_521_660).unwrap();
            db.rollback().unwrap();
            ended
        };
        assert_eq!(trim(0), ["new", "a", "z", "old", "used"]);
        assert_eq!(trim(2), ["z", "old", "used"]);
        assert_eq!(trim(5), [""; 0]);
    }
}
