//! `passcodes` in PhotoPrism's format, and `admin_passcode_steps`: which codes were used.

use jiff::Timestamp;
use photoprism_protocol::secret::Secret;

use super::db::{Db, Tx};
use super::engine::Statement;
use super::error::StoreError;
use super::kept::check_kept;

/// The two-factor key of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passcode {
    /// `otpauth://totp/…`.
    pub key_url: Secret,
    /// Works once in place of a code; `""` where there is none.
    pub recovery_code: Secret,
    /// A correct code was entered.
    pub verified_at: Option<Timestamp>,
    /// Codes are required. PhotoPrism takes any stored time for that, also one that cannot be read.
    pub(crate) is_active: bool,
    /// Since when, where that can be read.
    pub activated_at: Option<Timestamp>,
    /// The key was created.
    pub created_at: Option<Timestamp>,
}

const FIND: &str = "SELECT key_url, recovery_code, verified_at, activated_at, created_at
     FROM passcodes WHERE uid = ?1 AND key_type = 'totp'";

const REPLACE: Statement<'_> = Statement::same(
    "UPDATE passcodes SET key_url = ?2, recovery_code = '', verified_at = NULL, created_at = ?3,
       updated_at = ?3
     WHERE uid = ?1 AND key_type = 'totp' AND activated_at IS NULL",
);

const ADD: Statement<'_> = Statement::same(
    "INSERT INTO passcodes
       (uid, key_type, key_url, recovery_code, verified_at, activated_at, created_at, updated_at)
     VALUES (?1, 'totp', ?2, '', NULL, NULL, ?3, ?3)",
);

const ACTIVATE: Statement<'_> = Statement::same(
    "UPDATE passcodes SET recovery_code = ?2, verified_at = ?3, activated_at = ?3, updated_at = ?3
     WHERE uid = ?1 AND key_type = 'totp' AND activated_at IS NULL",
);

const SET_RECOVERY: Statement<'_> = Statement::same(
    "UPDATE passcodes SET recovery_code = ?2, updated_at = ?3
     WHERE uid = ?1 AND key_type = 'totp' AND activated_at IS NOT NULL",
);

const FORGET_STEPS: Statement<'_> =
    Statement::same("DELETE FROM own.admin_passcode_steps WHERE uid = ?1").own();

const LAST_STEP: Statement<'_> =
    Statement::same("SELECT step FROM own.admin_passcode_steps WHERE uid = ?1").own();

const NEXT_STEP: Statement<'_> =
    Statement::same("UPDATE own.admin_passcode_steps SET step = ?2 WHERE uid = ?1 AND step < ?2")
        .own();

const FIRST_STEP: Statement<'_> =
    Statement::same("INSERT INTO own.admin_passcode_steps (uid, step) VALUES (?1, ?2)").own();

/// Whether this version of PhotoPrism supports two-factor authentication.
pub fn has_passcodes(db: &Db) -> bool {
    db.columns.has_table("passcodes")
}

/// The key of an account, active or not.
pub fn passcode_find(db: &Db, uid: &str) -> Result<Option<Passcode>, StoreError> {
    if !has_passcodes(db) {
        return Ok(None);
    }
    let statement = format!("{FIND}{}", db.row_lock());
    db.one(Statement::same(&statement), &[uid.into()], |row| {
        Ok(Passcode {
            key_url: Secret::new(row.text(0)?),
            recovery_code: Secret::new(row.text(1)?),
            verified_at: row.time(2)?,
            is_active: !row.text(3)?.is_empty(),
            activated_at: row.time(3)?,
            created_at: row.time(4)?,
        })
    })
}

/// Stores a new key that is not yet active, replacing another such; the steps of an older key are
/// deleted. False, and no change, if an active one exists.
pub fn passcode_enroll(
    tx: &Tx<'_>,
    uid: &str,
    key_url: &Secret,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let key_url = key_url.expose();
    check_kept(tx, "passcodes", &[("uid", uid.into()), ("key_url", key_url.into())])?;
    let values = [uid.into(), key_url.into(), now.into()];
    if tx.change(REPLACE, &values)? == 0 {
        if passcode_find(tx, uid)?.is_some() {
            return Ok(false);
        }
        tx.change(ADD, &values)?;
    }
    tx.change(FORGET_STEPS, &[uid.into()])?;
    Ok(true)
}

/// Activates the key of an account, with a recovery code. False, and no change, if there is no
/// inactive key.
pub fn passcode_activate(
    tx: &Tx<'_>,
    uid: &str,
    recovery_code: &Secret,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let code = recovery_code.expose().into();
    check_kept(tx, "passcodes", &[("recovery_code", code)])?;
    Ok(tx.change(ACTIVATE, &[uid.into(), code, now.into()])? == 1)
}

/// Replaces the recovery code of an account's active key; false if there is none.
pub fn passcode_set_recovery(
    tx: &Tx<'_>,
    uid: &str,
    recovery_code: &Secret,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let code = recovery_code.expose().into();
    check_kept(tx, "passcodes", &[("recovery_code", code)])?;
    Ok(tx.change(SET_RECOVERY, &[uid.into(), code, now.into()])? == 1)
}

/// The last step whose code an account used.
pub fn passcode_last_step(db: &Db, uid: &str) -> Result<Option<i64>, StoreError> {
    if !db.columns.has_table("admin_passcode_steps") {
        return Ok(None);
    }
    db.one(LAST_STEP, &[uid.into()], |row| row.exact_integer(0))
}

