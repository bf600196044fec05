//! `logins.ls`, `logins.record`, and how the record is kept small.

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{PASSWORD, await_that, items, login, quick, refusal, text, with_bob};

fn report(home: &mut TestDaemon, ip: &str, name: &str, ok: bool) {
    let args = json!({"client_ip": ip, "name": name, "ok": ok});
    assert_eq!(home.ok("logins.record", args), json!({"recorded": true}));
}

fn names(home: &mut TestDaemon, args: Value) -> Vec<String> {
    items(home, "logins.ls", args).iter().map(|item| text(&item["name"])).collect()
}

#[test]
fn what_another_program_reports_is_recorded_and_counts_against_nobody() {
    let mut home = with_bob();
    let args = json!({"client_ip": "::ffff:192.0.2.1", "name": " BOB ", "ok": false,
        "realm": "imap", "error": "bad certificate", "user_agent": "Mail/1"});
    home.ok("logins.record", args.clone());
    let row = items(&mut home, "logins.ls", json!({}))[0].clone();
    assert_eq!(
        row,
        json!({"client_ip": "192.0.2.1", "name": "bob", "realm": "imap", "status": "failed",
            "error": "bad certificate", "repeated": 1, "user_agent": "Mail/1", "login_at": null,
            "failed_at": row["updated_at"], "banned_at": null, "updated_at": row["updated_at"]})
    );
    assert!(text(&row["updated_at"]).ends_with('Z'));
    for _ in 0..20 {
        home.ok("logins.record", args.clone());
    }
    assert_eq!(items(&mut home, "logins.ls", json!({}))[0]["repeated"], 21);
    home.ok("auth.login", login("bob", PASSWORD));
    home.ok(
        "logins.record",
        json!({"client_ip": "192.0.2.1", "name": "bob", "ok": true,
        "realm": "imap"}),
    );
    let row = items(&mut home, "logins.ls", json!({"search": "bob"}))
        .into_iter()
        .find(|row| row["realm"] == "imap")
        .unwrap();
    assert_eq!(
        (&row["status"], &row["error"], &row["repeated"]),
        (&json!("OK"), &json!(""), &json!(0))
    );
    report(&mut home, "2001:DB8::1", &"N".repeat(300), false);
    assert_eq!(names(&mut home, json!({"client_ip": "2001:db8::1"})), ["n".repeat(64)]);
}

#[test]
fn what_is_reported_is_checked() {
    let mut home = with_bob();
    let good = json!({"client_ip": "192.0.2.1", "name": "bob", "ok": true});
    for (field, value) in [
        ("client_ip", json!("nowhere")),
        ("client_ip", json!("192.0.2.1 ")),
        ("error", json!("with ok")),
        ("error", json!("")),
        ("realm", json!("")),
        ("name", json!("a\u{0}")),
        ("user_agent", json!("a\u{0}")),
    ] {
        let mut args = good.clone();
        args[field] = value.clone();
        let fault = home.fault("logins.record", args);
        assert_eq!(fault, ("invalid_argument".to_owned(), field.to_owned()), "{value}");
    }
    for field in ["client_ip", "name", "ok"] {
        let mut args = good.clone();
        args.as_object_mut().unwrap().remove(field);
        assert_eq!(home.fault("logins.record", args).0, "bad_request");
    }
    let line = json!({"cmd": "logins.record", "args": good, "key": "a-key-of-mine"}).to_string();
    assert_eq!(home.ask(&line)["error"]["field"], "key");
    assert!(items(&mut home, "logins.ls", json!({})).is_empty());
}

/// In PhotoPrism's database the table comes with the first record.
fn with_table(home: &mut TestDaemon) {
    report(home, "192.0.2.1", "first", true);
    home.ok("logins.clear", json!({}));
}

/// Rows whose last attempt was in the minute of their number, over two addresses.
fn with_rows(count: usize) -> TestDaemon {
    let mut home = quick();
    home.start();
    with_table(&mut home);
    home.offline(|database| {
        for n in 0..count {
            let (ok, at) = (n % 3 == 0, format!("2026-11-01 00:{:02}:00+00:00", n / 2));
            database
                .execute(
                    "INSERT INTO audit_logins (client_ip, login_name, login_realm, login_status,
                       error_message, error_repeated, client_browser, login_at, failed_at,
                       created_at, updated_at)
                     VALUES (?1, ?2, 'api', iif(?3, 'OK', 'wrong password'), '', 0, '',
                       iif(?3, ?4, NULL), iif(?3, NULL, ?4), ?4, ?4)",
                    rusqlite::params![format!("192.0.2.{}", n % 2), format!("name{n:02}"), ok, at],
                )
                .unwrap();
        }
    });
    home
}

#[test]
fn filters_narrow() {
    let mut home = with_rows(20);
    let all = names(&mut home, json!({}));
    // The latest first, then by address.
    let expected: Vec<String> =
        (0..20).map(|n| format!("name{:02}", 18 - n / 2 * 2 + n % 2)).collect();
    assert_eq!(all, expected);
    for (args, count) in [
        (json!({"failed": false}), 7),
        (json!({"failed": true}), 13),
        (json!({"client_ip": "192.0.2.1"}), 10),
        (json!({"client_ip": "::ffff:192.0.2.1"}), 10),
        (json!({"client_ip": "192.0.2.1", "failed": false}), 3),
        (json!({"name": "NAME07"}), 1),
        (json!({"name": "name0"}), 0),
        (json!({"search": "name0"}), 10),
        (json!({"search": "Name0"}), 10),
        (json!({"search": "192.0.2."}), 20),
        (json!({"search": "192.0.2.0"}), 10),
        (json!({"search": "%"}), 0),
        (json!({"search": "ame"}), 0),
        (json!({"since": "2026-11-01T00:08:00Z"}), 4),
        (json!({"since": "2026-11-01T01:08:01+01:00"}), 2),
        (json!({"since": "2030-01-01T00:00:00Z"}), 0),
        (json!({"since": "2026-11-01T00:08:00Z", "failed": false, "search": "name"}), 1),
    ] {
        assert_eq!(names(&mut home, args.clone()).len(), count, "{args}");
    }
}

