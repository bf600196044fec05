//! How long refusals take, whatever their reason: what an attacker with a clock sees.

use std::time::Duration;

use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{add_user, await_that, login_from, refusal, text, timed};

/// Names that are tried with a wrong password, one of each reason.
const NAMES: [&str; 5] = ["nobody", "argon", "bcrypt", "gone", "empty"];

/// A bcrypt hash at PhotoPrism's cost.
const BCRYPT: &str = "$2a$12$5B7ZtXKCs0B1DIEavKZPYeWKcDZ9kvku4Bn9YD3dw0h1D.CCZWt5.";

/// Attempts at each name where the floor is off, and in the long run.
const ROUNDS: usize = 5;
const LONG_ROUNDS: usize = 60;

/// How far the middle ones may lie from each other.
const SPREAD: Duration = Duration::from_millis(10);

/// The middle duration of a refusal of each name.
fn medians(floor: &str, rounds: usize) -> [Duration; 5] {
    let mut home = TestDaemon::new().args(["--login-burst", "1000", "--refusal-floor", floor]);
    home.start();
    for name in ["argon", "bcrypt", "gone"] {
        add_user(&mut home, name);
    }
    home.ok("users.rm", json!({"user": "gone"}));
    home.ok("users.add", json!({"name": "empty", "role": "user", "provider": "none"}));
    home.offline(|database| {
        let statement = "UPDATE passwords SET hash = ?1 WHERE uid =
             (SELECT user_uid FROM auth_users WHERE user_name = 'bcrypt')";
        assert_eq!(database.execute(statement, [BCRYPT]).unwrap(), 1);
    });
    let mut taken = NAMES.map(|_| Vec::new());
    for round in 0..rounds {
        for (name, taken) in NAMES.iter().zip(&mut taken) {
            let args = login_from(&format!("192.0.2.{round}"), name, "wrong password");
            let (code, took) = timed(|| refusal(&mut home, args));
            assert_eq!(code, "invalid_credentials", "{name}");
            taken.push(took);
        }
    }
    taken.map(|mut taken| {
        taken.sort();
        taken[rounds / 2]
    })
}

fn spread(medians: &[Duration]) -> Duration {
    medians.iter().max().unwrap().abs_diff(*medians.iter().min().unwrap())
}

#[test]
#[ignore = "long: 60 refusals of each kind, which wait for the floor"]
fn refusals_of_every_reason_take_as_long() {
    let medians = medians("400", LONG_ROUNDS);
    assert!(medians.iter().all(|median| *median >= Duration::from_millis(400)), "{medians:?}");
    assert!(spread(&medians) < SPREAD, "{medians:?}");
}

#[test]
fn without_a_minimum_delay_the_time_shows_which_hash_there_is() {
    let medians = medians("0", ROUNDS);
    assert!(spread(&medians) > SPREAD, "{medians:?}");
}

/// A hash that takes longer than the floor is measured before the first refusal, and only such a
/// one; names that do not exist then wait as long.
#[test]
fn a_start_measures_the_expensive_hashes_that_are_stored() {
    let mut home = TestDaemon::started();
    add_user(&mut home, "bcrypt");
    for cost in ["12", "13"] {
        home.offline(|database| {
            let hash = BCRYPT.replace("$12$", &format!("${cost}$"));
            let statement = "UPDATE passwords SET hash = ?1";
            assert_eq!(database.execute(statement, [hash]).unwrap(), 1);
        });
        if cost == "12" {
            assert_eq!(computed(&mut home), 0);
        } else {
            await_measurement(&mut home);
        }
    }
}

/// Hashes computed since the start.
fn computed(home: &mut TestDaemon) -> u64 {
    let metrics = text(&home.ok("metrics", json!({}))["text"]);
    let count = metrics.lines().find_map(|line| line.strip_prefix("photoprismd_hashes_total "));
    count.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
}

fn await_measurement(home: &mut TestDaemon) {
    await_that("the measurement", || match computed(home) {
        1 => Ok(()),
        other => Err(other.to_string()),
    });
}

/// PhotoPrism, or somebody by hand, stores the first one while the daemon runs.
#[test]
fn an_expensive_hash_that_comes_later_is_measured_before_its_account_logs_in() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db");
    let mut home = TestDaemon::new().with_database(std::path::Path::new(fixture));
    home.start();
    assert_eq!(computed(&mut home), 0);
    let hash = BCRYPT.replace("$12$", "$13$");
    let changed = home.outside().execute("UPDATE passwords SET hash = ?1", [hash]).unwrap();
    assert!(changed > 0);
    await_measurement(&mut home);
    home.stop();
}
