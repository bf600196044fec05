//! Foreign keys and triggers are off while rows of accounts are replaced, and only then.

use jiff::Timestamp;
use rusqlite::config::DbConfig;

use super::fixture::{StoreFixture, number};
use crate::store::db::{Db, Tx};
use crate::store::error::StoreError;
use crate::store::{empty_accounts, empty_sessions};

/// Expiry time of the sessions.
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// Accounts with details that refer to them, and a trigger that deletes unrelated rows.
const MORE: &str = "PRAGMA foreign_keys = 0; DROP TABLE auth_users_details;
    CREATE TABLE auth_users_details (user_uid PRIMARY KEY REFERENCES auth_users (user_uid));
    CREATE TRIGGER t AFTER DELETE ON auth_users BEGIN DELETE FROM photos; END;
    INSERT INTO photos (id) VALUES (1); INSERT INTO auth_users_details (user_uid) VALUES ('uid0000000000001');";

fn photoprism_db(place: &StoreFixture) -> Db {
    let path = place.photoprism("index.db");
    rusqlite::Connection::open(path).unwrap().execute_batch(MORE).unwrap();
    let mut db = place.open("index.db").unwrap();
    crate::store::attached::ready(&mut db).unwrap();
    db
}

fn assert_on(db: &Db, when: &str) {
    for switch in [DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER]
    {
        assert!(db.sqlite().unwrap().db_config(switch).unwrap(), "{when}");
    }
    let details = "INSERT INTO auth_users_details (user_uid) VALUES ('unobody')";
    let error: StoreError = db.sqlite().unwrap().execute(details, []).unwrap_err().into();
    assert!(matches!(error, StoreError::Constraint(_)), "{when}: {error}");
}

#[test]
fn they_are_on_again_after_success_error_and_panic() {
    let place = StoreFixture::new();
    let db = photoprism_db(&place);
    let tx = Tx::new(&db);
    db.begin().unwrap();
    let off = || {
        assert!(!db.sqlite().unwrap().db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY).unwrap());
        assert!(!db.sqlite().unwrap().db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER).unwrap());
    };
    db.savepoint().unwrap();
    let failed = empty_accounts(&tx, NOW, || {
        off();
        Err(StoreError::Stopped)
    });
    assert!(matches!(failed, Err(StoreError::Stopped)));
    assert_on(&db, "after an error");
    db.rollback_to().unwrap();
    assert_eq!(number(&db, "SELECT count(*) FROM auth_users_details"), 1);

    db.savepoint().unwrap();
    let panics = || {
        let _ = empty_accounts(&tx, NOW, || -> Result<(), StoreError> { panic!("on purpose") });
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
    assert_on(&db, "after a panic");
    db.rollback_to().unwrap();

    let emptied = empty_accounts(&tx, NOW, || {
        off();
        Ok::<_, StoreError>(())
    })
    .unwrap();
    assert_eq!((emptied.users, emptied.sessions), (1, 0));
    assert_eq!(emptied.warnings, ["triggers on these tables did not run: t"]);
    assert_on(&db, "at the end");
    assert_eq!(empty_sessions(&tx, NOW).unwrap(), (0, Vec::new()));
    assert_eq!(number(&db, "SELECT count(*) FROM photos"), 1);
    db.commit().unwrap();
    assert_eq!(number(&db, "SELECT count(*) FROM auth_users_details"), 0);
}
