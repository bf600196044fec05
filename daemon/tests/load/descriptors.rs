//! Descriptors that are used up, and such as are passed.

use std::fs::File;
use std::io::IoSlice;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::Duration;

use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use photoprism_daemon::clock::Stopwatch;

use crate::common::client::Client;
use crate::common::test_daemon::TestDaemon;
use crate::common::{is_root, skipped};
use crate::measure::{alone, descriptors, processor_time};

const PING: &str = r#"{"cmd":"ping"}"#;

/// Connections that find a descriptor, and those that wait for one.
const FITTING: usize = 10;
const WAITING: usize = 100;

/// What may be spent over [`WINDOW`] (`daemon/README.md`): 2 % of a core.
const WINDOW: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_millis(20);

/// Time to serve again.
const SOON: Duration = Duration::from_secs(1);

/// A daemon that has no descriptor left, and who waits for one; `None` where that cannot be had.
fn used_up(home: &mut TestDaemon) -> Option<Vec<Client>> {
    if !is_root() {
        skipped("needs root");
        return None;
    }
    home.start();
    let pid = home.running().pid();
    let limit = descriptors(pid) + FITTING;
    let mut prlimit = Command::new("prlimit");
    prlimit.args([format!("--pid={pid}"), format!("--nofile={limit}:{limit}")]);
    if !prlimit.status().is_ok_and(|status| status.success()) {
        skipped("prlimit is needed");
        return None;
    }
    let clients = (0..FITTING + WAITING).map(|_| home.connect()).collect();
    home.running().wait_for_log("no connection can be accepted");
    Some(clients)
}

/// What the daemon spends while nothing happens.
fn spent(home: &TestDaemon) -> Duration {
    let pid = home.running().pid();
    let before = processor_time(pid);
    let (_never, wait) = channel::<()>();
    let _ = wait.recv_timeout(WINDOW);
    processor_time(pid).saturating_sub(before)
}

#[test]
fn without_descriptors_it_rests_and_serves_again_soon() {
    let _alone = alone();
    let mut home = TestDaemon::new().args(["--max-connections-per-uid=200"]);
    let Some(mut clients) = used_up(&mut home) else { return };
    let spent = spent(&home);
    assert!(spent < MOST, "{spent:?} of {WINDOW:?}");
    assert_eq!(clients[0].ask(PING)["ok"], true, "who is connected is served");
    drop(clients);
    let watch = Stopwatch::start();
    loop {
        let mut client = home.connect();
        // One that was turned away may be closed already.
        let _ = client.try_send(format!("{PING}\n"));
        if client.try_line().is_some_and(|line| line.contains("pong")) {
            break;
        }
    }
    assert!(watch.elapsed() < SOON, "{:?}", watch.elapsed());
    home.stop();
}

#[test]
fn accepting_without_a_rest_is_caught() {
    let _alone = alone();
    let mut home =
        TestDaemon::new().args(["--max-connections-per-uid=200"]).faulty("no-accept-backoff");
    let Some(_clients) = used_up(&mut home) else { return };
    assert!(spent(&home) > MOST);
}

const MESSAGES: usize = 1000;

#[test]
fn passed_descriptors_are_not_kept() {
    let _alone = alone();
    if !is_root() {
        return skipped("needs root");
    }
    let home = TestDaemon::started();
    let pid = home.running().pid();
    // The reader opens the database at the first read, and the daemon's own tasks read.
    let mut first = home.connect();
    assert_eq!(first.ask(r#"{"cmd":"status"}"#)["ok"], true);
    let before_connecting = descriptors(pid);
    let mut client = home.connect();
    assert_eq!(client.ask(PING)["ok"], true);
    let before = descriptors(pid);
    assert!(before > before_connecting, "the count must be able to move");
    let file = File::open("/dev/null").unwrap();
    for _ in 0..MESSAGES {
        send_with(client.stream(), &file);
        assert_eq!(client.reply()["ok"], true);
    }
    assert_eq!(descriptors(pid), before);
}

fn send_with(stream: &UnixStream, file: &File) {
    let line = format!("{PING}\n");
    let bytes = [IoSlice::new(line.as_bytes())];
    let passed = [file.as_raw_fd()];
    let rights = [ControlMessage::ScmRights(&passed)];
    sendmsg::<()>(stream.as_raw_fd(), &bytes, &rights, MsgFlags::empty(), None).unwrap();
}
