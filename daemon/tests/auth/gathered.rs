//! Repeated logins without a session: one hash, one commit and one line of the log a minute.

use serde_json::{Value, json};

use crate::clocks::Clocked;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{
    IP, PASSWORD, app_password, await_that, check, hashes, items, metric, record, refusal, text,
    with_bob,
};

const LINE: &str = "login ok ip=192.0.2.1 user=\"bob\"";

/// What a program does that sends the password with each request.
fn requests(home: &TestDaemon, args: &Value, count: usize) -> Vec<Value> {
    let line = format!("{}\n", json!({"cmd": "auth.login", "args": args}));
    let mut client = home.connect();
    let mut replies = Vec::new();
    for _ in 0..count {
        client.send(&line);
        replies.push(client.reply());
    }
    replies
}

/// How often the log has a login in a line of its own.
fn lines(log: &str) -> usize {
    log.lines().filter(|line| line.contains("INFO login ok ")).count()
}

fn unix_of(value: &Value) -> i64 {
    text(value).parse::<jiff::Timestamp>().unwrap().as_second()
}

fn login_at(home: &mut TestDaemon) -> i64 {
    unix_of(&home.ok("users.show", json!({"user": "bob"}))["user"]["login_at"])
}

#[test]
fn fifteen_hundred_requests_cost_one_hash_and_one_line_a_minute() {
    let Some(mut here) = Clocked::with_bob() else { return };
    let before = [hashes(&mut here.home), metric(&mut here.home, "photoprismd_commits_total")];
    let mut replies = requests(&here.home, &check("bob", PASSWORD), 1);
    // The record has whole seconds.
    here.set(2);
    let home = &mut here.home;
    replies.extend(requests(home, &check("bob", PASSWORD), 1499));
    for reply in &replies {
        assert_eq!(reply["ok"], true, "{reply}");
        let (result, first) = (&reply["result"], &replies[0]["result"]);
        assert_eq!((&result["session"], &result["secret"]), (&Value::Null, &Value::Null));
        for (key, value) in first["user"].as_object().unwrap() {
            let same = key == "login_at" || result["user"][key] == *value;
            assert!(same, "{key}: {reply} {first}");
        }
    }
    assert_eq!(hashes(home) - before[0], 1);
    // The daemon may have written something for itself.
    let commits = metric(home, "photoprismd_commits_total") - before[1];
    assert!((1..=4).contains(&commits), "{commits}");
    for (sample, count) in [
        (r#"photoprismd_logins_total{result="ok"}"#, 1500),
        ("photoprismd_logins_remembered_total", 1499),
        ("photoprismd_logins_gathered_total", 1499),
        ("photoprismd_logins_waiting", 1499),
        ("photoprismd_passwords_remembered", 1),
    ] {
        assert_eq!(metric(home, sample), count, "{sample}");
    }
    let (log, first) = (home.running().log(), record(home, "bob"));
    assert_eq!(lines(&log), 1, "{log}");

    here.set(63);
    let log = here.home.running().wait_for_log(&format!("1499 more: {LINE}"));
    assert_eq!(log.matches("login ok ").count(), 2, "{log}");
    let second = await_that("the record", || {
        let found = record(&mut here.home, "bob");
        if found["login_at"] == first["login_at"] { Err(found.to_string()) } else { Ok(found) }
    });
    assert_eq!((&second["status"], &second["repeated"]), (&json!("OK"), &json!(0)));
    assert_eq!(second["updated_at"], second["login_at"]);
    assert_eq!(metric(&mut here.home, "photoprismd_logins_waiting"), 0);
}

#[test]
fn what_waits_is_written_at_a_stop_and_is_all_that_a_crash_loses() {
    let Some(mut here) = Clocked::with_bob() else { return };
    for (end, away) in [("stop", 0), ("kill", 1000)] {
        here.set(away);
        here.home.ok("auth.login", check("bob", PASSWORD));
        let first = login_at(&mut here.home);
        here.set(away + 40);
        for _ in 0..3 {
            let reply = here.home.ok("auth.login", check("bob", PASSWORD));
            assert!(unix_of(&reply["user"]["login_at"]) >= first + 40, "{reply}");
        }
        let expected = if end == "stop" {
            let log = here.home.stop();
            assert!(log.contains(&format!("3 more: {LINE}")), "{log}");
            first + 40..=first + 60
        } else {
            here.home.kill();
            first..=first
        };
        here.home.start();
        let found = record(&mut here.home, "bob");
        assert!(expected.contains(&unix_of(&found["login_at"])), "{end}: {found} {expected:?}");
        assert_eq!((&found["status"], &found["repeated"]), (&json!("OK"), &json!(0)));
        let shown = login_at(&mut here.home);
        assert!(expected.contains(&shown), "{end}: {shown} {expected:?}");
    }
}

#[test]
fn a_success_after_a_failure_is_written_at_once() {
    let mut home = with_bob();
    for round in 1..=2 {
        for _ in 0..3 {
            home.ok("auth.login", check("bob", PASSWORD));
        }
        assert_eq!(record(&mut home, "bob")["status"], "OK");
        assert_eq!(refusal(&mut home, check("bob", "wrong password")), "invalid_credentials");
        let mut failed = record(&mut home, "bob");
        assert_eq!((&failed["status"], &failed["repeated"]), (&json!("wrong password"), &json!(1)));
        // Those before it are written soon, and do not hide it.
        home.running().wait_for_logs(&format!("2 more: {LINE}"), round);
        failed["login_at"] = record(&mut home, "bob")["login_at"].clone();
        assert_eq!(record(&mut home, "bob"), failed);
        home.ok("auth.login", check("bob", PASSWORD));
        let found = record(&mut home, "bob");
        assert_eq!((&found["status"], &found["repeated"]), (&json!("OK"), &json!(0)));
        assert_eq!(found["failed_at"], failed["failed_at"]);
        // What another program reports is a failure too.
        let other = json!({"client_ip": IP, "name": "BOB", "ok": false, "realm": "api"});
        home.ok("logins.record", other);
        assert_eq!(record(&mut home, "bob")["status"], "failed");
        home.ok("auth.login", check("bob", PASSWORD));
        assert_eq!(record(&mut home, "bob")["status"], "OK");
        // So that the next round begins with one that is written.
        refusal(&mut home, check("bob", "wrong password"));
    }
}

#[test]
fn after_a_refusal_of_the_limiter_it_is_written_at_once_too() {
    let mut home = TestDaemon::new().args([
        "--refusal-floor",
        "0",
        "--login-burst",
        "1",
        "--login-refill",
        "1",
    ]);
    home.start();
    crate::setup::add_user(&mut home, "bob");
    home.ok("auth.login", check("bob", PASSWORD));
    home.ok("auth.login", check("bob", PASSWORD));
    refusal(&mut home, check("eve", "wrong password"));
    await_that("a refusal of the limiter", || {
        let code = match home.call("auth.login", check("bob", "wrong password")) {
            reply if reply["ok"] == true => panic!("{reply}"),
            reply => text(&reply["error"]["code"]),
        };
        if code == "rate_limited" { Ok(()) } else { Err(code) }
    });
    await_that("the place is back", || {
        let reply = home.call("auth.login", check("bob", PASSWORD));
        if reply["ok"] == true { Ok(()) } else { Err(reply.to_string()) }
    });
    let found = record(&mut home, "bob");
    assert_eq!((&found["status"], &found["banned_at"]), (&json!("OK"), &Value::Null));
}

#[test]
fn each_address_name_and_realm_has_its_own() {
    let mut home = with_bob();
    for _ in 0..2 {
        home.ok("auth.login", check("bob", PASSWORD));
        for (key, value) in
            [("client_ip", "192.0.2.2"), ("realm", "webdav"), ("name", " Bob"), ("scope", "a")]
        {
            let mut args = check("bob", PASSWORD);
            args[key] = json!(value);
            home.ok("auth.login", args);
        }
    }
    let found = items(&mut home, "logins.ls", json!({}));
    assert_eq!(found.len(), 3, "{found:?}");
    let log = home.stop();
    assert_eq!(lines(&log), 3, "{log}");
    // The spelling and the scope are not part of it.
    assert!(log.contains(&format!("5 more: {LINE}")) && log.contains("1 more: login ok"), "{log}");
}

#[test]
fn logins_that_create_a_session_are_written_one_by_one_and_need_no_hash() {
    let mut home = with_bob();
    let before = hashes(&mut home);
    for session in [false, true, true, false, true] {
        let mut args = check("bob", PASSWORD);
        args["session"] = json!(session);
        let result = home.ok("auth.login", args);
        assert_eq!(result["secret"].is_string(), session, "{result}");
    }
    assert_eq!(hashes(&mut home) - before, 1);
    assert_eq!(items(&mut home, "auth.ls", json!({"search": "bob"})).len(), 3);
    assert_eq!(metric(&mut home, "photoprismd_logins_remembered_total"), 4);
    let log = home.stop();
    assert_eq!(lines(&log), 4, "{log}");
    assert!(log.contains(&format!("1 more: {LINE}")), "{log}");
}

#[test]
fn app_passwords_are_gathered_and_end_at_once() {
    let mut home = with_bob();
    let app = app_password(&mut home, "bob", "webdav");
    let mut args = check("bob", &app);
    args["scope"] = json!("webdav");
    let before = hashes(&mut home);
    for reply in requests(&home, &args, 100) {
        assert_eq!(reply["ok"], true, "{reply}");
    }
    assert_eq!((hashes(&mut home), metric(&mut home, "photoprismd_logins_waiting")), (before, 99));
    let mut other = args.clone();
    other["scope"] = json!("photos");
    assert_eq!(refusal(&mut home, other), "invalid_credentials");
    home.ok("auth.login", args.clone());
    home.ok("auth.login", args.clone());
    home.ok("auth.rm", json!({"session": app}));
    assert_eq!(refusal(&mut home, args), "invalid_credentials");
    assert_eq!(record(&mut home, "bob")["status"], "wrong password");
}

#[test]
fn records_that_were_cleared_do_not_come_back() {
    let mut home = with_bob();
    for args in [json!({}), json!({"name": "bob"}), json!({"client_ip": IP})] {
        for _ in 0..3 {
            home.ok("auth.login", check("bob", PASSWORD));
        }
        assert_eq!(home.ok("logins.clear", args)["removed"], 1);
        assert_eq!(metric(&mut home, "photoprismd_logins_waiting"), 0);
        assert!(items(&mut home, "logins.ls", json!({})).is_empty());
    }
    home.restart();
    assert!(items(&mut home, "logins.ls", json!({})).is_empty());
    home.ok("auth.login", check("bob", PASSWORD));
    assert_eq!(record(&mut home, "bob")["status"], "OK", "the next one is written at once");
}

/// An account that is gone when its logins are written.
#[test]
fn logins_of_an_account_that_is_gone_are_written_all_the_same() {
    let mut home = with_bob();
    for _ in 0..3 {
        home.ok("auth.login", check("bob", PASSWORD));
    }
    home.ok("users.reset", json!({}));
    let log = home.restart();
    assert!(log.contains(&format!("2 more: {LINE}")), "{log}");
    assert!(!log.contains("WARN writing"), "{log}");
    assert_eq!(record(&mut home, "bob")["status"], "OK");
}
