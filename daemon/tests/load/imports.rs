//! Many accounts are imported, and somebody else changes one.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use photoprism_daemon::clock::Stopwatch;
use serde_json::json;

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::measure::alone;

/// Rows in the suite, and in the long run: the most that an import has.
const ROWS: usize = 2000;
const LONG_ROWS: usize = 20_000;

/// What a change may wait, on a machine that has other work (`daemon/README.md`).
const MOST: Duration = Duration::from_millis(1500);

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$jjsVIqyhFB1FCbb8iy7VvQ$\
    WDIbGE1c0OAvmD0Aq0zFc+W45af4BXiDwCa4H7c3xLM";

/// Sends so many rows; the request that carries them out.
fn sent(client: &mut Client, rows: usize) -> String {
    let mut args = json!({});
    for first in (0..rows).step_by(200) {
        let mut text = String::new();
        for number in first..first + 200 {
            let name = format!("imported{number}");
            writeln!(text, r#"{{"name":"{name}","role":"guest","password_hash":"{HASH}"}}"#)
                .unwrap();
        }
        args["text"] = text.into();
        let import = client.ok("users.import", args.clone())["import"].take();
        args["import"] = import;
    }
    let run = json!({"import": args["import"], "run": true});
    json!({"cmd": "users.import", "args": run}).to_string()
}

/// The longest that a change waited meanwhile, and how many there were.
fn changes_during_an_import(rows: usize) -> (Duration, usize) {
    let _alone = alone();
    let home = TestDaemon::started();
    let mut importer = home.connect();
    let run = sent(&mut importer, rows);
    let mut other = home.connect();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let changes = scope.spawn(|| {
            let mut waits = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let name = format!("Number {}", waits.len());
                let watch = Stopwatch::start();
                other.ok("users.mod", json!({"user": "admin", "display_name": name}));
                waits.push(watch.elapsed());
            }
            waits
        });
        let reply = importer.ask(run);
        over.store(true, Ordering::Relaxed);
        assert_eq!(reply["result"]["counts"]["added"], rows, "{reply}");
        let waits = changes.join().unwrap();
        (waits.iter().copied().max().unwrap(), waits.len())
    })
}

#[test]
fn a_change_is_answered_while_accounts_are_imported() {
    let (slowest, count) = changes_during_an_import(ROWS);
    assert!(slowest < MOST && count > 1, "{slowest:?} of {count}");
}

#[test]
#[ignore = "long: 20,000 rows"]
fn a_change_is_answered_while_the_most_accounts_are_imported() {
    let (slowest, count) = changes_during_an_import(LONG_ROWS);
    assert!(slowest < MOST && count > 1, "{slowest:?} of {count}");
}
