//! Connections that keep the daemon waiting.

use std::io::ErrorKind;
use std::sync::mpsc::channel;
use std::time::Duration;

use photoprism_daemon::clock::Stopwatch;

use crate::common::client::Client;
use crate::common::test_daemon::TestDaemon;
use crate::measure::{alone, forget_peak, peak, resident};

const PING: &str = r#"{"cmd":"ping"}"#;

/// The deadline of the tests, and when it must have come: a busy machine is late.
const LIMIT: Duration = Duration::from_secs(1);
const EARLIEST: Duration = Duration::from_millis(950);
const LATEST: Duration = Duration::from_secs(4);

fn limited(limit: &str) -> TestDaemon {
    let mut home = TestDaemon::new().args([limit, "1"]);
    home.start();
    home
}

/// The daemon closes this connection when the deadline has passed, and not before.
fn assert_closed_in_time(client: &mut Client, watch: Stopwatch) {
    client.assert_closed();
    let took = watch.elapsed();
    assert!((EARLIEST..LATEST).contains(&took), "closed after {took:?}");
}

#[test]
fn half_a_line_is_not_waited_for() {
    let _alone = alone();
    let home = limited("--line-timeout");
    let mut idle = home.connect();
    let mut client = home.connect();
    assert_eq!(client.ask(PING)["ok"], true);
    client.send("{\"cmd\":");
    assert_closed_in_time(&mut client, Stopwatch::start());
    assert_eq!(idle.ask(PING)["ok"], true, "idling has a limit of its own");
}

#[test]
fn bytes_that_trickle_in_do_not_lengthen_it() {
    let _alone = alone();
    let home = limited("--line-timeout");
    let mut client = home.connect();
    let watch = Stopwatch::start();
    let (_never, wait) = channel::<()>();
    while client.try_send(" ").is_ok() {
        assert!(watch.elapsed() < LATEST, "still open");
        let _ = wait.recv_timeout(LIMIT / 10);
    }
    assert!(watch.elapsed() > LIMIT / 2, "{:?}", watch.elapsed());
}

#[test]
fn who_asks_nothing_is_let_go() {
    let _alone = alone();
    let home = limited("--idle-timeout");
    let mut client = home.connect();
    assert_eq!(client.ask(PING)["ok"], true);
    assert_closed_in_time(&mut client, Stopwatch::start());
    assert_closed_in_time(&mut home.connect(), Stopwatch::start());
}

/// Readers that never read, and what one of them may cost: a line, the replies gathered, one more.
const READERS: usize = 50;
const MOST_KIB_EACH: u64 = 256;

/// Pipelines until the connection takes no more.
fn stuff(client: &mut Client) {
    client.set_nonblocking(true);
    let lines = "{\"cmd\":\"users.ls\"}\n".repeat(1000);
    while client.try_send(&lines).is_ok() {}
    client.set_nonblocking(false);
}

#[test]
fn readers_that_never_read_cost_little_and_are_let_go() {
    let _alone = alone();
    let mut home = TestDaemon::new().args(["--write-timeout=1", "--max-connections-per-uid=100"]);
    home.start();
    let pid = home.running().pid();
    let mut honest = home.connect();
    let before = resident(pid);
    forget_peak(pid);
    let mut readers: Vec<Client> = (0..READERS).map(|_| home.connect()).collect();
    let watch = Stopwatch::start();
    readers.iter_mut().for_each(stuff);
    while honest.ask("{\"cmd\":\"status\"}")["result"]["connections"]["open"] != 1 {
        assert!(watch.elapsed() < 5 * LATEST, "they are still there");
    }
    assert!(watch.elapsed() > LIMIT / 2, "{:?}", watch.elapsed());
    for reader in &mut readers {
        let error = reader.try_send(PING).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset));
    }
    let rise = peak(pid).saturating_sub(before);
    assert!(rise < MOST_KIB_EACH * READERS as u64, "{rise} KiB");
}

/// A line without an end (`daemon/README.md`).
const ENDLESS: usize = 64 << 20;
const MOST_RISE_KIB: u64 = 1024;

#[test]
fn a_line_without_an_end_costs_no_memory() {
    let _alone = alone();
    let mut home = TestDaemon::started();
    let pid = home.running().pid();
    let piece = vec![b'x'; 1 << 20];
    // What the first connection and the first such line need once, code that is read from disk too, is
    // not of the line.
    assert_eq!(home.connect().ask(PING)["ok"], true);
    let mut first = home.connect();
    while first.try_send(&piece).is_ok() {}
    assert_eq!(first.reply()["error"]["code"], "too_large");
    let before = resident(pid);
    forget_peak(pid);
    let mut client = home.connect();
    let sent = (0..ENDLESS >> 20).take_while(|_| client.try_send(&piece).is_ok()).count();
    let rise = peak(pid).saturating_sub(before);
    assert!(sent > 0 && rise < MOST_RISE_KIB, "{rise} KiB after {sent} MiB");
    let reply = client.reply();
    assert_eq!(reply["error"]["code"], "too_large", "{reply}");
    assert_eq!(home.connect().ask(PING)["ok"], true);
    home.stop();
}
