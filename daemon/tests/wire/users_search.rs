//! `users.ls` and `users.legacy`: every form of a search, and the order.

use serde_json::{Value, json};

use crate::common::database::Database;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// The names of a page; a system row is known by its display name.
fn names(home: &mut TestDaemon, cmd: &str, args: Value) -> Vec<String> {
    let result = home.ok(cmd, args);
    assert_eq!(result["next"], Value::Null);
    let key = if cmd == "users.legacy" { "user_name" } else { "name" };
    let items = result["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| match item[key].as_str().unwrap() {
            "" => item["display_name"].as_str().unwrap().to_owned(),
            name => name.to_owned(),
        })
        .collect()
}

fn populated() -> TestDaemon {
    let mut home = TestDaemon::started();
    for (name, display, email) in [
        ("bob", "Zoë Bobson", "robert@example.com"),
        ("bobby", "Älfred", "äöü@example.com"),
        ("2", "Two", ""),
        ("007", "James", ""),
        ("b%b", "100%", "b_b@example.com"),
        ("b_b", "_under", ""),
        ("müller", "MÜLLER", ""),
        ("gone", "Bob Gone", "gone@example.com"),
        ("yz", "ABZ@[", ""),
    ] {
        let args = json!({"name": name, "role": "user", "provider": "none",
            "display_name": display, "email": email});
        home.ok("users.add", args);
    }
    home.ok("users.rm", json!({"user": "gone"}));
    home
}

#[test]
fn each_form_finds_what_it_says() {
    let mut home = populated();
    let uid = home.ok("users.show", json!({"user": "bobby"}))["user"]["uid"].clone();
    let everybody = ["admin", "bob", "bobby", "2", "007", "b%b", "b_b", "müller", "yz"];
    let cases: [(&str, &[&str]); 38] = [
        ("", &everybody),
        // Ids: admin 1, bob 2, bobby 3, "2" 4.
        ("1", &["admin"]),
        ("2", &["bob", "2"]),
        ("4", &["2"]),
        ("-1", &["Unknown"]),
        ("-2", &["Visitor"]),
        ("007", &["007", "b_b"]),
        ("7", &["b_b"]),
        ("99", &[]),
        ("9", &[]),
        ("u000000000000002", &["Visitor"]),
        ("utp00pv6ptcwv08t", &[]),
        ("bob", &["bob", "bobby"]),
        ("BOB", &["bob", "bobby"]),
        ("bobb", &["bobby"]),
        ("ob", &[]),
        ("robert@", &["bob"]),
        ("Robert@EX", &["bob"]),
        ("zo", &["bob"]),
        ("ZO", &["bob"]),
        ("Z", &["bob"]),
        ("zoë b", &["bob"]),
        ("ZOË", &[]),
        ("ABZ", &["yz"]),
        ("abz@[", &["yz"]),
        ("ÄÖ", &["bobby"]),
        ("Älf", &["bobby"]),
        ("älf", &[]),
        ("MÜ", &["müller"]),
        ("mu\u{308}", &["müller"]),
        ("%", &[]),
        ("b%", &["b%b"]),
        ("b_", &["b%b", "b_b"]),
        ("_", &["b_b"]),
        ("100%", &["b%b"]),
        ("_b", &[]),
        ("All", &[]),
        ("visitor", &[]),
    ];
    for (search, expected) in cases {
        assert_eq!(names(&mut home, "users.ls", json!({"search": search})), expected, "{search}");
    }
    assert_eq!(names(&mut home, "users.ls", json!({"search": uid})), ["bobby"]);
    let all = names(&mut home, "users.ls", json!({"search": "all"}));
    assert_eq!(all, [&["Visitor", "Unknown"][..], &everybody].concat());
}

#[test]
fn deleted_accounts_appear_only_when_asked_for() {
    let mut home = populated();
    let uid = home.ok("users.show", json!({"user": "gone"}))["user"]["uid"].clone();
    let uid = uid.as_str().unwrap();
    for (search, with, without) in [
        ("gone", &["gone"][..], &[][..]),
        (uid, &["gone"], &[]),
        ("9", &["gone"], &[]),
        ("bob", &["bob", "bobby", "gone"], &["bob", "bobby"]),
    ] {
        let args = json!({"search": search, "deleted": true});
        assert_eq!(names(&mut home, "users.ls", args), with, "{search}");
        let args = json!({"search": search, "deleted": false});
        assert_eq!(names(&mut home, "users.ls", args), without, "{search}");
    }
    assert_eq!(names(&mut home, "users.ls", json!({"deleted": true})).len(), 10);
    assert_eq!(names(&mut home, "users.ls", json!({"deleted": true, "search": "all"})).len(), 12);
    let counts = home.ok("status", json!({}))["counts"].clone();
    assert_eq!(counts, json!({"users": 9, "deleted": 1, "sessions": 0, "logins": 0}));
}

