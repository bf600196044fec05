//! Warnings of replies, and hints of refusals: what was probably meant.

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// The warnings of a reply that must be `ok`.
fn warnings(home: &mut TestDaemon, cmd: &str, args: &Value) -> Vec<String> {
    let reply = home.call(cmd, args.clone());
    assert_eq!(reply["ok"], true, "{reply}");
    let texts = reply["warnings"].as_array().cloned().unwrap_or_default();
    texts.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_scope_that_photoprism_does_not_know_is_warned_about() {
    let mut home = TestDaemon::started();
    for (scope, expected) in [
        ("webdav", None),
        ("* ", None),
        ("metrics photos:read", None),
        ("webdva", Some("the scope webdva; did you mean webdav? (known are * and albums, ")),
        ("metrics git", Some("the scope git (known are * and albums, ")),
    ] {
        let found = warnings(&mut home, "auth.add", &json!({"name": "Sync", "scope": scope}));
        match expected {
            None => assert_eq!(found, [""; 0], "{scope}"),
            Some(text) => assert!(found.len() == 1 && found[0].contains(text), "{found:?}"),
        }
    }
}

#[test]
fn an_expiry_in_the_past_is_warned_about() {
    let mut home = TestDaemon::started();
    let bob =
        |end: &str| json!({"name": "bob", "role": "admin", "provider": "none", "expires_at": end});
    let found = warnings(&mut home, "users.add", &bob("2020-01-01T00:00:00Z"));
    assert!(found[0].contains("expired already (2020-01-01T00:00:00Z)"), "{found:?}");
    let change = |end: &str| json!({"user": "bob", "expires_at": end});
    assert_eq!(warnings(&mut home, "users.mod", &change("never")), [""; 0]);
    assert_eq!(warnings(&mut home, "users.mod", &change("9000-01-01T00:00:00Z")), [""; 0]);
    let found = warnings(&mut home, "users.mod", &change("2021-01-01T00:00:00Z"));
    assert!(found[0].contains("expired already (2021-01-01T00:00:00Z)"), "{found:?}");
    assert_eq!(warnings(&mut home, "users.mod", &json!({"user": "bob", "attr": "x"})), [""; 0]);
}

#[test]
fn an_email_address_in_place_of_a_name_is_recognised() {
    let mut home = TestDaemon::started();
    let bob =
        json!({"name": "bob", "role": "admin", "provider": "none", "email": "bob@example.com"});
    home.ok("users.add", bob);
    for cmd in ["users.show", "users.restore", "users.2fa.show"] {
        let error = home.refused(cmd, json!({"user": "bob@example.com"}));
        let expected = "this is the email address of bob; give that name";
        assert_eq!((&error["code"], &error["hint"]), (&json!("not_found"), &json!(expected)));
        let error = home.refused(cmd, json!({"user": "eve@example.com"}));
        assert_eq!((&error["code"], &error["hint"]), (&json!("not_found"), &Value::Null));
    }
    home.ok("users.rm", json!({"user": "bob"}));
    assert_eq!(home.refused("users.show", json!({"user": "bob@example.com"}))["hint"], Value::Null);
}

#[test]
fn only_a_near_key_is_suggested() {
    let mut home = TestDaemon::started();
    let hint = |home: &mut TestDaemon, key: &str| {
        let error = home.refused("users.add", json!({"name": "bob", key: "x"}));
        assert_eq!((&error["code"], &error["field"]), (&json!("bad_request"), &json!(key)));
        error["hint"].as_str().unwrap().to_owned()
    };
    assert_eq!(hint(&mut home, "rolle"), "role");
    for key in ["colour", "phone"] {
        let hint = hint(&mut home, key);
        assert!(hint.starts_with("known are ") && hint.contains("display_name"), "{hint}");
    }
}
