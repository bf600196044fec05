//! The forms that a text may have, with what other programs write.

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::sent;

/// `correct horse battery`, as `htpasswd -B` stores it.
const BCRYPT: &str = "$2y$05$BSm22b.Z7Ju6WU6GXKhO0.fNctcbRTx4kNRnLkm/wNe3l2qduMTwS";

fn imported(home: &mut TestDaemon, text: &str, role: Option<&str>) -> Value {
    let import = sent(home, text);
    let mut args = json!({"import": import, "run": true});
    if let Some(role) = role {
        args["role"] = role.into();
    }
    home.ask(&json!({"cmd": "users.import", "args": args}).to_string())
}

#[test]
fn a_list_of_another_daemon_is_taken() {
    let mut first = TestDaemon::started();
    let zoe = json!({"name": "zoe", "role": "guest", "provider": "none", "email": "zoe@example.org",
        "expires_at": "2040-01-31T00:00:00Z", "base_path": "zoe", "webdav": true});
    first.ok("users.add", zoe);
    let list = first.ok("users.ls", json!({}))["items"].clone();
    let mut second = TestDaemon::started();
    let reply = imported(&mut second, &list.to_string(), None);
    let outcomes: Vec<&Value> =
        reply["result"]["items"].as_array().unwrap().iter().map(|item| &item["outcome"]).collect();
    assert_eq!(outcomes, ["unchanged", "added"], "{reply}");
    let again = second.ok("users.ls", json!({}))["items"].clone();
    for key in ["name", "role", "provider", "email", "expires_at", "base_path", "webdav"] {
        assert_eq!(again[1][key], list[1][key], "{key}");
    }
}

#[test]
fn a_file_of_htpasswd_needs_a_role() {
    let mut home = TestDaemon::started();
    let text = format!("# of the proxy\nbob:{BCRYPT}\neve:$apr1$abc$def\n");
    let reply = imported(&mut home, &text, None);
    let items = &reply["result"]["items"];
    assert_eq!((&items[0]["name"], &items[0]["field"]), (&"bob".into(), &"role".into()));
    let reply = imported(&mut home, &text, Some("user"));
    let items = &reply["result"]["items"];
    assert_eq!(items[0]["outcome"], "added", "{reply}");
    let message = items[1]["message"].as_str().unwrap();
    assert!(message.contains("htpasswd -B"), "{message}");
    assert_eq!(items[1]["field"], "password_hash");
    let login =
        |password: &str| json!({"name": "bob", "password": password, "client_ip": "192.0.2.7"});
    let seen = home.ok("auth.login", login("correct horse battery"));
    assert_eq!(seen["user"]["role"], "user", "{seen}");
    home.fault("auth.login", login("wrong"));
}

#[test]
fn a_role_is_for_new_accounts_without_one() {
    let mut home = TestDaemon::started();
    let text = "sep=,\r\nName,Role,Provider\r\nbob,,none\r\neve,guest,none\r\nadmin,,\r\n";
    let reply = imported(&mut home, text, Some("viewer"));
    let outcomes: Vec<_> = reply["result"]["items"].as_array().unwrap().iter().collect();
    let outcomes: Vec<_> = outcomes.iter().map(|item| item["outcome"].clone()).collect();
    assert_eq!(outcomes, ["added", "added", "unchanged"], "{reply}");
    let role = |home: &mut TestDaemon, user: &str| {
        home.ok("users.show", json!({"user": user}))["user"]["role"].clone()
    };
    let roles = ["bob", "eve", "admin"].map(|user| role(&mut home, user));
    assert_eq!(roles, ["viewer", "guest", "admin"]);

    let import = sent(&mut home, text);
    let refused = ("invalid_argument".to_owned(), "role".to_owned());
    let run = |role: &str| json!({"import": import, "run": true, "role": role});
    assert_eq!(home.fault("users.import", run("boss")), refused);
    let without = json!({"import": import, "text": "x", "role": "user"});
    assert_eq!(home.fault("users.import", without), refused);
}

#[test]
fn a_form_that_is_not_taken_is_named() {
    let mut home = TestDaemon::started();
    for (text, part) in [
        ("accounts:\n  - name: bob\n", "this looks like YAML"),
        ("<html>", "a web page"),
        ("UID;Username;Role\nusa;bob;User\n", "photoprism users export --csv"),
        ("[{\"name\":\"bob\"}", "has it been cut?"),
    ] {
        let reply = imported(&mut home, text, None);
        let error = &reply["error"];
        assert_eq!((&error["code"], &error["field"]), (&"invalid_argument".into(), &"text".into()));
        assert!(error["message"].as_str().unwrap().contains(part), "{reply}");
    }
}

#[test]
fn accounts_that_have_expired_already_are_named() {
    let mut home = TestDaemon::started();
    let rows = |names: &[&str]| {
        let row = |name: &&str| format!("{name};guest;none;2020-01-31\n");
        let rows: String = names.iter().map(row).collect();
        format!("name;role;provider;expires_at\n{rows}")
    };
    let warned = |reply: &Value| reply["warnings"][0].as_str().unwrap_or_default().to_owned();
    let one = imported(&mut home, &rows(&["bob"]), None);
    assert!(warned(&one).starts_with("the account bob has expired already"), "{one}");
    let names: Vec<String> = (10..22).map(|number| format!("u{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let many = warned(&imported(&mut home, &rows(&names), None));
    assert!(many.starts_with("12 accounts have expired") && many.contains("u19, …"), "{many}");
    let again = imported(&mut home, &rows(&names), None);
    assert_eq!(warned(&again), "", "nothing was written");
}
