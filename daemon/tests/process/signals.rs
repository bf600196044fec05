//! What each signal does.

use std::fs;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::peer::{Peer, Who, open_to_all};
use crate::common::running::Running;
use crate::common::test_daemon::TestDaemon;
use crate::common::{is_root, skipped};

/// Asks for a reload and waits until the log has reported `count` of them. A second signal that
/// comes before the first was seen is lost, so each has to be waited for.
fn reloaded(running: &Running, count: usize, words: &str) -> String {
    running.signal(Signal::SIGHUP);
    running.wait_for_logs(words, count)
}

fn with_settings(text: &str) -> (TestDaemon, std::path::PathBuf) {
    let home = TestDaemon::new();
    let path = home.root().join("settings");
    fs::write(&path, text).unwrap();
    let home = home.args(["--config", path.to_str().unwrap()]);
    (home, path)
}

const READ: &str = "settings read again";

#[test]
fn hup_changes_the_level_of_the_log_and_the_limits() {
    let (mut home, settings) = with_settings("PHOTOPRISM_ADMIN_MAX_CONNECTIONS=100\n");
    home.start();
    let limit =
        |home: &mut TestDaemon| home.ok("status", json!({}))["connections"]["limit"].clone();
    assert_eq!(limit(&mut home), 100);
    home.refused("users.show", json!({"user": "nobody"}));
    fs::write(&settings, "PHOTOPRISM_ADMIN_MAX_CONNECTIONS=200\nPHOTOPRISM_LOG_LEVEL=debug\n")
        .unwrap();
    reloaded(home.running(), 1, READ);
    assert_eq!(limit(&mut home), 200);
    home.refused("users.show", json!({"user": "nobody"}));
    let log = home.running().wait_for_log("DEBUG");
    assert_eq!(log.matches("DEBUG refused").count(), 1, "{log}");
}

#[test]
fn hup_logs_what_needs_a_restart() {
    let (mut home, settings) = with_settings("PHOTOPRISM_ADMIN_HASH_THREADS=1\n");
    home.start();
    fs::write(&settings, "PHOTOPRISM_ADMIN_HASH_THREADS=2\n").unwrap();
    let log = reloaded(home.running(), 1, READ);
    assert!(log.contains("hash-threads"), "{log}");
}

#[test]
fn hup_with_a_bad_file_changes_nothing_and_says_so() {
    let (mut home, settings) = with_settings("PHOTOPRISM_ADMIN_MAX_CONNECTIONS=100\n");
    home.start();
    for (count, text) in [
        (1, "PHOTOPRISM_ADMIN_MAX_CONNECTIONS=200\nNONSENSE=1\n"),
        (2, "PHOTOPRISM_ADMIN_MAX_CONNECTIONS=7\n"),
    ] {
        fs::write(&settings, text).unwrap();
        reloaded(home.running(), count, "the settings stay as they were");
        assert_eq!(home.ok("status", json!({}))["connections"]["limit"], 100);
    }
    fs::remove_file(&settings).unwrap();
    let log = reloaded(home.running(), 3, "the settings stay as they were");
    assert!(log.contains("WARN"), "{log}");
    assert_eq!(home.ok("status", json!({}))["connections"]["limit"], 100);
}

#[test]
fn hup_changes_who_may_do_what_on_open_connections_too() {
    if !is_root() {
        return skipped("needs root");
    }
    let (home, settings) = with_settings("PHOTOPRISM_ADMIN_ALLOW=read=uid:54001\n");
    let mut home = home.args(["--socket-group", "0"]);
    home.start();
    open_to_all(&home.socket());
    let mut peer = Peer::connect(&home.socket(), Who { uid: 54_001, gid: 54_001, groups: &[] });
    let change = json!({"user": "admin", "display_name": "New"});
    assert_eq!(peer.fault("users.mod", change.clone()).0, "forbidden");
    peer.ok("users.ls", json!({}));
    fs::write(&settings, "PHOTOPRISM_ADMIN_ALLOW=write=uid:54001\n").unwrap();
    reloaded(home.running(), 1, READ);
    peer.ok("users.mod", change);
    fs::write(&settings, "PHOTOPRISM_ADMIN_ALLOW=verify=uid:54001\n").unwrap();
    reloaded(home.running(), 2, READ);
    assert_eq!(peer.fault("users.ls", json!({})).0, "forbidden");
    fs::write(&settings, "\n").unwrap();
    reloaded(home.running(), 3, READ);
    assert_eq!(peer.fault("ping", json!({})).0, "forbidden");
}

