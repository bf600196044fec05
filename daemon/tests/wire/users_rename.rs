//! `users.rename`.

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

fn started() -> TestDaemon {
    let mut home = TestDaemon::started();
    for name in ["bob", "alice", "gone"] {
        home.ok("users.add", json!({"name": name, "role": "user", "password": "mysecret"}));
    }
    home.ok("users.rm", json!({"user": "gone"}));
    home
}

#[test]
fn an_account_gets_another_name_and_stays_what_it_is() {
    let mut home = started();
    let directories = json!({"user": "bob", "base_path": "~", "upload_path": "~/up"});
    let before = home.ok("users.mod", directories)["user"].clone();
    let result = home.ok("users.rename", json!({"user": "BOB", "name": " Robert "}));
    assert_eq!(result["changed"], json!(["name"]));
    let mut expected = before.clone();
    expected["name"] = "robert".into();
    expected["updated_at"] = result["user"]["updated_at"].clone();
    assert_eq!(result["user"], expected, "and nothing else");
    assert_eq!(expected["base_path"], "users/bob");
    assert_eq!(home.refused("users.show", json!({"user": "bob"}))["code"], "not_found");
    let login = |name: &str| json!({"name": name, "password": "mysecret", "client_ip": "::1"});
    assert_eq!(home.ok("auth.login", login("robert"))["user"]["uid"], before["uid"]);
    assert_eq!(home.refused("auth.login", login("bob"))["code"], "invalid_credentials");
    // The old name is free.
    home.ok("users.add", json!({"name": "bob", "role": "user", "password": "mysecret"}));
    // The same name again changes nothing, and the old one is taken.
    let again = home.ok("users.rename", json!({"user": before["uid"], "name": "robert"}));
    assert_eq!(again["changed"], json!([]));
    assert_eq!(again["user"]["updated_at"], result["user"]["updated_at"]);
    let error = home.refused("users.rename", json!({"user": "robert", "name": "bob"}));
    assert_eq!((&error["code"], &error["field"]), (&json!("exists"), &json!("name")));
}

#[test]
fn sessions_live_on_under_the_new_name() {
    let mut home = started();
    let created = home.ok("auth.add", json!({"name": "Sync", "scope": "webdav", "user": "bob"}));
    let login = json!({"name": "bob", "password": "mysecret", "client_ip": "::1"});
    let login = home.ok("auth.login", login)["secret"].clone();
    home.ok("users.rename", json!({"user": "bob", "name": "robert"}));
    let verify =
        |home: &mut TestDaemon, token: &Value| home.ok("auth.verify", json!({"token": token}));
    for _ in 0..2 {
        for token in [&created["secret"], &login] {
            let found = verify(&mut home, token);
            assert_eq!((&found["active"], &found["username"]), (&json!(true), &json!("robert")));
        }
        let listed = home.ok("auth.ls", json!({"search": "robert"}))["items"].clone();
        assert_eq!(listed.as_array().unwrap().len(), 2, "{listed}");
        assert_eq!(home.ok("auth.ls", json!({"search": "bob"}))["items"], json!([]));
        home.restart();
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let mut home = started();
    for (user, name, code, field) in [
        ("bob", "a b", "invalid_argument", "name"),
        ("bob", "all", "invalid_argument", "name"),
        ("bob", "", "invalid_argument", "name"),
        ("a\0b", "new", "invalid_argument", "user"),
        ("nobody", "new", "not_found", ""),
        ("gone", "new", "not_found", ""),
        ("bob", "Alice", "exists", "name"),
        ("bob", "gone", "exists", "name"),
        ("bob", "admin", "exists", "name"),
        ("u000000000000001", "new", "conflict", ""),
        ("u000000000000002", "new", "conflict", ""),
    ] {
        let fault = home.fault("users.rename", json!({"user": user, "name": name}));
        assert_eq!(fault, (code.into(), field.into()), "{user} {name}");
    }
    let error = home.refused("users.rename", json!({"user": "bob", "name": "gone"}));
    assert!(error["hint"].as_str().unwrap().contains("users restore gone"), "{error}");
    // The first admin may have another name.
    home.ok("users.rename", json!({"user": "admin", "name": "root"}));
    assert_eq!(home.ok("audit.ls", json!({"limit": 1}))["items"][0]["command"], "users.rename");
}

#[test]
fn a_name_of_another_rule_can_be_fixed() {
    let mut home = started();
    home.offline(|database| {
        let statement = "UPDATE auth_users SET user_name = 'we ird' WHERE user_name = 'bob'";
        database.execute(statement, []).unwrap();
    });
    let result = home.ok("users.rename", json!({"user": "We Ird", "name": "weird"}));
    assert_eq!(result["user"]["name"], "weird");
}
