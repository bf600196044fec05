//! `users.ls` with what an administrator looks for: accounts that end soon, that nobody uses, and
//! that have no second factor.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

const PASSWORD: &str = "staple and paper clip";
const DAY: i64 = 24 * 3600;

/// All names, page by page of that length.
fn names_by(home: &mut TestDaemon, args: &Value, limit: u16) -> Vec<String> {
    let mut names = Vec::new();
    let mut args = args.clone();
    args["limit"] = limit.into();
    loop {
        let page = home.ok("users.ls", args.clone());
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= usize::from(limit));
        names.extend(items.iter().map(|user| user["name"].as_str().unwrap().to_owned()));
        if page["next"].is_null() {
            return names;
        }
        args["cursor"] = page["next"].clone();
    }
}

/// The same names with pages of every length.
fn names(home: &mut TestDaemon, args: &Value) -> Vec<String> {
    let all = names_by(home, args, 1000);
    for limit in [1, 2, 3] {
        assert_eq!(names_by(home, args, limit), all, "{args}");
    }
    all
}

fn photoprism() -> TestDaemon {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/index.db");
    let mut home = TestDaemon::new().with_database(&fixture);
    home.start();
    home
}

#[test]
fn accounts_that_end_within_a_time_are_found() {
    let mut home = TestDaemon::started();
    let never = json!({"name": "never", "role": "user", "provider": "none"});
    let created = home.ok("users.add", never)["user"]["created_at"].clone();
    let now: Timestamp = created.as_str().unwrap().parse().unwrap();
    for (name, days) in [("week", 7), ("month", 31), ("past", -1), ("tomorrow", 1)] {
        let end = (now + SignedDuration::from_hours(days * 24)).to_string();
        let args = json!({"name": name, "role": "user", "provider": "none", "expires_at": end});
        home.ok("users.add", args);
    }
    let mut within = |days: i64| names(&mut home, &json!({"expiring_within_s": days * DAY}));
    assert_eq!(within(2), ["tomorrow"]);
    assert_eq!(within(14), ["week", "tomorrow"]);
    assert_eq!(within(32), ["week", "month", "tomorrow"]);
    let both = json!({"search": "w", "expiring_within_s": 32 * DAY, "deleted": true});
    assert_eq!(names(&mut home, &both), ["week"]);
}

#[test]
fn accounts_that_nobody_uses_are_found() {
    let mut home = TestDaemon::started();
    for name in ["login", "token", "unused"] {
        home.ok("users.add", json!({"name": name, "role": "user", "password": PASSWORD}));
    }
    let idle = json!({"inactive_for_s": DAY});
    assert_eq!(names(&mut home, &idle), ["admin", "login", "token", "unused"]);
    let args = json!({"name": "login", "password": PASSWORD, "client_ip": "192.0.2.7"});
    home.ok("auth.login", args);
    let secret = home.ok("auth.add", json!({"name": "x", "scope": "*", "user": "token"}));
    assert_eq!(names(&mut home, &idle), ["admin", "token", "unused"]);
    home.ok("auth.verify", json!({"token": secret["secret"]}));
    assert_eq!(names(&mut home, &idle), ["admin", "unused"]);
    // Now the use is in the database.
    home.restart();
    assert_eq!(names(&mut home, &idle), ["admin", "unused"]);
}

#[test]
fn in_photoprism_s_database_they_are_found_too() {
    let mut home = photoprism();
    let idle = json!({"inactive_for_s": DAY});
    let before = names(&mut home, &idle);
    assert!(before.contains(&"bob".into()) && before.contains(&"alice".into()), "{before:?}");
    let phone = "X2PniU-C1fjAU-gWXAnY-0nUwZi";
    assert_eq!(home.ok("auth.verify", json!({"token": phone}))["active"], true);
    let after: Vec<_> = before.into_iter().filter(|name| name != "bob").collect();
    assert_eq!(names(&mut home, &idle), after);
}

#[test]
fn accounts_that_may_log_in_without_a_second_factor_are_found() {
    let mut home = photoprism();
    let all = home.ok("users.ls", json!({"deleted": true, "limit": 1000}));
    let all = all["items"].as_array().unwrap();
    let weak = |user: &&Value| user["may_login"] == true && user["two_factor"] == false;
    let expected: Vec<_> =
        all.iter().filter(weak).map(|user| user["name"].as_str().unwrap()).collect();
    assert!(expected.len() > 3 && expected.len() < all.len(), "{expected:?}");
    assert!(!expected.contains(&"dave"));
    assert_eq!(names(&mut home, &json!({"without_2fa": true, "deleted": true})), expected);
    let unfiltered = names(&mut home, &json!({"without_2fa": false}));
    assert!(unfiltered.contains(&"dave".into()));
}

#[test]
fn times_have_a_range_and_a_cursor_belongs_to_its_filter() {
    let mut home = photoprism();
    for field in ["expiring_within_s", "inactive_for_s"] {
        for seconds in [json!(0), json!(-1), json!(3_153_600_001_i64), json!(u64::MAX)] {
            let error = home.refused("users.ls", json!({field: seconds}));
            assert_eq!(error["code"], "invalid_argument", "{error}");
            assert_eq!(error["field"], field, "{error}");
        }
        home.ok("users.ls", json!({field: 3_153_600_000_i64}));
    }
    let next = home.ok("users.ls", json!({"inactive_for_s": DAY, "limit": 1}))["next"].clone();
    for other in [json!({}), json!({"inactive_for_s": 2 * DAY}), json!({"without_2fa": true})] {
        let mut args = other;
        args["cursor"] = next.clone();
        assert_eq!(home.refused("users.ls", args)["field"], "cursor");
    }
}