/// Marks the code of a step as used: false if that step, or a later one, was used before.
pub fn consume_totp_step(tx: &Tx<'_>, uid: &str, step: i64) -> Result<bool, StoreError> {
    let values = [uid.into(), step.into()];
    if tx.change(NEXT_STEP, &values)? == 1 {
        return Ok(true);
    }
    let is_first = passcode_last_step(tx, uid)?.is_none();
    if is_first {
        tx.change(FIRST_STEP, &values)?;
    }
    Ok(is_first)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{options, own, photoprism};
    use super::super::{Database, Store};
    use super::*;

    const BOB: &str = "u0000000000000bob";
    const NOON: Timestamp = Timestamp::constant(1_795_521_600, 0);
    const LATER: Timestamp = Timestamp::constant(1_795_521_630, 0);

    fn secret(text: &str) -> Secret {
        Secret::new(text.into())
    }

    #[test]
    fn a_key_is_pending_then_active() {
        let (_directory, db) = own();
        let tx = Tx::new(&db);
        assert_eq!(passcode_find(&db, BOB).unwrap(), None);
        assert!(!passcode_activate(&tx, BOB, &secret("code"), NOON).unwrap());
        assert!(passcode_enroll(&tx, BOB, &secret("first"), NOON).unwrap());
        assert!(!passcode_set_recovery(&tx, BOB, &secret("code"), NOON).unwrap());
        assert!(passcode_enroll(&tx, BOB, &secret("second"), NOON).unwrap());
        let pending = passcode_find(&db, BOB).unwrap().unwrap();
        assert_eq!(pending.key_url.expose(), "second");
        assert_eq!((pending.activated_at, pending.recovery_code.expose()), (None, ""));

        assert!(passcode_activate(&tx, BOB, &secret("code"), LATER).unwrap());
        let active = passcode_find(&db, BOB).unwrap().unwrap();
        assert_eq!(active.recovery_code.expose(), "code");
        assert_eq!(active.created_at, Some(NOON));
        assert_eq!((active.verified_at, active.activated_at), (Some(LATER), Some(LATER)));
        assert!(!passcode_activate(&tx, BOB, &secret("other"), LATER).unwrap());
        assert!(!passcode_enroll(&tx, BOB, &secret("third"), LATER).unwrap());
        assert!(passcode_set_recovery(&tx, BOB, &secret("new"), LATER).unwrap());
        let renewed = passcode_find(&db, BOB).unwrap().unwrap();
        assert_eq!(renewed.recovery_code.expose(), "new");
        assert_eq!(renewed.key_url.expose(), "second");
    }

    #[test]
    fn any_stored_time_makes_a_key_active() {
        let (_directory, db) = own();
        let tx = Tx::new(&db);
        passcode_enroll(&tx, BOB, &secret("key"), NOON).unwrap();
        assert!(!passcode_find(&db, BOB).unwrap().unwrap().is_active);
        let zero = "UPDATE passcodes SET activated_at = '0001-01-01 00:00:00+00:00'";
        db.sqlite().unwrap().execute(zero, []).unwrap();
        let found = passcode_find(&db, BOB).unwrap().unwrap();
        assert_eq!((found.is_active, found.activated_at), (true, None));
        assert!(!passcode_enroll(&tx, BOB, &secret("other"), NOON).unwrap());
    }

    #[test]
    fn a_row_shows_no_secret() {
        let (_directory, db) = own();
        passcode_enroll(&Tx::new(&db), BOB, &secret("otpauth-url"), NOON).unwrap();
        let row = passcode_find(&db, BOB).unwrap().unwrap();
        assert!(!format!("{row:?}").contains("otpauth"));
    }

    #[test]
    fn a_step_is_taken_once_and_never_one_before() {
        let (_directory, db) = own();
        let tx = Tx::new(&db);
        assert_eq!(passcode_last_step(&db, BOB).unwrap(), None);
        for (step, taken) in [(5, true), (5, false), (4, false), (6, true), (5, false)] {
            assert_eq!(consume_totp_step(&tx, BOB, step).unwrap(), taken, "{step}");
        }
        assert_eq!(passcode_last_step(&db, BOB).unwrap(), Some(6));
        assert!(consume_totp_step(&tx, "u00000000000alice", 1).unwrap());
        // Another key has other codes.
        passcode_enroll(&tx, BOB, &secret("key"), NOON).unwrap();
        assert!(consume_totp_step(&tx, BOB, 6).unwrap());
    }

    #[tokio::test(flavor = "current_thread")]
    async fn of_fifty_that_take_a_step_at_once_one_succeeds() {
        let directory = tempfile::tempdir().unwrap();
        let (store, threads) =
            Store::start(Database::open(options(&directory)).unwrap(), Box::new(drop)).unwrap();
        for step in [10, 11, 12] {
            let takes = (0..50).map(|_| {
                store.write(std::time::Duration::from_secs(30), move |tx| {
                    consume_totp_step(tx, BOB, step)
                })
            });
            let outcomes = futures_util::future::join_all(takes).await;
            let won = outcomes.into_iter().filter(|taken| *taken.as_ref().unwrap()).count();
            assert_eq!(won, 1);
        }
        store.stop();
        threads.join().unwrap();
    }

    #[test]
    fn a_database_without_the_table_of_steps_has_none() {
        let (_directory, db) = photoprism();
        assert_eq!(passcode_last_step(&db, BOB).unwrap(), None);
    }
}
