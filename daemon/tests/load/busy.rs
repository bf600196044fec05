//! Commands that destroy something while others write all the time: their backup is out of date before
//! their transaction begins, twice, and then it is written inside.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::measure::alone;

/// Clients that write.
const WRITERS: usize = 4;

#[test]
fn a_restore_and_resets_end_however_much_is_written() {
    let _alone = alone();
    let mut home = TestDaemon::new();
    home.start();
    for number in 0..200 {
        home.ok(
            "users.add",
            json!({"name": format!("user{number}"), "role": "user", "provider": "none"}),
        );
    }
    let made = home.ok("backup.create", json!({}));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            let mut writer = home.connect();
            let done = &done;
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    writer.ok("users.mod", json!({"user": "admin", "attr": "x"}));
                }
            });
        }
        for with_sessions in [false, true, false, true] {
            let args = json!({"file": made["file"], "with_sessions": with_sessions});
            for (command, args) in
                [("auth.reset", json!({})), ("users.reset", json!({})), ("backup.restore", args)]
            {
                let reply = home.confirmed(command, args);
                assert_eq!(reply["ok"], true, "{command}: {reply}");
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    let users = home.ok("status", json!({}))["counts"]["users"].as_u64();
    assert_eq!(users, Some(201));
}
