//! `users.add`: defaults, the rule of each field, names that are taken, and `restore`.

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

/// Arguments of an account that is in order, with `change` on top.
fn with(change: &Value) -> Value {
    let mut args = json!({"name": "bob", "role": "user", "password": "mysecret"});
    for (key, value) in change.as_object().unwrap() {
        args[key] = value.clone();
    }
    args
}

#[test]
fn an_account_has_its_defaults() {
    let mut home = TestDaemon::started();
    let user = home.ok("users.add", with(&json!({"name": "Mixed.Case"})))["user"].clone();
    let uid = user["uid"].as_str().unwrap();
    assert!(uid.len() == 16 && uid.starts_with('u') && uid.to_lowercase() == uid, "{uid}");
    let created = user["created_at"].as_str().unwrap();
    assert!(created.len() == 20 && created.ends_with('Z'), "{created}");
    let expected = json!({
        "uid": uid, "name": "mixed.case", "display_name": "Mixed Case", "email": "",
        "role": "user", "super_admin": false, "can_login": true, "webdav": false,
        "may_login": true, "may_webdav": false, "provider": "default", "method": "",
        "auth_id": "", "auth_issuer": "", "base_path": "", "upload_path": "", "attr": "",
        "has_password": true, "two_factor": false, "login_at": null, "expires_at": null,
        "created_at": created, "updated_at": created, "deleted_at": null,
    });
    assert_eq!(user, expected);
    assert_eq!(home.ok("users.show", json!({"user": uid}))["user"], expected);
    assert_eq!(home.ok("users.show", json!({"user": " MIXED.CASE\n"}))["user"], expected);
}

#[test]
fn every_field_is_kept_in_its_form() {
    let mut home = TestDaemon::started();
    let given = json!({
        "name": "erin", "display_name": " Erin \"Root\" O'Neil ", "email": " Erin@Example.COM ",
        "role": "admin", "super_admin": true, "can_login": false, "webdav": true,
        "provider": "local", "auth_id": "sub|1", "base_path": "~/a//b/", "upload_path": "~",
        "attr": "k=v", "expires_at": "2020-01-31T02:00:00.999+02:00",
    });
    let user = home.ok("users.add", with(&given))["user"].clone();
    for (key, value) in [
        ("display_name", json!(" Erin \"Root\" O'Neil ")),
        ("email", json!("erin@example.com")),
        ("super_admin", json!(true)),
        ("can_login", json!(false)),
        ("may_login", json!(true)),
        ("may_webdav", json!(true)),
        ("provider", json!("local")),
        ("auth_id", json!("sub|1")),
        ("base_path", json!("users/erin/a/b")),
        ("upload_path", json!("users/erin")),
        ("attr", json!("k=v")),
        ("expires_at", json!("2020-01-31T00:00:00Z")),
    ] {
        assert_eq!(user[key], value, "{key}");
    }
    // An expired account is not a super admin, and has no rights.
    let past = with(&json!({"expires_at": "2020-01-31T00:00:00Z", "webdav": true}));
    let user = home.ok("users.add", past)["user"].clone();
    assert_eq!((&user["may_login"], &user["may_webdav"]), (&json!(false), &json!(false)));
    let open = with(&json!({"name": "eve", "expires_at": "never", "display_name": ""}));
    let user = home.ok("users.add", open)["user"].clone();
    assert_eq!((&user["expires_at"], &user["display_name"]), (&Value::Null, &json!("")));
}

fn long(chars: usize) -> String {
    "ä".repeat(chars)
}

fn bad_names_roles_and_passwords() -> Vec<(&'static str, Value)> {
    let forbidden = "\"'()#&$,+=`~?|*/\\:;<>{}".chars();
    let mut cases: Vec<_> = forbidden.map(|c| ("name", json!(format!("a{c}")))).collect();
    cases.extend([
        ("name", json!("")),
        ("name", json!("  ")),
        ("name", json!(long(201))),
        ("name", json!("a b")),
        ("name", json!("a\u{a0}b")),
        ("name", json!("a\u{7f}b")),
        ("name", json!("a\u{200b}b")),
        ("name", json!("a\u{202e}b")),
        ("name", json!("a\u{37e}b")),
        ("name", json!("-bob")),
        ("name", json!(" -bob")),
        ("name", json!("utp00pv6ptcwv08t")),
        ("name", json!("CTP00PV6PTCWV08T")),
        ("name", json!("All")),
        ("name", json!("deleted")),
        ("name", json!("expired")),
        ("name", json!("visitor")),
        ("role", json!("")),
        ("role", json!("king")),
        ("role", json!("Admin")),
        ("role", json!("visitor")),
        ("password", json!("")),
        ("password", json!("7 chars")),
        ("password", json!(" mysecret")),
        ("password", json!("mysecret\u{3000}")),
        ("password", json!(long(73))),
        ("password", json!("PassWord")),
        ("password", json!("12345678")),
        ("password", json!("QWERTYUIOP")),
        ("password", json!("11111111")),
    ]);
    cases
}

