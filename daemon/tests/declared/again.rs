//! SIGHUP, and databases that come later.

use std::fs;
use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::place::{APPLIED, PHONE, PROBE, STACK, declare, logs_in, verify, with};

const INDEX: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db");

#[test]
fn hup_applies_what_was_added() {
    let mut home = with(TestDaemon::new(), "# nobody yet\n");
    home.start();
    declare(&home, STACK);
    home.running().signal(Signal::SIGHUP);
    home.running().wait_for_logs(APPLIED, 2);
    assert!(logs_in(&mut home, "bob", "the secret of bob"));
    assert_eq!(verify(&mut home, PROBE)["active"], true);
}

#[test]
fn many_hups_are_few_runs_and_the_last_one_counts() {
    let mut home = with(TestDaemon::new(), "# nobody yet\n");
    home.start();
    for number in 0..50 {
        declare(&home, &STACK.replace("\"bob\"", &format!("\"bob{number}\"")));
        home.running().signal(Signal::SIGHUP);
    }
    while home.fault_or_ok("bob49") {
        std::thread::yield_now();
    }
    let runs = home.stop().matches(APPLIED).count();
    assert!((2..=51).contains(&runs), "{runs}");
}

trait FaultOrOk {
    /// Whether there is no such account.
    fn fault_or_ok(&mut self, name: &str) -> bool;
}

impl FaultOrOk for TestDaemon {
    fn fault_or_ok(&mut self, name: &str) -> bool {
        self.call("users.show", json!({"user": name}))["ok"] == false
    }
}

#[test]
fn a_database_that_comes_later_gets_them_once_it_is_there() {
    let home = TestDaemon::new().with_database(Path::new(INDEX));
    let away = home.root().join("index.db");
    fs::rename(home.database(), &away).unwrap();
    let mut home = with(home, &STACK.replace("\"admin\"\n", "\"admin\"\nrole = \"admin\"\n"));
    home.start();
    assert!(home.running().log().contains("(photoprism, not there yet) accounts=0"));
    // A reload waits for it too, and counts as the same request.
    home.running().signal(Signal::SIGHUP);
    home.running().wait_for_log("settings read again");
    fs::copy(&away, home.database()).unwrap();
    let log = home.running().wait_for_log(APPLIED);
    assert!(!log.contains("declared and refused"), "{log}");
    assert_eq!(verify(&mut home, PHONE)["active"], true);
}
