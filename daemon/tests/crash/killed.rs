//! kill -9 under writers.

use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::kept::faults;
use crate::writers::{Known, Writers, request};

/// Rounds in the suite, and in the long run (`daemon/README.md`).
const ROUNDS: usize = 50;
const LONG_ROUNDS: usize = 2000;

/// Additions that are acknowledged before the kill: another number each round, so that it falls
/// at another moment.
const fn before_kill(round: usize) -> usize {
    1 + round * 37 % 211
}

/// One round: writers, kill, start. What they know, and the prefix of their names.
fn round(home: &mut TestDaemon, number: usize) -> (Known, String) {
    let prefix = format!("round{number}");
    let writers = Writers::start(&home.socket(), &prefix);
    writers.await_progress(before_kill(number));
    home.kill();
    let known = writers.end();
    home.start();
    (known, prefix)
}

fn check(home: &mut TestDaemon, known: &Known, prefix: &str) {
    let verdict = home.ok("audit.verify", json!({}));
    assert_eq!(verdict["ok"], true, "{verdict}");
    home.kill();
    assert_eq!(faults(&home.open_database(), known, prefix), [""; 0], "{prefix}");
    home.start();
}

fn nothing_is_lost(rounds: usize) {
    let mut home = TestDaemon::new();
    for number in 0..rounds {
        if number % ROUNDS == 0 {
            // The chain is walked each round: it begins anew before that takes long.
            home = TestDaemon::started();
        }
        let (known, prefix) = round(&mut home, number);
        assert!(known.acknowledged.len() >= before_kill(number));
        check(&mut home, &known, &prefix);
    }
}

#[test]
fn nothing_acknowledged_is_lost() {
    nothing_is_lost(ROUNDS);
}

#[test]
#[ignore = "long: 2000 rounds"]
fn nothing_acknowledged_is_lost_in_the_long_run() {
    nothing_is_lost(LONG_ROUNDS);
}

#[test]
fn an_acknowledgement_before_the_commit_loses() {
    let mut home = TestDaemon::new().faulty("acknowledge-early");
    home.start();
    let loses = |number| {
        let (known, prefix) = round(&mut home, number);
        home.kill();
        let found = faults(&home.open_database(), &known, &prefix);
        home.start();
        found.iter().any(|fault| fault.ends_with("was acknowledged and is lost"))
    };
    assert!((0..ROUNDS).any(loses), "the harness found nothing in {ROUNDS} rounds");
}

#[test]
fn a_retry_after_a_lost_reply_does_the_work_once() {
    let mut home = TestDaemon::started();
    for number in 0..ROUNDS / 10 {
        let (mut known, prefix) = round(&mut home, number);
        assert!(!known.unanswered.is_empty());
        // Those that were acknowledged are asked for again as well, for the first result.
        let again = known.unanswered.drain(..).chain(known.acknowledged.drain(..));
        let again: Vec<String> = again.collect();
        for name in &again {
            let reply = home.ask(&request(name).to_string());
            assert_eq!(reply["result"]["user"]["name"], name.as_str(), "{reply}");
        }
        known.acknowledged = again;
        check(&mut home, &known, &prefix);
    }
}

#[test]
fn the_check_finds_what_is_lost_half_done_or_done_twice() {
    for (statement, words) in [
        (
            "DELETE FROM auth_users WHERE user_name = 'round0-0'",
            "round0-0 was acknowledged and is lost",
        ),
        (
            "DELETE FROM auth_users_details WHERE user_uid = (SELECT user_uid FROM auth_users WHERE user_name = 'round0-0')",
            "details differ",
        ),
        ("DELETE FROM admin_audit WHERE number = 1", "audit records differ"),
        ("DELETE FROM admin_idempotency WHERE key = 'key-of-round0-0'", "keys differ"),
        (
            "INSERT INTO auth_users (user_uid, user_name) VALUES ('twice', 'round0-0')",
            "an account is there twice",
        ),
    ] {
        let mut home = TestDaemon::started();
        let reply = home.ask(&request("round0-0").to_string());
        assert_eq!(reply["ok"], true, "{reply}");
        home.stop();
        let (acknowledged, unanswered) = (vec!["round0-0".to_owned()], Vec::new());
        let known = Known { acknowledged, unanswered };
        let database = home.open_database();
        assert_eq!(faults(&database, &known, "round0"), [""; 0]);
        assert_eq!(database.execute(statement, []).unwrap(), 1, "{statement}");
        let found = faults(&database, &known, "round0");
        assert!(found.iter().any(|fault| fault.contains(words)), "{statement} {found:?}");
    }
}
