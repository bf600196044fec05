//! More writes than fit into a group, while another process has the lock.

use futures_util::future::{join_all, join3};
use rusqlite::Connection;

use super::groups::{Gate, LONG, TestStore};
use crate::store::StoreError;

/// More than two groups.
const WRITES: i64 = 600;

#[test]
fn every_write_is_answered_however_many_wait_for_a_lock() {
    let desk = TestStore::with("index.db");
    let write = |number: i64| {
        desk.store.write(LONG, move |tx| {
            let statement = "UPDATE auth_users SET user_attr = ?1 WHERE id = 1";
            assert_eq!(tx.sqlite().unwrap().execute(statement, [format!("x{number}")]).unwrap(), 1);
            Ok::<_, StoreError>(number)
        })
    };
    // The first write creates the daemon's tables next to PhotoPrism's file.
    desk.run(write(0)).unwrap();
    let other = Connection::open(desk.place.at("index.db")).unwrap();
    let (gate, hold) = Gate::new();
    let busy = desk.store.read_between_commits(LONG, move |_| hold());
    let writes = join_all((1..=WRITES).map(write));
    // The lock is released once the thread has tried to take it several times with a full group.
    let lock = async {
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        gate.open();
        let [before, _] = desk.store.heartbeat();
        while desk.store.heartbeat()[0] < before + 4 {
            tokio::task::yield_now().await;
        }
        other.execute_batch("COMMIT").unwrap();
    };
    let (busy, done, ()) = desk.run(join3(busy, writes, lock));
    busy.unwrap();
    let done: Vec<i64> = done.into_iter().map(|done| done.unwrap()).collect();
    assert_eq!(done, (1..=WRITES).collect::<Vec<_>>());
}
