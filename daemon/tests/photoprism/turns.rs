//! PhotoPrism gets its turn at the lock, however much the daemon has to write.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::preload::preload;
use crate::setup::{fixture, photoprism};

/// Clients that write all the time.
const CLIENTS: usize = 8;

/// PhotoPrism waits as SQLite does: up to 100 ms between two tries, 5 s in all.
#[test]
fn photoprism_writes_between_two_groups_of_the_daemon_on_a_slow_disk() {
    let mut home = TestDaemon::new().with_database(fixture());
    preload(&mut home, include_str!("slow_disk.c"));
    home.start();
    let conn = photoprism(&home);
    let (begun, done) = (Barrier::new(CLIENTS + 1), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            let mut client = home.connect();
            let (begun, done) = (&begun, &done);
            scope.spawn(move || {
                client.ok("users.mod", json!({"user": "bob", "attr": "first"}));
                begun.wait();
                let mut round = 0;
                while !done.load(Ordering::Relaxed) {
                    round += 1;
                    client.ok("users.mod", json!({"user": "bob", "attr": round.to_string()}));
                }
            });
        }
        begun.wait();
        let statement = "UPDATE auth_users SET user_attr = ?1 WHERE user_name = 'alice'";
        let written: Result<Vec<_>, _> =
            (0..60).map(|round| conn.execute(statement, [format!("attr={round}")])).collect();
        done.store(true, Ordering::Relaxed);
        written.unwrap();
    });
    assert_eq!(home.ok("users.show", json!({"user": "alice"}))["user"]["attr"], "attr=59");
}
