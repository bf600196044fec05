//! An import that nobody waits for any more.

use std::time::Duration;

use photoprism_daemon::clock::Stopwatch;
use serde_json::{Value, json};

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::{run, sent};

/// A stop by SIGTERM takes no longer.
const STOPPED_WITHIN: Duration = Duration::from_secs(5);

/// A text that takes seconds to read: 120 tables of 6,000 tables each.
fn slow_text() -> String {
    let keys: Vec<String> = (0..6_000).map(|n| format!("a{n}.b=1\n")).collect();
    format!("[[account]]\n{}", keys.concat()).repeat(120)
}

/// A client whose import is being read.
fn reading(home: &TestDaemon, text: &str) -> (Client, Value) {
    let mut client = home.connect();
    let import = sent(&mut client, text);
    client.send(run(&import) + "\n");
    let tasks = format!("/proc/{}/task", home.running().pid());
    let works = || {
        let mut tasks = std::fs::read_dir(&tasks).unwrap();
        tasks.any(|task| {
            let name = std::fs::read_to_string(task.unwrap().path().join("comm"));
            name.is_ok_and(|name| name == "blocking\n")
        })
    };
    while !works() {
        std::thread::yield_now();
    }
    (client, import)
}

fn assert_stops(mut home: TestDaemon, client: &mut Client) {
    let watch = Stopwatch::start();
    home.stop();
    assert!(watch.elapsed() < STOPPED_WITHIN, "{:?}", watch.elapsed());
    let reply = client.reply();
    // A part of an import may have been answered just before.
    let is_unfinished = reply["result"]["done"] == false;
    assert!(is_unfinished || reply["error"]["code"] == "unavailable", "{reply}");
}

#[test]
fn a_stop_does_not_wait_for_the_reading() {
    let home = TestDaemon::started();
    let (mut client, _) = reading(&home, &slow_text());
    assert_stops(home, &mut client);
}

#[test]
fn a_stop_does_not_wait_for_the_hashing() {
    let mut home = TestDaemon::new().args(["--argon2", "m=65536,t=10,p=1"]);
    home.start();
    let row = |n: usize| format!("{{\"name\":\"u{n}\",\"password\":\"correct horse\"}}\n");
    let text: String = (0..500).map(row).collect();
    let mut client = home.connect();
    let import = sent(&mut client, &text);
    client.send(run(&import) + "\n");
    while home.ok("status", json!({}))["passwords"]["running"] == 0 {}
    assert_stops(home, &mut client);
}

#[test]
fn who_hung_up_has_nothing_read() {
    let mut home = TestDaemon::started();
    let text = slow_text();
    let (client, import) = reading(&home, &text);
    drop(client);
    let next = json!({"import": import, "text": "x"});
    let mut error = home.refused("users.import", next.clone());
    while error["message"].as_str().unwrap().contains("still running") {
        error = home.refused("users.import", next.clone());
    }
    assert_eq!(error["code"], "not_found", "{error}");
    // Who has only said its last waits for the answer.
    let (mut client, _) = reading(&home, &text);
    client.finish();
    assert_eq!(client.reply()["result"]["done"], true);
}
