//! Two daemons, killed daemons.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
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

/// A second daemon on the socket and the database of another, which waits so long for them.
fn waiting(home: &TestDaemon, time: &str) -> Command {
    let mut second = photoprismd();
    let socket = home.socket();
    second.args(["--socket", text(&socket), "--database", text(home.database())]);
    second.args(["--wait-lock", time]).stderr(Stdio::piped());
    second
}

/// Reads its log up to a line that has `words` in it.
fn log_until(child: &mut Child, words: &str) -> String {
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "no line has {words}");
    }
    child.stderr = Some(log.into_inner());
    line
}

#[test]
fn the_next_daemon_waits_until_the_one_before_has_stopped() {
    let mut home = TestDaemon::started();
    home.ok("users.add", json!({"name": "bob", "role": "guest", "provider": "none"}));
    let mut second = waiting(&home, "60s").spawn().unwrap();
    let line = log_until(&mut second, "waiting until it ends");
    let pid = format!("(pid {})", home.running().pid());
    assert!(line.contains(&pid) && line.contains("at most 60 s"), "{line}");
    // The one that serves is not disturbed.
    assert_eq!(home.ok("users.ls", json!({}))["items"].as_array().unwrap().len(), 2);
    home.stop();
    let ready = log_until(&mut second, "ready: ");
    assert!(ready.contains("accounts=2"), "{ready}");
    kill(Pid::from_raw(second.id().cast_signed()), Signal::SIGTERM).unwrap();
    assert_eq!(second.wait().unwrap().code(), Some(0));
    assert!(!home.socket().exists(), "a clean stop, as if it had not waited");
}

#[test]
fn a_start_that_has_waited_long_enough_is_73() {
    let home = TestDaemon::started();
    let watch = photoprism_daemon::clock::Stopwatch::start();
    let output = run_to_end(&mut waiting(&home, "1s"));
    End::from(output).assert(73, &[text(home.database())]);
    assert!(watch.elapsed() >= Duration::from_secs(1), "{:?}", watch.elapsed());
    home.connect().ok("ping", json!({}));
}

#[test]
fn a_start_that_waits_ends_at_once_where_it_is_stopped() {
    let home = TestDaemon::started();
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut second = waiting(&home, "10m").spawn().unwrap();
        log_until(&mut second, "waiting until it ends");
        kill(Pid::from_raw(second.id().cast_signed()), signal).unwrap();
        assert_eq!(second.wait().unwrap().code(), Some(0), "{signal}");
    }
    home.connect().ok("ping", json!({}));
}
