//! The file of a socket that is removed while the daemon serves.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::bare::End;
use crate::common::TIMEOUT;
use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use photoprism_daemon::clock::Stopwatch;

const AGAIN: &str = "the socket was removed by somebody else; it was created again";

fn seen(path: &Path) -> (u32, u32, u32) {
    let found = fs::metadata(path).unwrap();
    (found.mode(), found.uid(), found.gid())
}

fn with_group() -> TestDaemon {
    let group = nix::unistd::getegid().to_string();
    TestDaemon::new().args(["--socket-group", &group]).with_auth_socket()
}

#[test]
fn at_a_hup_it_is_there_again_as_it_was() {
    let mut home = with_group();
    home.start();
    let mut open = home.connect();
    for (count, path) in [(1, home.socket()), (2, home.auth_socket()), (3, home.socket())] {
        let before = seen(&path);
        fs::remove_file(&path).unwrap();
        home.running().signal(Signal::SIGHUP);
        let log = home.running().wait_for_logs(AGAIN, count);
        assert!(log.contains("WARN"), "{log}");
        assert_eq!(Client::connect(&path).ask(r#"{"cmd":"ping"}"#)["ok"], true);
        assert_eq!(seen(&path), before);
        assert_eq!(open.ok("ping", json!({}))["pong"], true, "what was open stays so");
    }
    // The whole directory, with the lock in it.
    let run = home.socket().parent().unwrap().to_owned();
    fs::remove_dir_all(&run).unwrap();
    home.running().signal(Signal::SIGHUP);
    home.running().wait_for_logs(AGAIN, 4);
    End::from(home.ends()).assert(73, &[]);
    home.ok("ping", json!({}));
    home.stop();
    assert!(!home.socket().exists() && !home.auth_socket().exists());
}

#[test]
fn without_a_hup_it_is_there_again_within_a_minute() {
    let mut home = TestDaemon::started();
    fs::remove_file(home.socket()).unwrap();
    let watch = Stopwatch::start();
    while UnixStream::connect(home.socket()).is_err() {
        assert!(watch.elapsed() < TIMEOUT, "nobody is served");
        std::thread::yield_now();
    }
    home.ok("ping", json!({}));
    assert_eq!(home.stop().matches(AGAIN).count(), 1);
}

#[test]
fn what_somebody_put_in_its_place_stays_and_is_reported_once() {
    let mut home = TestDaemon::started();
    fs::remove_file(home.socket()).unwrap();
    fs::write(home.socket(), "precious").unwrap();
    for count in 1..=3 {
        home.running().signal(Signal::SIGHUP);
        home.running().wait_for_logs("settings read again", count);
    }
    home.running().wait_for_log("nobody is served");
    fs::remove_file(home.socket()).unwrap();
    home.running().signal(Signal::SIGHUP);
    home.running().wait_for_log(AGAIN);
    home.ok("ping", json!({}));
    let log = home.stop();
    assert_eq!(log.matches("nobody is served").count(), 1, "{log}");
}
