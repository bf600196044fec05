//! A clock that is set while the daemon runs and between two runs: what has expired stays expired,
//! nothing is destroyed, and nobody is locked out once the clock is right.

use std::fs;

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::outside::libfaketime;
use crate::common::test_daemon::TestDaemon;
use crate::passcodes::{enrolled, with_code};
use crate::setup::{
    PASSWORD, active, add_user, code, items, login, quick, refusal, text, token, unix,
};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// A daemon whose clock is set by a file.
pub(crate) struct Clocked {
    pub(crate) home: TestDaemon,
}

impl Clocked {
    /// One that runs at the right time, with an account `bob`; `None` without libfaketime.
    pub(crate) fn with_bob() -> Option<Self> {
        let library = libfaketime()?;
        let mut home = quick();
        let file = home.root().join("clock");
        fs::write(&file, "+0").unwrap();
        home.set_env("LD_PRELOAD", library);
        home.set_env("FAKETIME_TIMESTAMP_FILE", file);
        for name in ["FAKETIME_NO_CACHE", "FAKETIME_DONT_FAKE_MONOTONIC", "NO_FAKE_STAT"] {
            home.set_env(name, "1");
        }
        home.start();
        add_user(&mut home, "bob");
        Some(Self { home })
    }

    /// Sets the clock so many seconds away from the right time.
    pub(crate) fn set(&self, away: i64) {
        // In one step: the daemon reads it all the time.
        let file = self.home.root().join("clock");
        let next = self.home.root().join("clock.next");
        fs::write(&next, format!("{away:+}")).unwrap();
        fs::rename(next, file).unwrap();
    }

    /// Restarts it with the clock so many seconds away from the right time.
    fn restart_at(&mut self, away: i64) {
        self.home.stop();
        self.set(away);
        self.home.start();
    }

    /// An app password of bob's that expires in an hour.
    fn for_an_hour(&mut self) -> String {
        let args = json!({"name": "app", "scope": "*", "user": "bob", "expires_in": HOUR});
        text(&self.home.ok("auth.add", args)["secret"])
    }

    fn clock(&mut self) -> Value {
        let report = self.home.ok("doctor", json!({}));
        let checks = report["checks"].as_array().unwrap();
        checks.iter().find(|check| check["check"] == "clock").unwrap().clone()
    }

    /// Whether an expired app password is refused by every command that checks it.
    fn is_expired(&mut self, secret: &str) -> [bool; 3] {
        let listed = items(&mut self.home, "auth.ls", json!({"search": "expired"}));
        [
            !active(&mut self.home, secret),
            refusal(&mut self.home, login("bob", secret)) == "invalid_credentials",
            listed.len() == 1,
        ]
    }
}

#[test]
fn what_has_expired_stays_expired_when_the_clock_goes_back() {
    let Some(mut here) = Clocked::with_bob() else { return };
    let secret = here.for_an_hour();
    assert!(active(&mut here.home, &secret));
    here.set(2 * HOUR);
    assert_eq!(here.is_expired(&secret), [true; 3]);
    assert_eq!(here.clock()["ok"], true);
    for back in [HOUR, -HOUR, 0, -50 * 365 * DAY] {
        here.set(back);
        assert_eq!(here.is_expired(&secret), [true; 3], "in the run: {back}");
        let clock = here.clock();
        assert!(clock["advice"].as_str().unwrap().contains("behind the newest instant"), "{clock}");
        here.restart_at(back);
        assert_eq!(here.is_expired(&secret), [true; 3], "after a restart: {back}");
        assert_eq!(here.clock()["ok"], false);
    }
    assert_eq!(here.home.running().log().matches("the clock went back").count(), 1);
    // Nobody is locked out: neither while it is wrong nor afterwards.
    token(&mut here.home, "bob");
    here.set(2 * HOUR + 60);
    assert_eq!(here.clock()["ok"], true);
    token(&mut here.home, "bob");
    here.home.running().wait_for_log("the clock is right again");
}

#[test]
fn an_account_that_expired_stays_so_when_the_clock_goes_back() {
    let Some(mut here) = Clocked::with_bob() else { return };
    let session = token(&mut here.home, "bob");
    let in_an_hour = jiff::Timestamp::from_second(unix() + HOUR).unwrap().to_string();
    here.home.ok("users.mod", json!({"user": "bob", "expires_at": in_an_hour}));
    token(&mut here.home, "bob");
    here.set(2 * HOUR);
    assert_eq!(refusal(&mut here.home, login("bob", PASSWORD)), "invalid_credentials");
    here.set(0);
    for _ in 0..2 {
        assert_eq!(refusal(&mut here.home, login("bob", PASSWORD)), "invalid_credentials");
        assert!(!active(&mut here.home, &session));
        let why = here.home.ok("users.why", json!({"user": "bob"})).to_string();
        assert!(why.contains("\"expired\""), "{why}");
        here.home.kill();
        here.home.start();
    }
}

