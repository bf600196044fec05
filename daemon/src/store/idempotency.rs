//! `admin_idempotency`: results of writes that carried a key.

use rusqlite::{OptionalExtension, params};

use super::db::{Db, Tx};
use super::error::StoreError;

/// How long a result is kept, in seconds (`spec/protocol.md`: 24 h).
const KEPT_SECONDS: i64 = 24 * 60 * 60;

/// Results kept for one uid, the oldest go (`spec/protocol.md`).
const KEPT_ROWS: i64 = 10_000;

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
    let kept = db
        .prepare_own(
            "SELECT command, fingerprint, password_of, result FROM own.admin_idempotency
             WHERE uid = ?1 AND key = ?2 AND created_at > ?3",
        )?
        .query_row(params![uid, key, now - KEPT_SECONDS], |row| {
            Ok(IdempotencyRecord {
                command: row.get(0)?,
                fingerprint: row.get(1)?,
                password_of: row.get(2)?,
                result: row.get(3)?,
            })
        })
        .optional()?;
    Ok(kept)
}

/// Stores a result, and deletes what is too old or too much.
pub fn idempotency_keep(
    tx: &Tx<'_>,
    owner: (u32, &str),
    kept: &IdempotencyRecord,
    now: i64,
) -> Result<(), StoreError> {
    let (uid, key) = owner;
    tx.prepare_own(
        "DELETE FROM own.admin_idempotency WHERE uid = ?1 AND (created_at <= ?2 OR created_at <= (
               SELECT created_at FROM own.admin_idempotency WHERE uid = ?1
               ORDER BY created_at DESC LIMIT 1 OFFSET ?3))",
    )?
    .execute(params![uid, now - KEPT_SECONDS, KEPT_ROWS - 1])?;
    tx.prepare_own(
        "INSERT OR REPLACE INTO own.admin_idempotency
               (uid, key, command, fingerprint, password_of, result, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        uid,
        key,
        kept.command,
        kept.fingerprint,
        kept.password_of,
        kept.result,
        now,
    ])?;
    tx.own_tables.tracked.key(uid, key);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::own;
    use super::*;

    const NOON: i64 = 1_795_521_600;

    fn rows(db: &Db, uid: u32) -> i64 {
        let mut statement = db
            .conn
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
        for number in 0..KEPT_ROWS + 500 {
            keep(1000, number);
        }
        assert_eq!((rows(&db, 1000), rows(&db, 2000)), (KEPT_ROWS, 1));
        let found = |number: i64| {
            let key = format!("key-{number:08}");
            idempotency_find(&db, 1000, &key, NOON + number).unwrap().is_some()
        };
        assert!(!found(499) && found(500) && found(KEPT_ROWS + 499));
        keep(1000, 2 * KEPT_ROWS + KEPT_SECONDS);
        assert_eq!(rows(&db, 1000), 1, "the rest is older than a day");
        db.commit().unwrap();
    }
}
