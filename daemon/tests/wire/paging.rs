//! Pages: limits, cursors over changes and restarts, and the bound on a reply's length.

use rusqlite::params;
use serde_json::{Value, json};

use crate::common::database::Database;
use crate::common::json::{Ask, fault};
use crate::common::test_daemon::TestDaemon;

/// The bound on a reply line.
const MAX_REPLY: usize = 1024 * 1024;

/// Accounts `u0000` and on, attributes of `attr`.
fn insert_many(database: &Database, count: usize, attr: &str) {
    database.execute_batch("BEGIN").unwrap();
    for n in 0..count {
        database
            .execute(
                "INSERT INTO auth_users (user_uid, user_name, user_role, auth_provider, user_attr)
                 VALUES (?1, ?2, 'user', 'local', ?3)",
                params![format!("utest00000{n:06}"), format!("u{n:04}"), attr],
            )
            .unwrap();
    }
    database.execute_batch("COMMIT").unwrap();
}

fn with_many(count: usize, attr: &str) -> TestDaemon {
    let mut home = TestDaemon::started();
    home.offline(|database| insert_many(database, count, attr));
    home
}

/// The names of a page and its `next`.
fn page(home: &mut TestDaemon, args: Value) -> (Vec<String>, Value) {
    let result = home.ok("users.ls", args);
    let items = result["items"].as_array().unwrap();
    let names = items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect();
    (names, result["next"].clone())
}

fn expected(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| format!("u{n:04}")).collect()
}

#[test]
fn the_limit_has_a_range_and_a_default() {
    let mut home = with_many(250, "");
    for limit in [json!(0), json!(-1), json!(1001), json!(u64::MAX), json!(i64::MIN)] {
        for cmd in ["users.ls", "users.legacy", "audit.ls"] {
            let error = home.fault(cmd, json!({"limit": limit}));
            assert_eq!(error, ("invalid_argument".into(), "limit".into()), "{cmd} {limit}");
        }
    }
    let (names, next) = page(&mut home, json!({"search": "u"}));
    assert_eq!((names, next.is_string()), (expected(0..100), true));
    let (names, next) = page(&mut home, json!({"search": "u", "limit": 1000}));
    assert_eq!((names, next), (expected(0..250), Value::Null));
    // A page that ends exactly where the list does is the last.
    let (names, next) = page(&mut home, json!({"search": "u", "limit": 250}));
    assert_eq!((names, next), (expected(0..250), Value::Null));
    let (_, next) = page(&mut home, json!({"search": "u", "limit": 249}));
    let (names, next) = page(&mut home, json!({"search": "u", "limit": 1, "cursor": next}));
    assert_eq!((names, next), (expected(249..250), Value::Null));
}

