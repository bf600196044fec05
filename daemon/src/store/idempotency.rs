//! `admin_idempotency`: results of writes that carried a key.

use std::collections::VecDeque;

use super::db::{Db, Tx};
use super::engine::Statement;
use super::error::StoreError;
use super::remembered::KeyRoom;

/// How long a result is kept, in seconds (`spec/protocol.md`: 24 h).
const KEPT_SECONDS: i64 = 24 * 60 * 60;

/// Results kept for one uid, the oldest go (`spec/protocol.md`).
const KEPT_ROWS: u64 = 10_000;

/// Keys that are chosen to go next at once, where a uid has as many as it may have.
const CHOSEN: usize = 64;

/// A stored result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The command.
    pub command: String,
    /// Keyed hash of command and arguments, the password left out.
    pub fingerprint: Vec<u8>,
    /// UID of the account whose hash must match the password now; `""`: none was given.
    pub password_of: String,
    /// The `result` object with every secret as `null`.
    pub result: String,
}

// `key` is a word of SQL.
const FIND: Statement<'_> = Statement::same(
    "SELECT command, fingerprint, password_of, result FROM own.admin_idempotency
     WHERE uid = ?1 AND `key` = ?2 AND created_at > ?3",
)
.own();

const KEEP: Statement<'_> = Statement::same(
    "REPLACE INTO own.admin_idempotency
       (uid, `key`, command, fingerprint, password_of, result, created_at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
)
.own();

const DELETE: Statement<'_> =
    Statement::same("DELETE FROM own.admin_idempotency WHERE uid = ?1 AND `key` = ?2").own();

const DELETE_OLD: Statement<'_> =
    Statement::same("DELETE FROM own.admin_idempotency WHERE uid = ?1 AND created_at <= ?2").own();

const COUNT: Statement<'_> =
    Statement::same("SELECT count(*) FROM own.admin_idempotency WHERE uid = ?1").own();

const OLDEST: Statement<'_> = Statement::same(
    "SELECT `key` FROM own.admin_idempotency WHERE uid = ?1 ORDER BY created_at LIMIT ?2",
)
.own();

/// What the key of that uid stored within the last 24 hours.
pub fn idempotency_find(
    db: &Db,
    uid: u32,
    key: &str,
    now: i64,
) -> Result<Option<IdempotencyRecord>, StoreError> {
    if !db.columns.admin {
        return Ok(None);
    }
    db.one(FIND, &[uid.into(), key.into(), (now - KEPT_SECONDS).into()], |row| {
        Ok(IdempotencyRecord {
            command: row.exact_text(0)?,
            fingerprint: row.bytes(1)?,
            password_of: row.exact_text(2)?,
            result: row.exact_text(3)?,
        })
    })
}

/// Stores a result, and deletes what is too old or too much.
pub fn idempotency_keep(
    tx: &Tx<'_>,
    owner: (u32, &str),
    kept: &IdempotencyRecord,
    now: i64,
) -> Result<(), StoreError> {
    let (uid, key) = owner;
    tx.change(DELETE_OLD, &[uid.into(), (now - KEPT_SECONDS).into()])?;
    make_room(tx, uid)?;
    let values = [
        uid.into(),
        key.into(),
        (&kept.command).into(),
        kept.fingerprint[..].into(),
        (&kept.password_of).into(),
        (&kept.result).into(),
        now.into(),
    ];
    tx.change(KEEP, &values)?;
    tx.own_tables.tracked.key(uid, key);
    Ok(())
}

/// Sets times in the future to `now`: keys of a clock that was wrong are kept as long as others.
pub(super) fn idempotency_clamp_times(tx: &Tx<'_>, now: i64) -> Result<(), StoreError> {
    let clamp =
        Statement::same("UPDATE own.admin_idempotency SET created_at = ?1 WHERE created_at > ?1");
    tx.change(clamp.own(), &[now.into()]).map(drop)
}