#[test]
fn pages_are_whole_and_their_cursors_their_own() {
    let mut home = with_rows(20);
    let all = names(&mut home, json!({}));
    for limit in [1, 3, 19, 20] {
        let (mut found, mut args) = (Vec::new(), json!({"limit": limit, "search": "name"}));
        loop {
            let page = home.ok("logins.ls", args.clone());
            found.extend(page["items"].as_array().unwrap().iter().map(|row| text(&row["name"])));
            match &page["next"] {
                Value::Null => break,
                next => args["cursor"] = next.clone(),
            }
        }
        assert_eq!(found, all, "{limit}");
    }
    let next = home.ok("logins.ls", json!({"limit": 2}))["next"].clone();
    for changed in [
        json!({"failed": true}),
        json!({"name": "x"}),
        json!({"search": "n"}),
        json!({"client_ip": "192.0.2.1"}),
        json!({"since": "2026-11-01T00:00:00Z"}),
    ] {
        let mut args = changed.clone();
        args["cursor"] = next.clone();
        let fault = home.fault("logins.ls", args);
        assert_eq!(fault, ("invalid_argument".to_owned(), "cursor".to_owned()), "{changed}");
    }
}

#[test]
fn filters_are_checked() {
    let mut home = with_bob();
    for (field, value) in [
        ("since", json!("2h")),
        ("since", json!("never")),
        ("since", json!("2026-11-01")),
        ("since", json!("")),
        ("client_ip", json!("192.0.2.")),
        ("limit", json!(0)),
        ("limit", json!(1001)),
    ] {
        let fault = home.fault("logins.ls", json!({field: value}));
        assert_eq!(fault, ("invalid_argument".to_owned(), field.to_owned()), "{value}");
    }
    assert_eq!(home.fault("logins.ls", json!({"failed": "true"})).0, "bad_request");
}

#[test]
fn the_oldest_rows_go_and_those_that_never_logged_in_go_first() {
    let mut home = quick().args(["--login-records", "1000"]);
    home.start();
    with_table(&mut home);
    home.offline(|database| {
        database.execute_batch("BEGIN").unwrap();
        for n in 0..3000 {
            database.execute(
                "INSERT INTO audit_logins (client_ip, login_name, login_realm, login_status,
                   error_message, error_repeated, client_browser, login_at, created_at, updated_at)
                 VALUES ('192.0.2.1', ?1, 'api', 'x', '', 0, '', iif(?2, '2020-01-01 00:00:00+00:00',
                   NULL), ?3, ?3)",
                rusqlite::params![
                    format!("n{n:04}"),
                    n < 100,
                    format!("2026-11-01 {:02}:{:02}:00+00:00", n / 60 % 24, n % 60)
                        .replace("11-01", &format!("11-0{}", 1 + n / 1440))
                ],
            )
            .unwrap();
        }
        database.execute_batch("COMMIT").unwrap();
    });
    await_that("the pruning", || {
        let count = home.ok("status", json!({}))["counts"]["logins"].clone();
        if count == 1000 { Ok(()) } else { Err(count.to_string()) }
    });
    let left = names(&mut home, json!({"limit": 1000}));
    assert_eq!(left.len(), 1000);
    assert_eq!(left[0], "n2999");
    assert_eq!(left.iter().filter(|name| name.as_str() < "n0100").count(), 100);
    assert!(left.iter().all(|name| name.as_str() < "n0100" || name.as_str() >= "n2100"));
}

#[test]
fn what_is_too_much_is_refused_while_it_arrives() {
    let mut home = quick().args(["--login-records", "1000"]);
    home.start();
    std::thread::scope(|scope| {
        for part in 0..12 {
            let mut client = home.connect();
            scope.spawn(move || {
                for n in part * 100..(part + 1) * 100 {
                    let name = format!("n{n:04}");
                    let args = json!({"client_ip": "192.0.2.1", "name": name, "ok": false});
                    client.ok("logins.record", args);
                }
            });
        }
    });
    home.ok("logins.record", json!({"client_ip": "192.0.2.1", "name": "newest", "ok": false}));
    await_that("the pruning", || {
        let count = home.ok("status", json!({}))["counts"]["logins"].clone();
        if count == 1000 { Ok(()) } else { Err(count.to_string()) }
    });
    assert!(names(&mut home, json!({"limit": 1000})).contains(&"newest".to_owned()));
}

#[test]
fn an_attempt_under_a_name_that_is_none_is_recorded_as_it_was_typed() {
    let mut home = with_bob();
    for (name, recorded) in [
        ("  ' OR 1=1 --", "' or 1=1 --".to_owned()),
        ("*", "*".to_owned()),
        ("<b>\u{1b}[2J", "<b>\u{1b}[2j".to_owned()),
        (&"Ä".repeat(100), "ä".repeat(64)),
    ] {
        assert_eq!(refusal(&mut home, login(name, PASSWORD)), "invalid_credentials");
        let found = items(&mut home, "logins.ls", json!({"name": recorded}));
        assert_eq!((found.len(), &found[0]["status"]), (1, &json!("unknown user")), "{name:?}");
        assert_eq!(found[0]["name"], recorded);
        home.ok("logins.clear", json!({}));
    }
}