#[test]
fn a_deleted_account_is_shown_and_comes_back() {
    let mut home = populated();
    let before = home.ok("users.show", json!({"user": "bob"}))["user"].clone();
    let result = home.ok("users.rm", json!({"user": "BOB"}));
    assert_eq!(result["sessions_revoked"], 0);
    let gone = result["user"].clone();
    assert_eq!(gone["deleted_at"], gone["updated_at"]);
    assert_eq!((&gone["may_login"], &gone["uid"]), (&json!(false), &before["uid"]));
    assert_eq!(home.ok("users.show", json!({"user": before["uid"]}))["user"], gone);
    let mut back = home.ok("users.restore", json!({"user": before["uid"]}))["user"].clone();
    let again = home.ok("users.restore", json!({"user": "bob"}))["user"].clone();
    assert_eq!(again, back, "one that is not deleted stays as it is");
    back["updated_at"] = before["updated_at"].clone();
    assert_eq!(back, before);
}

#[test]
fn deleting_ends_the_app_passwords_too() {
    let mut home = populated();
    let uid = home.ok("users.show", json!({"user": "bob"}))["user"]["uid"].clone();
    let uid = uid.as_str().unwrap().to_owned();
    home.offline(|database| super::users_mod::insert_sessions(database, &uid));
    assert_eq!(home.ok("users.rm", json!({"user": "bob"}))["sessions_revoked"], 3);
    assert_eq!(home.offline(|database| super::users_mod::sessions(database)), ["other"]);
}

fn legacy_table(database: &mut Database) {
    database
        .execute_batch(
            "DROP TABLE IF EXISTS users; CREATE TABLE users (id INTEGER PRIMARY KEY, user_uid VARBINARY(42), full_name VARCHAR(99),
               user_name VARCHAR(99), primary_email VARCHAR(99), role_admin BOOL, user_disabled BOOL,
               created_at DATETIME, deleted_at DATETIME);
             INSERT INTO users VALUES
               (-1, 'u000000000000001', 'Unknown', '', '', 0, 0, NULL, NULL),
               (1, 'uqz1r5w1rstuvwx1', 'Old Admin', 'admin', 'a@example.com', 1, 0, '2021-01-02 03:04:05.678+00:00', NULL),
               (2, 'uqz1r5w1rstuvwx2', 'Bob Old', '1', '', 0, 1, '0001-01-01 00:00:00+00:00', NULL),
               (3, 'uqz1r5w1rstuvwx3', 'Gone', 'gone', '', 0, 0, NULL, '2022-01-01 00:00:00+00:00');",
        )
        .unwrap();
}

#[test]
fn legacy_accounts_are_listed_where_there_are_any() {
    let mut home = TestDaemon::started();
    assert_eq!(home.ok("users.legacy", json!({})), json!({"items": [], "next": null}));
    home.offline(legacy_table);
    let items = home.ok("users.legacy", json!({"search": "all"}))["items"].clone();
    assert_eq!(
        items,
        json!([
            {"id": 1, "uid": "uqz1r5w1rstuvwx1", "name": "Old Admin", "user_name": "admin",
             "email": "a@example.com", "admin": true, "created_at": "2021-01-02T03:04:05Z"},
            {"id": 2, "uid": "uqz1r5w1rstuvwx2", "name": "Bob Old", "user_name": "1",
             "email": "", "admin": false, "created_at": null},
        ])
    );
    let cases: [(&str, &[&str]); 9] = [
        ("", &["admin", "1"]),
        ("1", &["admin", "1"]),
        ("2", &["1"]),
        ("3", &[]),
        ("-1", &[]),
        ("uqz1r5w1rstuvwx2", &["1"]),
        ("bob o", &["1"]),
        ("A@EX", &["admin"]),
        ("gone", &[]),
    ];
    for (search, expected) in cases {
        assert_eq!(
            names(&mut home, "users.legacy", json!({"search": search})),
            expected,
            "{search}"
        );
    }
}

#[test]
fn a_name_of_the_form_of_a_uid_is_found() {
    let mut home = TestDaemon::started();
    for (name, display) in [("uschipartenkirch", "Uschi"), ("bob", "Unterfranken Bob")] {
        let args =
            json!({"name": name, "role": "user", "provider": "none", "display_name": display});
        home.ok("users.add", args);
    }
    for (search, found) in [
        ("uschipartenkirch", &["uschipartenkirch"][..]),
        ("unterfranken bob", &["bob"]),
        ("uschipartenkirc2", &[]),
    ] {
        assert_eq!(names(&mut home, "users.ls", json!({"search": search})), found, "{search}");
        let exported = home.ok("users.export", json!({"search": search}));
        assert_eq!(exported["items"].as_array().unwrap().len(), found.len(), "{search}");
    }
    // A UID that is somebody's means that account alone.
    let uid = home.ok("users.show", json!({"user": "bob"}))["user"]["uid"].clone();
    home.ok("users.mod", json!({"user": "uschipartenkirch", "display_name": uid}));
    assert_eq!(names(&mut home, "users.ls", json!({"search": uid})), ["bob"]);
}
