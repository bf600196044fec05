//! The harness itself: what it says about a daemon must be so.

use jiff::Timestamp;
use photoprism_daemon::clock::Clock;
use serde_json::json;

use crate::common::json::Ask;
use crate::common::peer::{Peer, Who, open_to_all};
use crate::common::test_daemon::TestDaemon;
use crate::common::{is_root, skipped};

#[test]
fn a_daemon_starts_answers_and_ends() {
    let mut home = TestDaemon::started();
    assert_eq!(home.ok("ping", json!({}))["pong"], true);
    assert_eq!(home.ok("status", json!({}))["pid"], home.running().pid());
    let log = home.restart();
    assert!(log.contains("stopped"), "{log}");
    home.kill();
    home.start();
    assert_eq!(home.ok("status", json!({}))["counts"]["users"], 1);
    home.stop();
    assert!(!home.socket().exists());
    let database = home.open_database();
    let mode: String = database.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

/// Seconds between a moment of the test and one of the daemon.
const APART: i64 = 60;

#[test]
fn the_daemon_has_the_clock_of_its_test() {
    let mut home = TestDaemon::started();
    let created = home.ok("users.add", json!({"name": "eve", "role": "guest", "provider": "none"}));
    let created: Timestamp = created["user"]["created_at"].as_str().unwrap().parse().unwrap();
    let apart = Clock::System.unix() - created.as_second();
    assert!((-1..APART).contains(&apart), "{apart} s");
}

#[test]
fn other_users_are_who_they_say() {
    if !is_root() {
        return skipped("needs root");
    }
    let home = TestDaemon::started();
    open_to_all(&home.socket());
    let mut root = Peer::connect(&home.socket(), Who { uid: 0, gid: 7, groups: &[8] });
    root.ok("users.add", json!({"name": "olga", "role": "guest", "provider": "none"}));
    let record = root.ok("audit.ls", json!({"limit": 1}))["items"][0].clone();
    assert_eq!((&record["gid"], &record["pid"]), (&json!(7), &json!(root.pid())));
    let mut stranger = Peer::connect(&home.socket(), Who { uid: 54_000, gid: 7, groups: &[] });
    assert!(stranger.line().unwrap().contains("forbidden"));
    assert_eq!(stranger.line(), None);
}