#[test]
fn passcodes_have_the_clock_of_the_machine_though_it_went_back() {
    let Some(mut here) = Clocked::with_bob() else { return };
    let Some((key, _)) = enrolled(&mut here.home) else { return };
    here.set(2 * HOUR);
    assert_eq!(here.clock()["ok"], true);
    here.set(0);
    assert_eq!(here.clock()["ok"], false);
    here.home.ok("auth.login", with_code(&code(&key, 0).unwrap()));
}

#[test]
fn a_start_far_in_the_future_destroys_nothing_and_locks_nobody_out() {
    let Some(mut here) = Clocked::with_bob() else { return };
    let secret = here.for_an_hour();
    let session = token(&mut here.home, "bob");
    for clean in [true, false] {
        here.restart_at(400 * DAY);
        assert!(!active(&mut here.home, &secret) && !active(&mut here.home, &session));
        here.home.running().wait_for_log("more than a week ahead of the newest instant");
        let clock = here.clock();
        assert!(clock["advice"].as_str().unwrap().contains("ahead of the newest"), "{clock}");
        // A commit there raises nothing either.
        here.home.ok("users.mod", json!({"user": "bob", "display_name": format!("{clean}")}));
        if !clean {
            here.home.kill();
            here.home.start();
        }
        here.restart_at(0);
        assert!(active(&mut here.home, &secret) && active(&mut here.home, &session));
        assert_eq!(here.clock()["ok"], true);
    }
    // The clock is right, and has run there for a day.
    here.restart_at(400 * DAY);
    here.home.running().wait_for_log("more than a week ahead of the newest instant");
    here.restart_at(401 * DAY + HOUR);
    here.home.running().wait_for_log("sessions that expired 30 days ago");
    assert_eq!(here.clock()["ok"], true);
    assert!(items(&mut here.home, "auth.ls", json!({})).is_empty());
    here.restart_at(0);
    assert_eq!(here.clock()["ok"], false, "it is a year behind what it was for a day");
}

#[test]
fn keys_and_trusted_addresses_outlive_a_clock_that_is_far_ahead() {
    let Some(mut here) = Clocked::with_bob() else { return };
    let ask = |here: &Clocked, key: &str| {
        let line = json!({"cmd": "auth.add", "args": {"name": "app", "scope": "*"}, "key": key});
        here.home.ask(&line.to_string())["result"].clone()
    };
    let first = ask(&here, "key-before");
    token(&mut here.home, "bob");
    let rows = |here: &mut Clocked| {
        let count = |table: &str| format!("SELECT count(*) FROM {table}");
        here.home.offline(|database| {
            ["admin_idempotency", "admin_limits"].map(|table| {
                database.query_row(&count(table), [], |row| row.get::<_, i64>(0)).unwrap()
            })
        })
    };
    assert_eq!(rows(&mut here), [1, 1]);
    here.restart_at(400 * DAY);
    here.home.running().wait_for_log("more than a week ahead of the newest instant");
    assert_eq!(ask(&here, "key-before")["session"], first["session"], "carried out once");
    let second = ask(&here, "key-ahead");
    assert_eq!(ask(&here, "key-ahead")["session"], second["session"]);
    assert_eq!(rows(&mut here), [2, 1]);
    here.restart_at(0);
    assert_eq!(ask(&here, "key-before")["replayed"], true);
    assert_eq!(ask(&here, "key-ahead")["replayed"], true);
    // A day later none of them is known any more.
    here.set(2 * DAY);
    assert_eq!(ask(&here, "key-before")["replayed"], Value::Null);
    assert_eq!(rows(&mut here)[0], 1);
}

