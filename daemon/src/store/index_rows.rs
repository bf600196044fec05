//! Reads all sessions and all accounts of the daemon's own database for the session index, each in
//! steps and as far as a check needs them.
//!
//! In the order of the row ids, in which the rows are in the file: by the ids of the sessions, which
//! are random, each row would be another page.

use super::accounts::deleted;
use super::db::Db;
use super::engine::{Row, Statement};
use super::error::StoreError;
use super::sessions::{CHECKED, checked_row};
use crate::model::{Account, Provider, Role, Session};

/// At most so many sessions after a row id, and the row id after which to go on; `None`: there are
/// no more.
pub fn sessions_after(
    db: &Db,
    after: i64,
    most: usize,
) -> Result<(Vec<Session>, Option<i64>), StoreError> {
    let statement = format!(
        "SELECT {}, rowid FROM auth_sessions WHERE rowid > ?1 ORDER BY rowid LIMIT ?2",
        CHECKED.join(", ")
    );
    let mut statement = db.prepare(Statement::sqlite(&statement))?;
    let mut sessions = Vec::with_capacity(most);
    let mut rows = statement.query(&[after.into(), most.into()])?;
    let (mut read, mut last) = (0, after);
    while let Some(row) = rows.next()? {
        (read, last) = (read + 1, row.exact_integer(CHECKED.len())?);
        // Secrets are looked up by a text: an id of another type is never found.
        if row.is_text(0)? {
            sessions.push(checked_row(&row)?);
        }
    }
    Ok((sessions, (read == most).then_some(last)))
}

/// At most so many accounts after a row id, deleted ones too, and the row id after which to go on;
/// `None`: there are no more. They have what a check of a token asks for, and nothing else.
pub fn accounts_after(
    db: &Db,
    after: i64,
    most: usize,
) -> Result<(Vec<Account>, Option<i64>), StoreError> {
    let statement = Statement::same(
        "SELECT id, user_uid, user_name, user_role, super_admin, auth_provider, expires_at,
           deleted_at, can_login, webdav
         FROM auth_users WHERE id > ?1 ORDER BY id LIMIT ?2",
    );
    let accounts = db.all(statement, &[after.into(), most.into()], account_row)?;
    let next = accounts.last().filter(|_| accounts.len() == most).map(|account| account.id);
    Ok((accounts, next))
}

fn account_row(row: &Row<'_>) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.exact_integer(0)?,
        uid: row.text(1)?,
        name: row.text(2)?,
        role: Role::from_stored(row.text(3)?),
        super_admin: row.flag(4)?,
        provider: Provider::from_stored(row.text(5)?),
        expires_at: row.time(6)?,
        deleted: deleted(row, 7)?,
        can_login: row.flag(8)?,
        webdav: row.flag(9)?,
        ..Account::default()
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::own;
    use super::super::{account_by_uid, session_by_id};
    use super::*;
    use crate::model::{Edition, Owner, Token};

    /// All rows, two at a time.
    fn all<T>(read: impl Fn(i64) -> Result<(Vec<T>, Option<i64>), StoreError>) -> Vec<T> {
        let (mut rows, mut next) = (Vec::new(), Some(i64::MIN));
        while let Some(after) = next {
            let (more, place) = read(after).unwrap();
            assert!(more.len() <= 2 && place.is_none_or(|place| place > after));
            rows.extend(more);
            next = place;
        }
        rows
    }

    #[test]
    fn they_are_all_rows_and_as_a_check_reads_them() {
        let (_directory, db) = own();
        db.sqlite().unwrap()
            .execute_batch(
                "INSERT INTO auth_users (user_uid, user_name, user_role, super_admin,
                   auth_provider, expires_at, deleted_at) VALUES
                   ('u1', 'bob', 'user', 0, 'local', NULL, NULL),
                   ('u2', 'eve', 'guest', 1, 'local', '2020-01-01 00:00:00', NULL),
                   ('u3', 'dan', 'odd', 0, 'none', '2020-01-01 00:00:00', NULL),
                   ('u4', 'kim', '', 0, 'oidc', '2030-01-01 00:00:00', NULL),
                   ('u5', 'joe', 'user', 0, 'local', NULL, 'at some time');
                 INSERT INTO auth_sessions (id, ref_id, user_uid, client_uid, client_name,
                   auth_provider, auth_method, auth_id, auth_scope, grant_type, last_active,
                   sess_expires, sess_timeout, created_at) VALUES
                   ('b', 'r1', 'u1', 'c1', 'Phone', 'application', 'session', 'a', 'dav',
                    'password', 7, 8, 9, '2026-11-24 08:00:00'),
                   (x'61', 'r2', 'u1', '', '', '', '', '', '', '', 0, 0, 0, NULL),
                   ('a', 'r3', 'u1', '', '', 'application', 'default', '', '*', 'cli', 0, -1, 0,
                    '2026-11-24 08:00:00'),
                   ('c', 'r4', '', '', '', 'access_token', 'oauth2', '', '', 'cli', 0, 0, 0, NULL);",
            )
            .unwrap();
        let sessions = all(|after| sessions_after(&db, after, 2));
        let ids: Vec<&str> = sessions.iter().map(|row| &*row.id).collect();
        assert_eq!(ids, ["b", "a", "c"], "an id that is not a text belongs to no token");
        for row in sessions {
            let stored = session_by_id(&db, &row.id).unwrap().unwrap();
            assert_eq!(format!("{:?}", Token::from(&row)), format!("{:?}", Token::from(&stored)));
            assert_eq!((row.kind(), &row.auth_id), (stored.kind(), &stored.auth_id));
        }
        let accounts = all(|after| accounts_after(&db, after, 2));
        assert_eq!(accounts.len(), 8);
        for account in accounts {
            let stored = account_by_uid(&db, &account.uid).unwrap().unwrap();
            let [read, stored] = [&account, &stored]
                .map(|account| format!("{:?}", Owner::new(account, Edition::Full)));
            assert_eq!(read, stored);
        }
    }
}
