//! What PhotoPrism commits holds at once, and uses are noted in its rows.

use std::time::Duration;

use photoprism_daemon::clock::Stopwatch;
use serde_json::json;

use crate::common::TIMEOUT;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{fixture, home, number, photoprism};

/// The token of bob's web session in the fixture.
const TOKEN: &str = "efdb7eaddee7002295fb90f67f5efaa7e478a5cb75531f87";

fn is_active(home: &mut TestDaemon, token: &str) -> bool {
    home.ok("auth.verify", json!({"token": token}))["active"].as_bool().unwrap()
}

#[test]
fn a_token_that_photoprism_deleted_is_not_active_and_one_that_it_created_is() {
    let mut home = home();
    let conn = photoprism(&home);
    assert!(is_active(&mut home, TOKEN));
    conn.execute("CREATE TABLE kept AS SELECT * FROM auth_sessions", []).unwrap();
    conn.execute("DELETE FROM auth_sessions WHERE ref_id = 'sessqf0mn4tk'", []).unwrap();
    assert!(!is_active(&mut home, TOKEN));
    conn.execute("INSERT INTO auth_sessions SELECT * FROM kept WHERE ref_id = 'sessqf0mn4tk'", [])
        .unwrap();
    assert!(is_active(&mut home, TOKEN));
    conn.execute("UPDATE auth_users SET auth_provider = 'none' WHERE user_name = 'bob'", [])
        .unwrap();
    assert!(!is_active(&mut home, TOKEN), "the account is disabled");
}

#[test]
fn a_revocation_by_another_program_holds_at_once() {
    revoke_and_verify(300);
}

#[test]
#[ignore = "long: 10000 rounds"]
fn ten_thousand_revocations_by_another_program_hold_at_once() {
    revoke_and_verify(10_000);
}

fn revoke_and_verify(rounds: u32) {
    let mut home = home();
    let conn = photoprism(&home);
    if !conn.is_mariadb() {
        conn.pragma_update(None, "synchronous", "off").unwrap();
    }
    conn.execute("CREATE TABLE kept AS SELECT * FROM auth_sessions", []).unwrap();
    let mut client = home.connect();
    let line = json!({"cmd": "auth.verify", "args": {"token": TOKEN}}).to_string();
    for round in 0..rounds {
        conn.execute("DELETE FROM auth_sessions WHERE ref_id = 'sessqf0mn4tk'", []).unwrap();
        assert_eq!(client.ask(&line)["result"], json!({"active": false}), "round {round}");
        let back = "INSERT INTO auth_sessions SELECT * FROM kept WHERE ref_id = 'sessqf0mn4tk'";
        conn.execute(back, []).unwrap();
        assert_eq!(client.ask(&line)["result"]["active"], true, "round {round}");
    }
    drop(client);
    home.stop();
}

#[test]
fn a_use_is_seen_at_once_and_written_at_the_end() {
    let mut home = home();
    let conn = photoprism(&home);
    let before = "SELECT last_active FROM auth_sessions WHERE ref_id = 'sessqf0mn4tk'";
    let stored = number(&conn, before);
    home.ok("auth.verify", json!({"token": TOKEN, "client_ip": "192.0.2.9"}));
    let session = home.ok("auth.show", json!({"session": TOKEN}))["session"].clone();
    assert_eq!(session["client_ip"], "192.0.2.9");
    home.stop();
    assert!(number(&conn, before) > stored);
    let ip = "SELECT client_ip = '192.0.2.9' FROM auth_sessions WHERE ref_id = 'sessqf0mn4tk'";
    assert_eq!(number(&conn, ip), 1);
}

