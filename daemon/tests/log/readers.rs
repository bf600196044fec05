//! Those who read the log slowly, never, or no more.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use photoprism_daemon::clock::Stopwatch;
use serde_json::json;

use crate::common::client::Client;
use crate::common::test_daemon::TestDaemon;
use crate::floods::{RECORD, records};

const STRANGERS: usize = 4;

/// Requests of the honest client in one series.
const REQUESTS: usize = 200;

/// What no request may take meanwhile.
const WORST: Duration = Duration::from_secs(1);

/// How often a slow reader reads, and how much: 50 KB a second.
const PAUSE: Duration = Duration::from_millis(20);
const PIECE: usize = 1000;

/// How long a stop may take that nobody reads of.
const STOP: Duration = Duration::from_secs(10);

/// A daemon with its log in the hands of the test; killed when dropped.
struct Daemon {
    child: Child,
    log: Option<BufReader<ChildStderr>>,
}

impl Daemon {
    fn start(home: &TestDaemon) -> Self {
        let mut child =
            home.command().stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut log = BufReader::with_capacity(PIECE, child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("ready: ") {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "it did not start");
        }
        Self { child, log: Some(log) }
    }

    /// SIGTERM; the code, and how long it took.
    fn stop(&mut self) -> (Option<i32>, Duration) {
        let watch = Stopwatch::start();
        let pid = Pid::from_raw(self.child.id().cast_signed());
        kill(pid, Signal::SIGTERM).unwrap();
        (self.child.wait().unwrap().code(), watch.elapsed())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn flooded() -> TestDaemon {
    TestDaemon::new().args(["--login-burst=1", "--refusal-floor=0"])
}

/// A stranger that is refused twice in each round, by long names of harmful characters that differ
/// and from addresses that do.
fn refused_twice(stranger: &mut Client, (index, round): (usize, u64)) {
    let name = format!("{round}{}", "\u{1}".repeat(10_000));
    let ip = format!("10.{index}.{}.{}", (round >> 8) & 255, round & 255);
    let args = json!({"name": name, "password": "x", "client_ip": ip, "session": false});
    let login = json!({"cmd": "auth.login", "args": args});
    stranger.send(format!("{login}\n{{\"cmd\":\"users.rm\",\"args\":{{\"user\":\"zoe\"}}}}\n"));
}

/// Strangers make the daemon log as much as they can until that is disconnected. Gives the rounds.
fn flood(home: &TestDaemon, until: &Receiver<()>) -> u64 {
    let mut strangers: Vec<_> = (0..STRANGERS).map(|_| home.connect()).collect();
    for round in 0.. {
        for (index, stranger) in strangers.iter_mut().enumerate() {
            refused_twice(stranger, (index, round));
        }
        for stranger in &mut strangers {
            assert_eq!(stranger.reply()["ok"], false);
            assert_eq!(stranger.reply()["ok"], false);
        }
        if until.try_recv() == Err(TryRecvError::Disconnected) {
            return round + 1;
        }
    }
    0
}

/// The slowest request of an honest client during the flood, the best of three series; and how
/// often the strangers were refused in each way.
fn during_a_flood(home: &TestDaemon) -> (Duration, u64) {
    let (done, until) = channel::<()>();
    std::thread::scope(|scope| {
        let flood = scope.spawn(move || flood(home, &until));
        let mut honest = home.connect();
        let worst = (0..3).map(|_| worst(&mut honest)).min().unwrap();
        drop(done);
        (worst, flood.join().unwrap() * STRANGERS as u64)
    })
}

fn worst(honest: &mut Client) -> Duration {
    let one = |_| {
        let watch = Stopwatch::start();
        assert_eq!(honest.ask(r#"{"cmd":"users.ls"}"#)["ok"], true);
        watch.elapsed()
    };
    (0..REQUESTS).map(one).max().unwrap()
}

#[test]
fn a_slow_reader_of_the_log_stops_nobody() {
    let home = flooded();
    let mut daemon = Daemon::start(&home);
    let mut log = daemon.log.take().unwrap();
    let (done, until) = channel::<()>();
    let worst = std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut piece = [0; PIECE];
            while until.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                log.read_exact(&mut piece).unwrap();
            }
            // The rest at once, so that the daemon can end.
            std::io::copy(&mut log, &mut std::io::sink()).unwrap();
        });
        let (worst, _) = during_a_flood(&home);
        drop(done);
        assert_eq!(daemon.stop().0, Some(0));
        worst
    });
    assert!(worst < WORST, "{worst:?}");
}

#[test]
fn a_reader_that_never_reads_stops_nobody_and_no_stop() {
    let home = flooded();
    let mut daemon = Daemon::start(&home);
    let (worst, _) = during_a_flood(&home);
    assert!(worst < WORST, "{worst:?}");
    let (code, took) = daemon.stop();
    assert_eq!(code, Some(0));
    assert!(took < STOP, "{took:?}");
}

#[test]
fn a_reader_that_comes_back_finds_every_refusal() {
    let home = flooded();
    let mut daemon = Daemon::start(&home);
    let (_, refused) = during_a_flood(&home);
    let mut log = daemon.log.take().unwrap();
    let reading = std::thread::spawn(move || {
        let mut rest = String::new();
        log.read_to_string(&mut rest).unwrap();
        rest
    });
    assert_eq!(daemon.stop().0, Some(0));
    let log = reading.join().unwrap();
    assert!(log.ends_with(" INFO stopped\n"), "{log}");
    assert!(log.lines().all(|line| line.len() < RECORD), "{log}");
    assert_eq!(records(&log, "login refused ip="), refused);
    assert_eq!(records(&log, "refused command=\"users.rm\" uid="), refused);
}

#[test]
fn a_reader_that_is_gone_stops_nobody() {
    let home = flooded();
    let mut daemon = Daemon::start(&home);
    drop(daemon.log.take());
    let (worst, _) = during_a_flood(&home);
    assert!(worst < WORST, "{worst:?}");
    let (code, took) = daemon.stop();
    assert_eq!(code, Some(0));
    assert!(took < STOP, "{took:?}");
}