#[test]
fn hup_makes_nobody_an_administrator_by_an_entry_that_vanished() {
    if !is_root() {
        return skipped("needs root");
    }
    let entry = "PHOTOPRISM_ADMIN_GROUP=54001\nPHOTOPRISM_ADMIN_ALLOW=read=gid:54001\n";
    let (mut home, settings) = with_settings(entry);
    home.start();
    let mut peer = Peer::connect(&home.socket(), Who { uid: 54_001, gid: 54_001, groups: &[] });
    for (count, text) in [(1, ""), (2, "\n"), (3, "# PHOTOPRISM_ADMIN_ALLOW=read=gid:54001\n")] {
        fs::write(&settings, text).unwrap();
        let log = reloaded(home.running(), count, "the settings stay as they were");
        assert!(log.contains("WARN"), "{log}");
        peer.ok("users.ls", json!({}));
        assert_eq!(peer.fault("users.reset", json!({})).0, "forbidden", "{text:?}");
    }
    fs::write(&settings, entry.replace("read", "write")).unwrap();
    reloaded(home.running(), 1, READ);
    peer.ok("users.mod", json!({"user": "admin", "display_name": "New"}));
}

#[test]
fn usr1_logs_the_status() {
    let home = TestDaemon::started();
    home.running().signal(Signal::SIGUSR1);
    let log = home.running().wait_for_log("uptime_s");
    assert!(log.contains("counts"), "{log}");
}

/// A daemon whose hashes take long, and a client that waits for one.
fn with_a_running_request() -> (TestDaemon, Running, Client) {
    let home = TestDaemon::new().args(["--hash-threads=1", "--argon2", "m=65536,t=10,p=1"]);
    let running = Running::start(home.command());
    let mut client = home.connect();
    let args = json!({"user": "admin", "password": "new-secret-1"});
    client.send(format!("{}\n", json!({"cmd": "passwd.set", "args": args})));
    while home.ask(r#"{"cmd":"status"}"#)["result"]["passwords"]["running"] == 0 {
        std::thread::yield_now();
    }
    (home, running, client)
}

#[test]
fn a_stop_lets_a_running_request_finish() {
    let (home, running, mut client) = with_a_running_request();
    running.signal(Signal::SIGTERM);
    assert_eq!(client.reply()["ok"], true);
    client.assert_closed();
    let (status, log) = running.ended();
    assert!(status.code() == Some(0) && log.contains("stopped"), "{log}");
    let users = "SELECT count(*) FROM passwords";
    let stored: u32 = home.open_database().query_row(users, [], |row| row.get(0)).unwrap();
    assert_eq!(stored, 1);
}

#[test]
fn a_stop_closes_connections_that_idle() {
    let home = TestDaemon::new();
    let running = Running::start(home.command());
    let mut idle = home.connect();
    assert_eq!(idle.ask(r#"{"cmd":"ping"}"#)["ok"], true);
    running.signal(Signal::SIGTERM);
    idle.assert_closed();
    assert_eq!(running.ended().0.code(), Some(0));
    assert!(!home.socket().exists());
}

#[test]
fn a_second_stop_ends_at_once() {
    let (home, running, _client) = with_a_running_request();
    running.signal(Signal::SIGTERM);
    running.wait_for_log("stopping");
    running.signal(Signal::SIGTERM);
    let (status, log) = running.ended();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(!log.contains("stopped"), "{log}");
    // Nothing of it is in the way of the next one.
    Running::start(home.command()).stop();
}
