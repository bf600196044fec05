//! Backups that are checked while other commands work in the same directory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use photoprism_daemon::clock::Stopwatch;
use serde_json::json;

use crate::backup::{create, populated};
use crate::common::test_daemon::TestDaemon;

/// How long the commands race, and what a slow disk does at least.
const ENOUGH: Duration = Duration::from_secs(3);
const LEAST_ROUNDS: u32 = 10;

/// Connections that repeat the other command meanwhile.
const CONNECTIONS: usize = 4;

/// A good backup is good, and restored, whatever `line` does at the same time.
fn stays_good_during(home: &mut TestDaemon, connections: usize, line: &str) {
    let file = create(home).0;
    let checks = [
        json!({"cmd": "backup.verify", "args": {"file": file}}),
        json!({"cmd": "backup.verify"}),
        json!({"cmd": "backup.restore", "args": {"file": file, "dry_run": true}, "confirm": true}),
    ];
    let (done, home) = (AtomicBool::new(false), &*home);
    let repeat = || {
        let mut client = home.connect();
        while !done.load(Ordering::Relaxed) {
            client.send(line);
            let reply = client.reply();
            let refused = reply["error"]["code"] == "invalid_argument";
            assert!(refused || reply["ok"] == true, "{reply}");
        }
    };
    let race = || {
        let _end = SetWhenDropped(&done);
        let (mut client, clock) = (home.connect(), Stopwatch::start());
        let mut rounds = 0;
        while rounds < LEAST_ROUNDS || clock.elapsed() < ENOUGH {
            for check in &checks {
                client.send(format!("{check}\n"));
                let reply = client.reply();
                assert_eq!(reply["ok"], true, "round {rounds}: {check}: {reply}");
                let good = reply["result"].get("ok").is_none_or(|ok| ok == true);
                assert!(good, "round {rounds}: {check}: {reply}");
            }
            rounds += 1;
        }
    };
    thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(repeat);
        }
        race();
    });
}

/// Ends the other threads also where an assertion fails.
struct SetWhenDropped<'a>(&'a AtomicBool);

impl Drop for SetWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_good_backup_is_good_while_others_list() {
    stays_good_during(&mut populated(), CONNECTIONS, "{\"cmd\":\"backup.ls\"}\n");
}

#[test]
fn a_good_backup_is_good_while_a_reset_writes_another() {
    let reset = "{\"cmd\":\"auth.reset\",\"confirm\":true}\n";
    stays_good_during(&mut populated(), 1, reset);
}

#[test]
fn a_good_backup_is_good_while_an_import_is_given_it() {
    let mut home = populated();
    let file = create(&mut home).1;
    let import = json!({"cmd": "users.import", "args": {"database": file}});
    stays_good_during(&mut home, 1, &format!("{import}\n"));
}
