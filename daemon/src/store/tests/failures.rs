//! A database that cannot grow, and transactions that SQLite ends by itself.

use super::fixture::names;
use super::groups::{LONG, TestStore, add, around};
use crate::error::CommandError;
use crate::store::StoreError;
use crate::store::db::Tx;

/// More text than a page holds.
fn add_large(tx: &Tx<'_>) -> Result<(), CommandError> {
    let statement = "INSERT INTO admin_meta (key, value) VALUES ('large', zeroblob(100000))";
    tx.sqlite().unwrap().execute(statement, []).map_err(StoreError::from)?;
    Ok(())
}

fn is_full(outcome: &Result<(), CommandError>) -> bool {
    matches!(outcome, Err(CommandError::Store(StoreError::Full(_))))
}

#[test]
fn a_full_database_fails_the_whole_group_and_goes_on_reading() {
    let desk = TestStore::new();
    // SQLite raises it to the current size: not one page can be added.
    desk.execute("PRAGMA max_page_count = 1");
    let outcomes = around(&desk, add_large);
    assert!(outcomes.iter().all(is_full), "{outcomes:?}");
    let [error, ..] = outcomes;
    let body = error.unwrap_err().into_body("request-1");
    assert_eq!(body.code.name(), "storage_full");
    assert_eq!(desk.names(), ["admin"]);
    // Writes that need no further page still work.
    desk.run(desk.store.write(LONG, |tx| add(tx, "small"))).unwrap();
    desk.execute("PRAGMA max_page_count = 100000");
    assert!(around(&desk, add_large).iter().all(Result::is_ok));
    assert_eq!(desk.names(), ["admin", "small", "first", "last"]);
    let (_place, db) = desk.end();
    assert_eq!(names(&db), ["admin", "small", "first", "last"]);
}

#[test]
fn a_command_that_ends_the_transaction_fails_the_whole_group() {
    for statement in ["ROLLBACK", "COMMIT"] {
        let desk = TestStore::new();
        let outcomes = around(&desk, move |tx| {
            tx.sqlite().unwrap().execute_batch(statement).map_err(StoreError::from)?;
            Ok(())
        });
        let lost = |outcome: &Result<(), CommandError>| {
            matches!(outcome, Err(CommandError::Store(StoreError::Other(_))))
        };
        assert!(outcomes.iter().all(lost), "{statement} {outcomes:?}");
        desk.run(desk.store.write(LONG, |tx| add(tx, "later"))).unwrap();
        assert_eq!(desk.names().last().unwrap(), "later");
    }
}

#[test]
fn a_savepoint_that_a_command_lost_does_not_block_later_groups() {
    let desk = TestStore::new();
    let outcomes = around(&desk, |tx| {
        tx.sqlite().unwrap().execute_batch("RELEASE command").map_err(StoreError::from)?;
        Ok(())
    });
    assert!(outcomes.iter().all(Result::is_err), "{outcomes:?}");
    desk.run(desk.store.write(LONG, |tx| add(tx, "later"))).unwrap();
    assert_eq!(desk.names(), ["admin", "later"]);
}
