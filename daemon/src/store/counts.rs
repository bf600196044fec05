//! How many rows there are of each kind.

use super::db::Db;
use super::engine::Statement;
use super::error::StoreError;
use super::remembered::{Counted, CountedState, Counts};
use super::sessions::hidden_sessions;

/// The system rows are two, and never deleted: counting all is counting an index.
const USERS: &str = "SELECT count(*) FROM auth_users";
const SYSTEM: &str = "SELECT count(*) FROM auth_users WHERE id <= 0";
const DELETED: &str = "SELECT count(*) FROM auth_users WHERE deleted_at IS NOT NULL AND +id > 0";
const SESSIONS: &str = "SELECT count(*) FROM auth_sessions";
const LOGINS: &str = "SELECT count(*) FROM logins.audit_logins";

/// Counts the rows of each kind. While nothing changes they are not counted again.
pub fn counts(db: &Db) -> Result<Counts, StoreError> {
    let state = state(db)?;
    let known = db.own_tables.counted.get().filter(|counted| counted.state == state);
    if let Some(counted) = known {
        return Ok(counted.counts);
    }
    let counts = count_all(db)?;
    // What a transaction has written may be rolled back, which changes nothing of the state.
    if !db.has_written()? {
        db.own_tables.counted.set(Some(Counted { counts, state }));
    }
    Ok(counts)
}

fn state(db: &Db) -> Result<CountedState, StoreError> {
    Ok(CountedState { version: db.version()?, schema: db.columns.schema_version })
}

fn count_all(db: &Db) -> Result<Counts, StoreError> {
    let number = |statement| db.number(Statement::same(statement).own(), &[]);
    let (deleted, all, system) = (number(DELETED)?, number(USERS)?, number(SYSTEM)?);
    let logins = if db.columns.has_logins() { number(LOGINS)? } else { 0 };
    Ok(Counts {
        users: all.saturating_sub(system).saturating_sub(deleted),
        deleted,
        sessions: number(SESSIONS)?.saturating_sub(hidden_sessions(db)?),
        logins,
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::store::testing::{own, photoprism, plan};

    #[test]
    fn each_kind_is_counted_in_an_index() {
        let (_directory, db) = own();
        for statement in [USERS, SYSTEM, DELETED, SESSIONS, LOGINS] {
            let plan = plan(&db, statement, &[]);
            let by_id = plan.contains("INTEGER PRIMARY KEY (rowid<?)");
            assert!(plan.contains("COVERING INDEX") || by_id, "{statement}: {plan}");
        }
    }

    #[test]
    fn what_was_counted_holds_until_somebody_changes_it() {
        let (_directory, db) = own();
        let add = "INSERT INTO auth_sessions (id) VALUES (?1)";
        for number in 0..3 {
            assert_eq!(counts(&db).unwrap().sessions, number);
            assert_eq!(counts(&db).unwrap().sessions, number);
            db.sqlite().unwrap().execute(add, [number.to_string()]).unwrap();
        }
        db.begin().unwrap();
        db.sqlite().unwrap().execute(add, ["3"]).unwrap();
        assert_eq!(counts(&db).unwrap().sessions, 4);
        db.rollback().unwrap();
        assert_eq!(counts(&db).unwrap().sessions, 3);
        db.sqlite().unwrap().execute("UPDATE auth_sessions SET user_name = 'bob'", []).unwrap();
        assert_eq!(counts(&db).unwrap().sessions, 3);
    }

    #[test]
    fn another_process_is_seen() {
        let (_directory, db) = photoprism();
        let other = Connection::open(db.path()).unwrap();
        for number in 0..3 {
            assert_eq!(counts(&db).unwrap().sessions, number);
            let add = "INSERT INTO auth_sessions (id) VALUES (?1)";
            other.execute(add, [format!("s{number}")]).unwrap();
        }
    }
}
