//! Indexes of tables that are filled anew, or of which most rows change: built at the end, from sorted
//! keys, they take a fraction of the time that changing each key in the order of the rows takes.

use rusqlite::Connection;

use super::tables::quoted;
use crate::store::account_tables::{SESSIONS, TABLES, Table};
use crate::store::db::Tx;
use crate::store::error::StoreError;
use crate::store::kind::Kind;

/// Of so many accounts one must be deleted for that: changing a key takes five times as long as
/// building it.
const ONE_OF: u64 = 4;

/// Accounts for which it is not worth it.
const FEW: u64 = 1000;

/// Runs `work`, which deletes so many accounts, and ends their sessions, each by its UID.
///
/// # Errors
/// Those of the work, and the store's.
pub fn deleting_accounts<T, E: From<StoreError>>(
    tx: &Tx<'_>,
    count: usize,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    // What is declared in PhotoPrism's database stays as it is.
    if *tx.kind() != Kind::Own {
        return work();
    }
    let indexes = Indexes::drop_for_deletion(tx, count as u64)?;
    let done = work()?;
    indexes.create_again(tx.sqlite()?)?;
    Ok(done)
}

/// What makes the indexes again that [`Indexes::drop_those_of`] dropped.
#[derive(Debug)]
pub(super) struct Indexes(Vec<String>);

impl Indexes {
    /// Drops the indexes of tables that are empty; those that belong to a key stay.
    pub(super) fn drop_those_of(conn: &Connection, tables: &[&Table]) -> Result<Self, StoreError> {
        let mut dropped = Vec::new();
        for Table { name, .. } in tables {
            if conn.query_row(&format!("SELECT EXISTS (SELECT 1 FROM main.{name})"), [], |row| {
                row.get(0)
            })? {
                continue;
            }
            drop_all(conn, name, "", &mut dropped)?;
        }
        Ok(Self(dropped))
    }

    /// Drops those of accounts and sessions, but not by their UID, where it is worth it.
    fn drop_for_deletion(tx: &Tx<'_>, count: u64) -> Result<Self, StoreError> {
        let mut dropped = Vec::new();
        let all = "SELECT count(*) FROM main.auth_users";
        let conn = tx.sqlite()?;
        if count > FEW
            && count * ONE_OF > conn.query_row(all, [], |row| crate::store::rows::count(row, 0))?
        {
            drop_all(conn, TABLES[0].name, "uix_auth_users_user_uid", &mut dropped)?;
            drop_all(conn, SESSIONS.name, "idx_auth_sessions_user_uid", &mut dropped)?;
        }
        Ok(Self(dropped))
    }

    /// Makes them again.
    pub(super) fn create_again(self, conn: &Connection) -> Result<(), StoreError> {
        self.0.iter().try_for_each(|statement| Ok(conn.execute_batch(statement)?))
    }
}

/// Drops the indexes of a table but one and those of its key, and adds what makes them again.
fn drop_all(
    conn: &Connection,
    table: &str,
    but: &str,
    dropped: &mut Vec<String>,
) -> Result<(), StoreError> {
    let mut indexes = conn.prepare_cached(
        "SELECT name, sql FROM main.sqlite_schema WHERE type = 'index' AND tbl_name = ?1
           AND name <> ?2 AND sql IS NOT NULL ORDER BY rowid",
    )?;
    let indexes = indexes.query_map([table, but], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (index, statement) in indexes.collect::<Result<Vec<(String, String)>, _>>()? {
        conn.execute_batch(&format!("DROP INDEX main.{}", quoted(&index)))?;
        dropped.push(statement);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::Db;
    use crate::store::testing::{own, photoprism};

    fn indexes(db: &Db) -> Vec<String> {
        let statement = "SELECT name || ' ' || ifnull(sql, '') FROM main.sqlite_schema
             WHERE type = 'index' AND tbl_name IN ('auth_users', 'auth_sessions') ORDER BY name";
        let mut statement = db.conn.sqlite().unwrap().prepare(statement).unwrap();
        let found = statement.query_map([], |row| row.get(0)).unwrap();
        found.collect::<Result<_, _>>().unwrap()
    }

    /// How many indexes there are while so many of 4000 accounts are deleted, and after it.
    fn during(db: &Db, count: usize, fails: bool) -> (usize, Vec<String>) {
        db.begin().unwrap();
        let tx = Tx::new(db);
        let mut meanwhile = 0;
        let done = deleting_accounts(&tx, count, || {
            meanwhile = indexes(db).len();
            if fails { Err(StoreError::Stopped) } else { Ok(()) }
        });
        assert_eq!(done.is_err(), fails);
        let end = if fails { db.rollback() } else { db.commit() };
        end.unwrap();
        (meanwhile, indexes(db))
    }

    #[test]
    fn indexes_are_built_again_where_many_accounts_are_deleted_and_there_alone() {
        for (directory, db) in [own(), photoprism()] {
            db.sqlite().unwrap()
                .execute_batch(
                    "WITH RECURSIVE n (n) AS (SELECT 100 UNION ALL SELECT n + 1 FROM n WHERE n < 4099)
                     INSERT INTO auth_users (id, user_uid) SELECT n, 'uid' || n FROM n",
                )
                .unwrap();
            let all = indexes(&db);
            let few = if *db.kind() == Kind::Own { 3 } else { all.len() };
            assert_eq!(during(&db, 900, false), (all.len(), all.clone()));
            assert_eq!(during(&db, 3000, true), (few, all.clone()));
            assert_eq!(during(&db, 3000, false), (few, all.clone()));
            drop(directory);
        }
    }
}