fn bad_properties() -> Vec<(&'static str, Value)> {
    vec![
        ("display_name", json!(long(201))),
        ("display_name", json!("a\nb")),
        ("display_name", json!("a\u{202e}b")),
        ("display_name", json!("a\u{61c}b")),
        ("email", json!("bob")),
        ("email", json!("bob@example")),
        ("email", json!("a@b@example.com")),
        ("email", json!("@example.com")),
        ("email", json!(format!("{}@example.com", long(244)))),
        ("provider", json!("")),
        ("provider", json!("Local")),
        ("provider", json!("link")),
        ("base_path", json!("/a")),
        ("base_path", json!("a/../b")),
        ("base_path", json!("..")),
        ("base_path", json!(".hidden")),
        ("base_path", json!("~/..")),
        ("base_path", json!("a\\b")),
        ("base_path", json!("a:b")),
        ("base_path", json!(long(513))),
        ("upload_path", json!("a|b")),
        ("upload_path", json!("a?b")),
        ("upload_path", json!("a*b")),
        ("upload_path", json!("50%")),
        ("upload_path", json!("<a>")),
        ("upload_path", json!("a\"b")),
        ("upload_path", json!(format!("~/{}", "a".repeat(1014)))),
        ("attr", json!(long(513))),
        ("expires_at", json!("")),
        ("expires_at", json!("tomorrow")),
        ("expires_at", json!("2027-02-30T00:00:00Z")),
        ("expires_at", json!("2027-01-01")),
        ("expires_at", json!("2027-01-01T00:00:00")),
    ]
}

#[test]
fn each_rule_names_its_field() {
    let mut home = TestDaemon::started();
    for (field, value) in [bad_names_roles_and_passwords(), bad_properties()].concat() {
        // The name is long enough for the longest path.
        let args = with(&json!({"name": "bobby", field: value}));
        let error = home.fault("users.add", args.clone());
        assert_eq!(error, ("invalid_argument".into(), field.to_owned()), "{args}");
    }
    assert_eq!(home.ok("users.ls", json!({}))["items"].as_array().unwrap().len(), 1);
}

#[test]
fn rules_between_fields_name_what_was_given() {
    let mut home = TestDaemon::started();
    for (args, field) in [
        (json!({"name": "bob", "password": "mysecret"}), "role"),
        (json!({"name": "bob", "role": "user"}), "password"),
        (json!({"name": "bob", "role": "user", "provider": "local"}), "password"),
        (with(&json!({"name": "mySecret1", "password": "MYsecret1"})), "password"),
        (with(&json!({"provider": "oidc", "auth_id": "subject"})), "password"),
        (with(&json!({"provider": "ldap"})), "password"),
        (with(&json!({"provider": "none"})), "password"),
        (json!({"name": "bob", "role": "user", "provider": "oidc"}), "provider"),
        (json!({"name": "bob", "role": "user", "provider": "oidc", "auth_id": "abc"}), "auth_id"),
    ] {
        let error = home.fault("users.add", args.clone());
        assert_eq!(error, ("invalid_argument".into(), field.to_owned()), "{args}");
    }
    let (code, field) = home.fault("users.add", with(&json!({"super_admin": true})));
    assert_eq!(code, "invalid_argument");
    assert!(["role", "super_admin"].contains(&&*field), "{field}");
    for (name, provider) in [("a", "ldap"), ("b", "none")] {
        home.ok("users.add", json!({"name": name, "role": "user", "provider": provider}));
    }
    home.ok(
        "users.add",
        json!({"name": "c", "role": "user", "provider": "oidc", "auth_id": "abcd"}),
    );
}