/// Makes room for one more key of that uid. They are counted seldom: a write that is rolled back,
/// and a key that goes otherwise, only leave more room than is known.
fn make_room(tx: &Tx<'_>, uid: u32) -> Result<(), StoreError> {
    let mut rooms = tx.own_tables.keys.0.borrow_mut();
    let delete = |key: &str| -> Result<bool, StoreError> {
        Ok(tx.change(DELETE, &[uid.into(), key.into()])? > 0)
    };
    match rooms.get_mut(&uid) {
        Some(KeyRoom::For(room)) if *room > 0 => {
            *room -= 1;
            return Ok(());
        }
        Some(KeyRoom::Oldest(oldest)) => {
            if let Some(key) = oldest.pop_front()
                && delete(&key)?
            {
                return Ok(());
            }
        }
        _ => {}
    }
    let rows = tx.number(COUNT, &[uid.into()])?;
    let room = if rows < KEPT_ROWS {
        KeyRoom::For(KEPT_ROWS - rows - 1)
    } else {
        // One more than are too many; those after it go with the next keys.
        let excess = usize::try_from(rows - KEPT_ROWS).unwrap_or(usize::MAX).saturating_add(1);
        let mut oldest = oldest(tx, uid, excess.saturating_add(CHOSEN))?;
        for key in oldest.drain(..excess.min(oldest.len())) {
            delete(&key)?;
        }
        KeyRoom::Oldest(oldest)
    };
    rooms.insert(uid, room);
    Ok(())
}

fn oldest(tx: &Tx<'_>, uid: u32, most: usize) -> Result<VecDeque<String>, StoreError> {
    Ok(tx.all(OLDEST, &[uid.into(), most.into()], |row| row.text(0))?.into())
}

#[cfg(test)]
mod tests {
    use super::super::testing::own;
    use super::*;

    const NOON: i64 = 1_795_521_600;

    fn rows(db: &Db, uid: u32) -> i64 {
        let mut statement = db
            .sqlite()
            .unwrap()
            .prepare_cached("SELECT count(*) FROM admin_idempotency WHERE uid = ?1")
            .unwrap();
        statement.query_row([uid], |row| row.get(0)).unwrap()
    }

    #[test]
    fn of_one_uid_ten_thousand_are_kept_and_none_for_longer_than_a_day() {
        let (_directory, db) = own();
        let tx = Tx::new(&db);
        let kept = IdempotencyRecord {
            command: "users.mod".into(),
            fingerprint: vec![7],
            password_of: String::new(),
            result: "{}".into(),
        };
        db.begin().unwrap();
        let keep = |uid, number: i64| {
            let key = format!("key-{number:08}");
            idempotency_keep(&tx, (uid, &key), &kept, NOON + number).unwrap();
        };
        keep(2000, 0);
        let most = KEPT_ROWS.cast_signed();
        for number in 0..most + 500 {
            keep(1000, number);
        }
        assert_eq!((rows(&db, 1000), rows(&db, 2000)), (most, 1));
        let found = |number: i64| {
            let key = format!("key-{number:08}");
            idempotency_find(&db, 1000, &key, NOON + number).unwrap().is_some()
        };
        assert!(!found(499) && found(500) && found(most + 499));
        keep(1000, 2 * most + KEPT_SECONDS);
        assert_eq!(rows(&db, 1000), 1, "the rest is older than a day");
        db.commit().unwrap();
    }

    #[test]
    fn a_rollback_and_keys_that_go_otherwise_cost_no_key_that_may_stay() {
        let (_directory, db) = own();
        let tx = Tx::new(&db);
        let kept = IdempotencyRecord {
            command: "users.mod".into(),
            fingerprint: vec![7],
            password_of: String::new(),
            result: "{}".into(),
        };
        let keep = |number: i64| {
            let key = format!("key-{number:08}");
            idempotency_keep(&tx, (1000, &key), &kept, NOON + number).unwrap();
        };
        let most = KEPT_ROWS.cast_signed();
        db.begin().unwrap();
        (0..most + 10).for_each(keep);
        db.commit().unwrap();
        db.begin().unwrap();
        (most + 10..most + 20).for_each(keep);
        db.rollback().unwrap();
        db.begin().unwrap();
        (most + 20..most + 30).for_each(keep);
        assert_eq!(rows(&db, 1000), most);
        // As where PhotoPrism's file was replaced.
        db.sqlite().unwrap().execute("DELETE FROM admin_idempotency", []).unwrap();
        (most + 30..most + 40).for_each(keep);
        assert_eq!(rows(&db, 1000), 10);
        db.commit().unwrap();
    }
}
