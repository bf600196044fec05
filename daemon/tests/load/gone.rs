//! A client that dies with much under way.

use std::time::Duration;

use photoprism_daemon::clock::Stopwatch;
use serde_json::{Value, json};

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::measure::alone;

/// After which nothing of it may be left (`daemon/README.md`).
const WITHIN: Duration = Duration::from_secs(5);

/// Its connections.
const CONNECTIONS: usize = 40;

/// Requests that it sends on each.
const REQUESTS: usize = 2000;

fn started(settings: [&str; 4]) -> TestDaemon {
    let mut home = TestDaemon::new().args(["--max-connections-per-uid", "64"]).args(settings);
    home.start();
    home
}

/// Sends so many lines as the daemon takes without being read from.
fn send_many(client: &mut Client, line: &str) {
    client.set_nonblocking(true);
    for _ in 0..REQUESTS {
        if client.try_send(line).is_err() {
            break;
        }
    }
    client.set_nonblocking(false);
}

/// Waits until only `honest` is left, with nothing of the others in a queue.
fn assert_free_in_time(honest: &mut Client) {
    let watch = Stopwatch::start();
    let is_free =
        |status: &Value| status["connections"]["open"] == 1 && status["passwords"]["waiting"] == 0;
    loop {
        let status = honest.ok("status", json!({}));
        let took = watch.elapsed();
        assert!(took < WITHIN, "after {took:?}: {status}");
        if is_free(&status) {
            return;
        }
    }
}

#[test]
fn its_logins_wait_for_no_hash_any_more() {
    let _alone = alone();
    // The most expensive hash, on one thread: all of them would take longer than the places may.
    let home = started(["--hash-threads", "1", "--argon2", "m=65536,t=10,p=1"]);
    let mut honest = home.connect();
    let mut clients: Vec<Client> = (0..CONNECTIONS).map(|_| home.connect()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        let args = json!({"name": format!("nobody-{number}"), "password": "wrong horse",
            "client_ip": format!("192.0.2.{}", number + 1), "session": false});
        send_many(client, &format!("{}\n", json!({"cmd": "auth.login", "args": args})));
    }
    let mut waiting = || honest.ok("status", json!({}))["passwords"]["waiting"].as_u64().unwrap();
    while waiting() < CONNECTIONS as u64 / 2 {}
    drop(clients);
    assert_free_in_time(&mut honest);
}

#[test]
fn its_changes_wait_for_no_commit_any_more() {
    let _alone = alone();
    let home = started(["--request-timeout", "30", "--max-connections", "128"]);
    let mut honest = home.connect();
    let mut clients: Vec<Client> = (0..CONNECTIONS).map(|_| home.connect()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        let args = json!({"user": "admin", "display_name": format!("Number {number}")});
        send_many(client, &format!("{}\n", json!({"cmd": "users.mod", "args": args})));
    }
    drop(clients);
    assert_free_in_time(&mut honest);
    let watch = Stopwatch::start();
    honest.ok("users.mod", json!({"user": "admin", "display_name": "Somebody else"}));
    assert!(watch.elapsed() < WITHIN);
}
