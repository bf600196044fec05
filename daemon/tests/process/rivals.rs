//! Two daemons, killed daemons.

use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use serde_json::json;

use crate::bare::{End, photoprismd, text};
use crate::common::json::Ask;
use crate::common::run_to_end;
use crate::common::test_daemon::TestDaemon;

#[test]
fn a_second_daemon_on_the_same_socket_is_73_and_the_first_serves_on() {
    let mut home = TestDaemon::started();
    let inode = std::fs::metadata(home.socket()).unwrap().ino();
    let other = home.data().join("other.db");
    let mut second = photoprismd();
    second.args(["--socket", text(&home.socket()), "--database", text(&other)]);
    let output = run_to_end(&mut second);
    End::from(output).assert(73, &[text(&home.socket())]);
    assert!(!other.exists());
    assert_eq!(std::fs::metadata(home.socket()).unwrap().ino(), inode);
    assert_eq!(home.ok("ping", json!({}))["pong"], true);
}

#[test]
fn a_second_daemon_on_the_same_database_is_73_and_names_the_owner() {
    let home = TestDaemon::started();
    let other = home.root().join("run/other.sock");
    let second = || {
        let mut second = photoprismd();
        second.args(["--socket", text(&other), "--database", text(home.database())]);
        run_to_end(&mut second)
    };
    let owner = format!("(pid {})", home.running().pid());
    End::from(second()).assert(73, &[text(home.database()), &owner]);
    assert!(!other.exists());
    // It stays locked out after what reads the database in other ways.
    home.connect().ok("status", json!({}));
    home.connect().ok("doctor", json!({}));
    home.connect().ok("users.reset", json!({}));
    End::from(second()).assert(73, &[&owner]);
    home.connect().ok("users.add", json!({"name": "bob", "role": "guest", "provider": "none"}));
}

#[test]
fn after_kill_9_the_next_start_serves_within_a_second() {
    let mut home = TestDaemon::started();
    for round in 0..10 {
        home.ok(
            "users.add",
            json!({"name": format!("u{round}"), "role": "guest", "provider": "none"}),
        );
        home.kill();
        assert!(home.socket().exists());
        let watch = photoprism_daemon::clock::Stopwatch::start();
        home.start();
        home.ok("ping", json!({}));
        assert!(watch.elapsed() < Duration::from_secs(1), "{:?}", watch.elapsed());
        assert_eq!(home.ok("status", json!({}))["counts"]["users"], round + 2);
    }
}