#[test]
fn names_and_emails_are_unique_over_all_accounts() {
    let mut home = TestDaemon::started();
    home.ok("users.add", with(&json!({"name": "jose\u{301}", "email": "j@example.com"})));
    for spelling in ["josé", "JOSE\u{301}", " José\n"] {
        let error = home.refused("users.add", with(&json!({"name": spelling})));
        assert_eq!((&error["code"], error.get("hint")), (&json!("exists"), None), "{error}");
    }
    let error = home.refused("users.add", with(&json!({"email": " J@EXAMPLE.com"})));
    assert_eq!((&error["code"], &error["field"]), (&json!("exists"), &json!("email")));
    home.ok("users.rm", json!({"user": "josé"}));
    let error = home.refused("users.add", with(&json!({"name": "josé"})));
    assert_eq!((&error["code"], &error["field"]), (&json!("exists"), &json!("name")));
    assert!(error["hint"].as_str().unwrap().contains("restore"), "{error}");
    let error = home.refused("users.add", with(&json!({"email": "j@example.com"})));
    assert_eq!((&error["code"], &error["field"]), (&json!("exists"), &json!("email")));
    // No email is not an email that is taken.
    home.ok("users.add", with(&json!({"name": "one", "email": ""})));
    home.ok("users.add", with(&json!({"name": "two", "email": " "})));
}

#[test]
fn restore_brings_a_deleted_account_back_and_nothing_else_changes() {
    let mut home = TestDaemon::started();
    let full = json!({"name": "bob", "role": "viewer", "password": "mysecret", "attr": "x",
        "email": "bob@example.com", "webdav": true, "base_path": "b", "display_name": "B"});
    let before = home.ok("users.add", full)["user"].clone();
    let error = home.refused("users.add", json!({"name": "bob", "restore": true}));
    assert_eq!((&error["code"], error.get("hint")), (&json!("exists"), None));
    home.ok("users.rm", json!({"user": "bob"}));
    let error = home.refused("users.add", json!({"name": "bob", "restore": false, "role": "user"}));
    assert_eq!(error["code"], "exists");
    let mut back = home.ok("users.add", json!({"name": "Bob", "restore": true}))["user"].clone();
    back["updated_at"] = before["updated_at"].clone();
    assert_eq!(back, before);
    home.ok("users.rm", json!({"user": "bob"}));
    let given = json!({"name": "bob", "restore": true, "role": "guest", "email": ""});
    let back = home.ok("users.add", given)["user"].clone();
    assert_eq!(
        (&back["role"], &back["email"], &back["attr"], &back["uid"]),
        (&json!("guest"), &json!(""), &json!("x"), &before["uid"])
    );
    // Rules hold as on any other account.
    home.ok("users.rm", json!({"user": "bob"}));
    for (change, field) in [
        (json!({"role": "king"}), "role"),
        (json!({"provider": "oidc"}), "provider"),
        (json!({"super_admin": true}), "super_admin"),
        (json!({"provider": "ldap", "password": "longenough"}), "password"),
    ] {
        let mut args = json!({"name": "bob", "restore": true});
        args.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(home.fault("users.add", args), ("invalid_argument".into(), field.into()));
    }
    assert_ne!(home.ok("users.show", json!({"user": "bob"}))["user"]["deleted_at"], Value::Null);
}

#[test]
fn restore_asks_for_a_password_only_where_there_is_none() {
    let mut home = TestDaemon::started();
    home.ok("users.add", json!({"name": "ldap", "role": "user", "provider": "ldap"}));
    home.ok("users.rm", json!({"user": "ldap"}));
    let error =
        home.fault("users.add", json!({"name": "ldap", "restore": true, "provider": "local"}));
    assert_eq!(error, ("invalid_argument".into(), "password".into()));
    let args =
        json!({"name": "ldap", "restore": true, "provider": "local", "password": "mysecret"});
    assert_eq!(home.ok("users.add", args)["user"]["has_password"], true);
    // No such account: an ordinary add, whose rules hold.
    let error = home.fault("users.add", json!({"name": "new", "restore": true}));
    assert_eq!(error, ("invalid_argument".into(), "role".into()));
    let error = home.fault("users.add", json!({"name": "new", "restore": true, "role": "user"}));
    assert_eq!(error, ("invalid_argument".into(), "password".into()));
    home.ok("users.add", with(&json!({"name": "new", "restore": true})));
}