#[test]
fn photoprism_s_app_passwords_are_refused_where_it_has_disabled_them() {
    // Of bob: one that holds everything his app does, one of the web, and his web session.
    const APP: &str = "QuVdUG-tX7vjT-2Rbc2N-NEbCpA";
    const PHONE: &str = "X2PniU-C1fjAU-gWXAnY-0nUwZi";
    let mut home = TestDaemon::new()
        .with_database(fixture())
        .env("PHOTOPRISM_DISABLE_FEATURES", "app-passwords");
    home.start();
    let login = |password: &str| {
        json!({"name": "bob", "password": password, "client_ip": "192.0.2.1", "session": false,
            "scope": "webdav"})
    };
    let children = "SELECT count(*) FROM auth_sessions
         WHERE auth_provider = 'application' AND auth_method = 'session'";
    let child = number(&photoprism(&home), children);
    assert!(child > 0, "the fixture has one");
    for app in [APP, PHONE] {
        assert!(!is_active(&mut home, app));
        let refused = home.refused("auth.login", login(app));
        assert_eq!(refused["code"], "invalid_credentials");
    }
    assert!(is_active(&mut home, TOKEN));
    home.ok("auth.login", login("mysecret"));
    let add = json!({"name": "x", "scope": "webdav", "user": "bob"});
    assert_eq!(home.refused("auth.add", add)["code"], "conflict");
    home.set_env("PHOTOPRISM_DISABLE_FEATURES", "upload");
    home.restart();
    for app in [APP, PHONE] {
        assert!(is_active(&mut home, app));
    }
    home.ok("auth.login", login(PHONE));
}

#[test]
fn an_idle_session_is_kept_alive_by_uses_that_are_not_yet_written() {
    let mut home = home();
    let conn = photoprism(&home);
    let idle = "UPDATE auth_sessions SET sess_timeout = 2, last_active = unixepoch(),
         created_at = '2026-01-01 00:00:00+00:00' WHERE ref_id = 'sessqf0mn4tk'";
    conn.execute(idle, []).unwrap();
    let begun = Stopwatch::start();
    while begun.elapsed() < Duration::from_secs(5) {
        assert!(is_active(&mut home, TOKEN));
    }
    let expired = |home: &mut TestDaemon| {
        home.ok("auth.show", json!({"session": TOKEN}))["session"]["expired"] == true
    };
    while !expired(&mut home) {
        assert!(begun.elapsed() < TIMEOUT, "it never ends");
    }
    assert!(!is_active(&mut home, TOKEN));
}

#[test]
fn ended_sessions_are_left_to_photoprism() {
    let mut home = home();
    home.ok("users.mod", json!({"user": "alice", "attr": "x"}));
    home.restart();
    let listed = home.ok("auth.ls", json!({"search": "expired"}))["items"].clone();
    let expired = listed.as_array().unwrap().len();
    assert!(expired > 0, "the fixture has some");
    let conn = photoprism(&home);
    let there = "SELECT count(*) FROM auth_sessions WHERE sess_expires BETWEEN 1 AND unixepoch()";
    assert_eq!(number(&conn, there), i64::try_from(expired).unwrap());
}

#[test]
fn logins_are_recorded_in_a_table_that_is_created_for_them() {
    let mut home = home();
    let attempt = |home: &mut TestDaemon, password: &str| {
        home.call(
            "auth.login",
            json!({"name": "Bob", "password": password, "client_ip": "192.0.2.1", "session": false}),
        )
    };
    assert_eq!(attempt(&mut home, "wrong")["error"]["code"], "invalid_credentials");
    assert_eq!(attempt(&mut home, "mysecret")["ok"], true);
    let records = home.ok("logins.ls", json!({}))["items"].clone();
    assert_eq!(records.as_array().unwrap().len(), 1);
    assert_eq!((&records[0]["name"], &records[0]["status"]), (&json!("bob"), &json!("OK")));
    assert_eq!(home.ok("logins.clear", json!({}))["removed"], 1);
    let conn = photoprism(&home);
    let logged_in = "SELECT login_at > '2026-11-23 15' FROM auth_users WHERE user_name = 'bob'";
    assert_eq!(number(&conn, logged_in), 1);
}