#[test]
fn what_a_wrong_clock_expired_is_good_again_once_the_floor_is_set_to_the_clock() {
    let Some(mut here) = Clocked::with_bob() else { return };
    let in_100_days = jiff::Timestamp::from_second(unix() + 100 * DAY).unwrap().to_string();
    here.home.ok("users.mod", json!({"user": "bob", "expires_at": in_100_days}));
    // The clock is 400 days ahead, runs there for a day, is written, and comes back.
    here.restart_at(400 * DAY);
    let shown = here.home.ok("clock.show", json!({}));
    assert_eq!((&shown["state"], &shown["now"]), (&json!("ahead"), &shown["clock"]));
    let ahead = shown["ahead_s"].as_i64().unwrap();
    assert!((400 * DAY - 60..=400 * DAY + 60).contains(&ahead), "{shown}");
    let accepted: jiff::Timestamp = text(&shown["accepted_at"]).parse().unwrap();
    assert!((0..60).contains(&(unix() + 401 * DAY - accepted.as_second())), "{shown}");
    here.restart_at(401 * DAY + HOUR);
    here.home.ok("users.mod", json!({"user": "bob", "display_name": "Bobby"}));
    assert_eq!(refusal(&mut here.home, login("bob", PASSWORD)), "invalid_credentials");
    here.home.kill();
    here.set(0);
    here.home.start();
    let shown = here.home.ok("clock.show", json!({}));
    assert_eq!((&shown["state"], &shown["now"]), (&json!("behind"), &shown["floor"]), "{shown}");
    assert!(shown["ahead_s"].as_i64().unwrap() < -400 * DAY, "{shown}");
    assert!(here.clock()["advice"].as_str().unwrap().contains("admin clock --reset"));
    assert_eq!(refusal(&mut here.home, login("bob", PASSWORD)), "invalid_credentials");

    let refused = here.home.call("clock.reset", json!({}));
    assert_eq!(refused["error"]["code"], "confirm_required");
    assert_eq!(here.home.ok("clock.show", json!({}))["floor"], shown["floor"]);
    let line = r#"{"cmd":"clock.reset","confirm":true,"key":"once-only"}"#;
    let reset = here.home.ask(line)["result"].clone();
    assert_eq!(reset["before"], shown["floor"]);
    assert_eq!(here.home.ask(line)["result"]["replayed"], true);
    for restart in ["none", "clean", "killed"] {
        match restart {
            "clean" => here.restart_at(0),
            "killed" => {
                here.home.kill();
                here.home.start();
            }
            _ => {}
        }
        let shown = here.home.ok("clock.show", json!({}));
        assert_eq!((&shown["state"], &shown["accepted_at"]), (&json!("ok"), &Value::Null));
        assert_eq!(here.clock()["ok"], true, "{restart}");
        token(&mut here.home, "bob");
    }
    let records = items(&mut here.home, "audit.ls", json!({"limit": 1}));
    assert_eq!(records[0]["command"], "clock.reset");
    assert_eq!(records[0]["target"], reset["before"]);
    assert_eq!(here.home.ok("audit.verify", json!({}))["ok"], true);
}

#[test]
fn records_of_a_clock_that_was_days_ahead_raise_no_floor_after_a_reset() {
    let Some(mut here) = Clocked::with_bob() else { return };
    let secret = here.for_an_hour();
    here.set(3 * DAY);
    here.home.ok("users.mod", json!({"user": "bob", "display_name": "Bobby"}));
    token(&mut here.home, "bob");
    here.set(0);
    assert_eq!(here.is_expired(&secret), [true; 3]);
    for again in [false, true] {
        here.home.ok("clock.reset", json!({}));
        assert!(active(&mut here.home, &secret), "{again}");
        here.home.kill();
        here.home.start();
        assert!(active(&mut here.home, &secret), "after a restart: {again}");
        assert_eq!(here.home.ok("clock.show", json!({}))["state"], "ok");
        token(&mut here.home, "bob");
    }
    // What is known from then on keeps what has expired.
    here.set(2 * HOUR);
    assert!(!active(&mut here.home, &secret));
    here.set(0);
    here.home.stop();
    here.home.start();
    assert_eq!(here.is_expired(&secret), [true; 3]);
}

#[test]
fn a_first_start_in_the_future_and_a_clock_that_is_right_after_all() {
    let Some(mut here) = Clocked::with_bob() else { return };
    // The clock is right, and nobody waits for a day.
    here.restart_at(400 * DAY);
    assert_eq!(here.clock()["ok"], false);
    here.home.ok("clock.reset", json!({}));
    let shown = here.home.ok("clock.show", json!({}));
    assert_eq!((&shown["state"], &shown["ahead_s"]), (&json!("ok"), &json!(0)));
    token(&mut here.home, "bob");
    here.restart_at(400 * DAY);
    assert_eq!(here.clock()["ok"], true);
    // Back, where it is behind; it had a right time to begin with.
    here.restart_at(0);
    assert_eq!(here.clock()["ok"], false);
    here.home.ok("clock.reset", json!({}));
    here.home.kill();
    here.home.start();
    assert_eq!(here.clock()["ok"], true);
}
