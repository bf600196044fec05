//! Slow senders and an honest client at the same time.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use photoprism_daemon::clock::Stopwatch;
use serde_json::json;

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::outside::as_user;
use crate::common::peer::open_to_all;
use crate::common::test_daemon::TestDaemon;
use crate::common::{TIMEOUT, is_root, skipped};
use crate::measure::{P99, alone, best_p99, hold_many};

/// The socket to send to slowly; without it `helper` does nothing.
const SOCKET: &str = "SLOW_TEST_SOCKET";

const STRANGER: u32 = 54_001;

/// What the stranger may hold at the defaults, and the honest client.
const HELD: u64 = 32 + 1;

/// Slow senders in the suite, and in the long run (`daemon/README.md`).
const SLOW: usize = 200;
const LONG_SLOW: usize = 500;

/// Requests of the honest client meanwhile.
const REQUESTS: usize = 1000;
const LONG_REQUESTS: usize = 50_000;

/// Each sends a byte a second, one after the other, until the honest client is done.
fn p99_with_slow_senders(senders: usize, requests: usize) -> Duration {
    let _alone = alone();
    hold_many();
    let mut home = TestDaemon::new().args([
        "--max-connections=2000",
        "--max-connections-per-uid=2000",
        "--line-timeout=3600",
    ]);
    home.start();
    let mut slow: Vec<Client> = (0..senders).map(|_| home.connect()).collect();
    let mut honest = home.connect();
    let (done, until) = channel::<()>();
    let pause = Duration::from_secs(1) / u32::try_from(senders).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for number in 0.. {
                slow[number % senders].send(" ");
                if until.recv_timeout(pause) == Err(RecvTimeoutError::Disconnected) {
                    return;
                }
            }
        });
        let p99 = best_p99(&mut honest, r#"{"cmd":"users.ls"}"#, requests);
        drop(done);
        p99
    })
}

#[test]
fn an_honest_client_does_not_wait_for_slow_senders() {
    let p99 = p99_with_slow_senders(SLOW, REQUESTS);
    assert!(p99 < P99, "{p99:?}");
}

#[test]
#[ignore = "long: 500 senders for a minute"]
fn an_honest_client_does_not_wait_for_slow_senders_in_the_long_run() {
    let p99 = p99_with_slow_senders(LONG_SLOW, LONG_REQUESTS);
    assert!(p99 < P99, "{p99:?}");
}

/// Another user's: a byte a second on each connection, a new one for each that was closed, until
/// standard input ends.
#[test]
fn helper() {
    let Some(socket) = std::env::var_os(SOCKET) else { return };
    let (done, until) = channel::<()>();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read(&mut [0]);
        drop(done);
    });
    hold_many();
    send_slowly(Path::new(&socket), &until);
}

fn send_slowly(socket: &Path, until: &Receiver<()>) {
    let connect = || UnixStream::connect(socket).ok();
    let mut slow: Vec<Option<UnixStream>> = (0..LONG_SLOW).map(|_| connect()).collect();
    let pause = Duration::from_secs(1) / u32::try_from(LONG_SLOW).unwrap();
    for number in 0.. {
        let one = &mut slow[number % LONG_SLOW];
        if one.as_mut().is_none_or(|stream| stream.write_all(b" ").is_err()) {
            *one = connect();
        }
        if until.recv_timeout(pause) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}

fn stranger(socket: &Path) -> Child {
    let mut command = Command::new("/proc/self/exe");
    command.args(["--exact", "slow::helper"]).env(SOCKET, socket);
    as_user(&mut command, STRANGER).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
}

/// 500 of another user at the default limits: most are turned away, and come again.
fn serves_with_a_slow_stranger(requests: usize) {
    if !is_root() {
        return skipped("needs root");
    }
    let _alone = alone();
    let mut home = TestDaemon::new().args(["--socket-group=54009", "--allow=read=uid:54001"]);
    home.start();
    open_to_all(&home.socket());
    let mut honest = home.connect();
    let mut slow = stranger(&home.socket());
    // The stranger holds all that one uid may, before and after.
    let await_stranger = |honest: &mut Client| {
        let watch = Stopwatch::start();
        while honest.ok("status", json!({}))["connections"]["open"] != HELD {
            assert!(watch.elapsed() < TIMEOUT, "the stranger holds more, or less");
        }
    };
    await_stranger(&mut honest);
    let p99 = best_p99(&mut honest, r#"{"cmd":"users.ls"}"#, requests);
    await_stranger(&mut honest);
    drop(slow.stdin.take());
    slow.wait().unwrap();
    assert!(p99 < P99, "{p99:?}");
}

#[test]
fn an_honest_client_does_not_wait_for_a_slow_stranger() {
    serves_with_a_slow_stranger(REQUESTS);
}

#[test]
#[ignore = "long: 500 senders of another user for a minute"]
fn an_honest_client_does_not_wait_for_a_slow_stranger_in_the_long_run() {
    serves_with_a_slow_stranger(LONG_REQUESTS);
}
