//! Right passwords are remembered: for how long, for whom, and what they do not save anybody from.

use std::path::Path;

use serde_json::json;

use crate::clocks::Clocked;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::passcodes::enrolled;
use crate::setup::{
    IP, PASSWORD, add_user, await_that, check, hashes, items, login_from, metric, quick, refusal,
    with_bob,
};

/// How many hashes some logins cost.
fn cost(home: &mut TestDaemon, logins: impl FnOnce(&mut TestDaemon)) -> u64 {
    let before = hashes(home);
    logins(home);
    hashes(home) - before
}

fn log_in(home: &mut TestDaemon) {
    home.ok("auth.login", check("bob", PASSWORD));
}

#[test]
fn for_ten_minutes_and_no_longer_however_often_it_is_used() {
    let Some(mut here) = Clocked::with_bob() else { return };
    assert_eq!(cost(&mut here.home, log_in), 1);
    for away in [300, 590] {
        here.set(away);
        assert_eq!(cost(&mut here.home, log_in), 0, "{away}");
    }
    here.set(601);
    assert_eq!(cost(&mut here.home, log_in), 1);
    assert_eq!(cost(&mut here.home, log_in), 0);
    // A clock that goes back lengthens nothing, and nobody is locked out.
    here.set(0);
    assert_eq!(cost(&mut here.home, log_in), 0);
    here.set(1210);
    await_that("it is forgotten", || {
        match metric(&mut here.home, "photoprismd_passwords_remembered") {
            0 => Ok(()),
            other => Err(other.to_string()),
        }
    });
}

#[test]
fn the_setting_says_how_long_and_switches_it_off() {
    let mut home = quick().args(["--verdict-ttl", "0"]);
    home.start();
    add_user(&mut home, "bob");
    let thrice = |home: &mut TestDaemon| (0..3).for_each(|_| log_in(home));
    assert_eq!(cost(&mut home, thrice), 3);
    assert_eq!(metric(&mut home, "photoprismd_passwords_remembered"), 0);
    // Each is written before its answer, as without all this.
    home.running().wait_for_logs("login ok ip=192.0.2.1 user=\"bob\"", 3);
    assert_eq!(metric(&mut home, "photoprismd_logins_gathered_total"), 0);

    let mut home = quick().env("PHOTOPRISM_ADMIN_VERDICT_TTL", "1");
    home.start();
    add_user(&mut home, "bob");
    log_in(&mut home);
    await_that("it is forgotten after a second", || {
        match metric(&mut home, "photoprismd_passwords_remembered") {
            0 => Ok(()),
            other => Err(other.to_string()),
        }
    });
    assert_eq!(cost(&mut home, log_in), 1);
    // It follows another one within a minute all the same.
    assert_eq!(metric(&mut home, "photoprismd_logins_gathered_total"), 1);
}

#[test]
fn a_value_of_another_form_is_refused_at_the_start() {
    for value in ["soon", "-1", "86401", "10s"] {
        let argument = format!("--verdict-ttl={value}");
        for home in [quick().args([&argument]), quick().env("PHOTOPRISM_ADMIN_VERDICT_TTL", value)]
        {
            let output = home.ends();
            let message = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{value}: {message}");
            assert!(message.contains("verdict-ttl: "), "{message}");
        }
    }
}

#[test]
fn a_wrong_password_is_never_remembered() {
    let mut home = quick().args(["--login-burst", "1000"]);
    home.start();
    add_user(&mut home, "bob");
    log_in(&mut home);
    let wrong = |home: &mut TestDaemon| {
        for _ in 0..3 {
            for args in [check("bob", "wrong password"), check("nobody", PASSWORD)] {
                assert_eq!(refusal(home, args), "invalid_credentials");
            }
        }
    };
    assert_eq!(cost(&mut home, wrong), 6, "one hash on each path that is refused");
    assert_eq!(metric(&mut home, "photoprismd_passwords_remembered"), 1);
    assert_eq!(cost(&mut home, log_in), 0);
}

#[test]
fn never_for_an_account_with_a_second_factor() {
    let mut home = with_bob();
    if enrolled(&mut home).is_none() {
        return;
    }
    let twice = |home: &mut TestDaemon| {
        for _ in 0..2 {
            assert_eq!(refusal(home, check("bob", PASSWORD)), "passcode_required");
        }
    };
    assert_eq!(cost(&mut home, twice), 2);
    assert_eq!(metric(&mut home, "photoprismd_passwords_remembered"), 0);
}

#[test]
fn the_limiter_is_asked_first() {
    let mut home = quick().args(["--login-burst", "3", "--login-refill", "3600"]);
    home.start();
    add_user(&mut home, "bob");
    log_in(&mut home);
    // The places of the account are gone: they do not bind its own address, but every other one.
    for number in 0..3 {
        let guess = login_from(&format!("198.51.100.{number}"), "bob", "wrong password");
        assert_eq!(refusal(&mut home, guess), "invalid_credentials");
    }
    let none = |home: &mut TestDaemon| {
        log_in(home);
        let elsewhere = login_from("198.51.100.9", "bob", PASSWORD);
        assert_eq!(refusal(home, elsewhere), "rate_limited");
    };
    assert_eq!(cost(&mut home, none), 0);
    // Those of the address bind its owner as well.
    for _ in 0..3 {
        assert_eq!(refusal(&mut home, check("nobody", "wrong")), "invalid_credentials");
    }
    assert_eq!(refusal(&mut home, check("bob", PASSWORD)), "rate_limited");
    await_that("it is counted on the row", || {
        let here = json!({"name": "bob", "client_ip": IP});
        let found = items(&mut home, "logins.ls", here)[0].clone();
        if found["banned_at"].is_string() { Ok(()) } else { Err(found.to_string()) }
    });
}

#[test]
fn a_right_password_takes_no_place() {
    let mut home = quick().args(["--login-burst", "3", "--login-refill", "3600"]);
    home.start();
    add_user(&mut home, "bob");
    (0..50).for_each(|_| log_in(&mut home));
    for _ in 0..3 {
        assert_eq!(refusal(&mut home, check("bob", "wrong password")), "invalid_credentials");
    }
    assert_eq!(refusal(&mut home, check("bob", PASSWORD)), "rate_limited");
}

/// A restart forgets all of it: the key is of the process.
#[test]
fn a_restart_begins_anew() {
    let mut home = with_bob();
    log_in(&mut home);
    home.restart();
    let before = hashes(&mut home);
    log_in(&mut home);
    assert_eq!(hashes(&mut home) - before, 1);
}

#[test]
fn in_photoprisms_database_too() {
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db"));
    let mut home = TestDaemon::new().with_database(file).args(["--refusal-floor", "0"]);
    home.start();
    home.ok("passwd.set", json!({"user": "bob", "password": PASSWORD}));
    assert_eq!(cost(&mut home, log_in), 1);
    assert_eq!(cost(&mut home, |home| (0..20).for_each(|_| log_in(home))), 0);
}
