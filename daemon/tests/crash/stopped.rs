//! SIGTERM under writers.

use std::time::Duration;

use nix::sys::signal::Signal;
use photoprism_daemon::clock::Stopwatch;

use crate::common::running::Running;
use crate::common::test_daemon::TestDaemon;
use crate::kept::faults;
use crate::writers::Writers;

/// Loops in the suite, and in the long run (`daemon/README.md`).
const LOOPS: usize = 5;
const LONG_LOOPS: usize = 50;

/// What a stop may take (`daemon/README.md`).
const MOST: Duration = Duration::from_secs(5);

fn stops_cleanly(loops: usize) {
    let home = TestDaemon::new();
    for number in 0..loops {
        let prefix = format!("loop{number}");
        let running = Running::start(home.command());
        let writers = Writers::start(&home.socket(), &prefix);
        writers.await_progress(1 + number * 53 % 301);
        let watch = Stopwatch::start();
        running.signal(Signal::SIGTERM);
        let (status, log) = running.ended();
        let took = watch.elapsed();
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(took <= MOST, "{took:?}");
        assert!(log.contains("stopped") && !log.contains("they are cut"), "{log}");
        let known = writers.end();
        assert!(!home.socket().exists());
        assert!(!home.data().join("admin.db-wal").exists());
        assert_eq!(faults(&home.open_database(), &known, &prefix), [""; 0]);
    }
}

#[test]
fn a_stop_under_load_is_clean_and_quick() {
    stops_cleanly(LOOPS);
}

#[test]
#[ignore = "long: 50 loops"]
fn a_stop_under_load_is_clean_and_quick_in_the_long_run() {
    stops_cleanly(LONG_LOOPS);
}