#[test]
fn minus_zero_is_a_whole_number_out_of_range() {
    let home = TestDaemon::started();
    for (limit, code) in [("-0", "invalid_argument"), ("-0.0", "bad_request")] {
        let reply = home.ask(&format!(r#"{{"cmd":"users.ls","args":{{"limit":{limit}}}}}"#));
        assert_eq!(fault(&reply["error"]), (code.into(), "limit".into()), "{limit}");
    }
}

#[test]
fn a_cursor_survives_inserts_deletes_and_a_restart() {
    let mut home = with_many(30, "");
    let args = |next: &Value| json!({"search": "u", "limit": 10, "cursor": next});
    let (_, next) = page(&mut home, json!({"search": "u", "limit": 10}));
    // What the cursor points at goes, something before it goes, something comes at the end.
    home.ok("users.rm", json!({"user": "u0009"}));
    home.ok("users.rm", json!({"user": "u0003"}));
    home.ok("users.rm", json!({"user": "u0010"}));
    home.ok("users.add", json!({"name": "u9999", "role": "user", "provider": "none"}));
    home.restart();
    let (names, next) = page(&mut home, args(&next));
    assert_eq!(names, expected(11..21));
    let (names, next) = page(&mut home, args(&next));
    let last = [expected(21..30), vec!["u9999".to_owned()]].concat();
    assert_eq!((names, next), (last, Value::Null));
}

#[test]
fn the_limit_may_change_from_page_to_page() {
    let mut home = with_many(30, "");
    let (mut seen, mut next) = page(&mut home, json!({"search": "u", "limit": 1}));
    for limit in [2, 3, 5, 7, 100] {
        let (names, after) =
            page(&mut home, json!({"search": "u", "limit": limit, "cursor": next}));
        seen.extend(names);
        next = after;
    }
    assert_eq!((seen, next), (expected(0..30), Value::Null));
}

#[test]
fn a_cursor_of_something_else_is_refused() {
    let mut home = with_many(30, "");
    home.ok("users.add", json!({"name": "x", "role": "user", "provider": "none"}));
    home.ok("users.add", json!({"name": "y", "role": "user", "provider": "none"}));
    let (_, next) = page(&mut home, json!({"search": "u", "limit": 10}));
    let cursor = next.as_str().unwrap();
    let of_audit = home.ok("audit.ls", json!({"limit": 1}))["next"].clone();
    let of_all = home.ok("users.ls", json!({"limit": 1}))["next"].clone();
    let refused = |home: &mut TestDaemon, cmd: &str, args: Value| {
        let error = home.fault(cmd, args.clone());
        assert_eq!(error, ("invalid_argument".into(), "cursor".into()), "{cmd} {args}");
    };
    refused(&mut home, "users.ls", json!({"search": "u0", "cursor": cursor}));
    refused(&mut home, "users.ls", json!({"cursor": cursor}));
    refused(&mut home, "users.ls", json!({"search": "u", "deleted": true, "cursor": cursor}));
    refused(&mut home, "users.ls", json!({"search": "u", "cursor": of_audit}));
    refused(&mut home, "users.ls", json!({"search": "u", "cursor": of_all}));
    refused(&mut home, "users.legacy", json!({"search": "u", "cursor": cursor}));
    refused(&mut home, "audit.ls", json!({"cursor": cursor}));
    refused(&mut home, "users.ls", json!({"search": "u", "cursor": ""}));
    // The filter as it is by default is the same filter.
    home.ok("users.ls", json!({"search": "u", "deleted": false, "cursor": cursor}));
    for at in 0..cursor.len() {
        for with in ["A", "b", "_", "=", " ", ""] {
            let altered = format!("{}{with}{}", &cursor[..at], &cursor[at + 1..]);
            if altered != cursor {
                refused(&mut home, "users.ls", json!({"search": "u", "cursor": altered}));
            }
        }
    }
    refused(&mut home, "users.ls", json!({"search": "u", "cursor": format!("{cursor}A")}));
    refused(&mut home, "users.ls", json!({"search": "u", "cursor": format!("{cursor}=")}));
    let mut other = with_many(30, "");
    refused(&mut other, "users.ls", json!({"search": "u", "cursor": cursor}));
}

#[test]
fn a_reply_stays_under_its_bound_and_says_that_there_is_more() {
    for attr in ["x".repeat(1024), "\"".repeat(1024), "ä".repeat(512)] {
        let home = with_many(1000, &attr);
        let mut client = home.connect();
        let (mut seen, mut next, mut pages) = (Vec::new(), Value::Null, 0);
        let id = "\u{1f}".repeat(64);
        while pages == 0 || next.is_string() {
            let mut request =
                json!({"id": id, "cmd": "users.ls", "args": {"search": "u", "limit": 1000}});
            if next.is_string() {
                request["args"]["cursor"] = next;
            }
            client.send(request.to_string() + "\n");
            let line = client.line().unwrap();
            assert!(line.len() <= MAX_REPLY, "{}", line.len());
            let reply: Value = serde_json::from_str(&line).unwrap();
            let items = reply["result"]["items"].as_array().unwrap();
            seen.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
            next = reply["result"]["next"].clone();
            assert!(next.is_null() || line.len() > MAX_REPLY / 2, "a page as full as it may be");
            pages += 1;
        }
        assert_eq!(seen, expected(0..1000));
        assert!(pages > 1);
    }
}

#[test]
fn records_are_paged_newest_first_while_more_come() {
    let mut home = TestDaemon::started();
    for n in 0..25 {
        home.ok("users.add", json!({"name": format!("u{n}"), "role": "user", "provider": "none"}));
    }
    let numbers = |result: &Value| -> Vec<u64> {
        result["items"].as_array().unwrap().iter().map(|i| i["number"].as_u64().unwrap()).collect()
    };
    let first = home.ok("audit.ls", json!({"limit": 10}));
    assert_eq!(numbers(&first), (16..=25).rev().collect::<Vec<_>>());
    home.ok("users.rm", json!({"user": "u0"}));
    let second = home.ok("audit.ls", json!({"limit": 10, "cursor": first["next"]}));
    assert_eq!(numbers(&second), (6..=15).rev().collect::<Vec<_>>());
    let third = home.ok("audit.ls", json!({"limit": 10, "cursor": second["next"]}));
    assert_eq!((numbers(&third), &third["next"]), (vec![5, 4, 3, 2, 1], &Value::Null));
}
