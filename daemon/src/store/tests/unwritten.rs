//! Much that changes in PhotoPrism's file, and its readers before the commit.

use rusqlite::Connection;

use crate::store::attached;
use crate::store::db::{LARGE_CACHE, Tx};
use crate::store::error::StoreError;
use crate::store::testing::photoprism;

#[test]
fn readers_are_let_in_until_the_commit() {
    let (directory, mut db) = photoprism();
    attached::ready(&mut db).unwrap();
    let other = Connection::open(directory.path().join("index.db")).unwrap();
    other.busy_timeout(std::time::Duration::ZERO).unwrap();
    let rows =
        || other.query_row("SELECT count(*) FROM auth_sessions", [], |row| row.get::<_, i64>(0));
    let before = rows().unwrap();
    // A quarter more than fits into the cache of a large read.
    let mebibytes = LARGE_CACHE.unsigned_abs() / 1024 * 5 / 4;
    let row = "INSERT INTO auth_sessions (id, user_agent) VALUES (?1, zeroblob(1048576))";

    db.begin().unwrap();
    let tx = Tx::new(&db);
    tx.large(|| {
        for number in 0..mebibytes {
            tx.sqlite()?.execute(row, [format!("s{number}")])?;
        }
        Ok::<_, StoreError>(())
    })
    .unwrap();
    assert_eq!(rows().unwrap(), before);
    db.commit().unwrap();
    assert_eq!(rows().unwrap(), before + i64::try_from(mebibytes).unwrap());
}
