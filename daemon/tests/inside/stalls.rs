//! A database thread that is stalled.

use std::io::Read;
use std::time::Duration;

use nix::sys::signal::Signal;
use photoprism_daemon::clock::Stopwatch;
use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::stalled_daemon::{StalledDaemon, naming};

/// The request timeout of these tests, and when it must have come.
const LIMIT: Duration = Duration::from_secs(1);
const EARLIEST: Duration = Duration::from_millis(950);
const LATEST: Duration = Duration::from_secs(4);

const SHOW: &str = r#"{"cmd":"users.show","args":{"user":"admin"}}"#;

fn held(faults: &'static str) -> StalledDaemon {
    StalledDaemon::start(TestDaemon::new().args(["--request-timeout", "1"]).faulty(faults))
}

#[test]
fn what_has_not_begun_in_time_is_busy_and_what_has_gets_its_outcome() {
    let mut held = held("stall");
    let mut begun = held.send(&naming("Begun"));
    held.stalled(1);
    let watch = Stopwatch::start();
    let mut write = held.send(&naming("Late"));
    let reply = write.reply();
    assert_eq!(reply["error"]["code"], "busy", "{reply}");
    let took = watch.elapsed();
    assert!((EARLIEST..LATEST).contains(&took), "{took:?}");
    // Who only looks does not wait for it.
    assert_eq!(held.home.ok("ping", json!({}))["pong"], true);
    assert_eq!(held.home.ask(SHOW)["result"]["user"]["display_name"], "Admin");
    held.let_go(1);
    assert_eq!(begun.reply()["ok"], true);
    let shown = held.home.ask(SHOW);
    assert_eq!(shown["result"]["user"]["display_name"], "Begun", "nothing of it was done");
    // What was late is free for another try.
    held.let_go(1);
    assert_eq!(write.ask(naming("Late"))["ok"], true);
    held.running.stop();
}

#[test]
fn waiting_without_a_deadline_is_caught() {
    let held = held("stall,wait-forever");
    let _begun = held.send(&naming("Begun"));
    held.stalled(1);
    let write = held.send(&naming("Late"));
    write.stream().set_read_timeout(Some(3 * LIMIT)).unwrap();
    assert!(write.stream().read(&mut [0]).is_err(), "it waits on");
}

/// The line timeout of a request starts when the earlier one has ended.
#[test]
fn a_line_is_not_timed_while_an_earlier_request_runs() {
    let mut held =
        StalledDaemon::start(TestDaemon::new().args(["--line-timeout", "1"]).faulty("stall"));
    let mut client = held.send(&naming("Begun"));
    held.stalled(1);
    client.send("{\"cmd\":");
    // Another connection without a running request is closed meanwhile.
    let mut idle = held.home.connect();
    idle.send("{\"cmd\":");
    idle.assert_closed();
    held.let_go(1);
    assert_eq!(client.reply()["ok"], true);
    assert_eq!(client.ask("\"ping\"}")["result"]["pong"], true);
    held.running.stop();
}

#[test]
fn a_reply_leaves_while_the_next_request_waits() {
    let mut held = StalledDaemon::start(TestDaemon::new().faulty("stall"));
    let mut client = held.send(&format!("{{\"cmd\":\"ping\"}}\n{}", naming("Begun")));
    held.stalled(1);
    assert_eq!(client.reply()["result"]["pong"], true);
    held.let_go(1);
    assert_eq!(client.reply()["ok"], true);
    held.running.stop();
}

#[test]
fn a_stop_ends_the_transaction_of_an_import() {
    let mut held = StalledDaemon::start(TestDaemon::new().faulty("stall"));
    let rows: Vec<String> = (0..500).map(|n| format!("u{n};user\n")).collect();
    let text = format!("name;role\n{}", rows.concat());
    let begun = held.home.ok("users.import", json!({"text": text}));
    let args = json!({"import": begun["import"], "run": true});
    let mut client = held.send(&json!({"cmd": "users.import", "args": args}).to_string());
    held.stalled(1);
    // A reply shows that it was accepted: what still waits for that when the daemon stops
    // listening is reset by the kernel.
    let mut idle = held.home.connect();
    assert_eq!(idle.ask(r#"{"cmd":"ping"}"#)["ok"], true);
    held.running.signal(Signal::SIGTERM);
    // Every connection has heard of it by then.
    idle.assert_closed();
    held.let_go(1);
    let reply = client.reply();
    assert_eq!(reply["error"]["code"], "unavailable", "{reply}");
    assert!(reply["error"]["message"].as_str().unwrap().contains("nothing was imported"));
    let StalledDaemon { home, running, .. } = held;
    assert_eq!(running.ended().0.code(), Some(0));
    let count = "SELECT count(*) FROM auth_users WHERE user_name LIKE 'u%'";
    let left: i64 = home.open_database().query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}
