//! The system rows, the first admin, and the last super admin.

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

fn conflict(home: &mut TestDaemon, cmd: &str, args: &Value) {
    let error = home.refused(cmd, args.clone());
    assert_eq!((&error["code"], error.get("field")), (&json!("conflict"), None), "{cmd} {args}");
}

fn with_password() -> TestDaemon {
    let mut home = TestDaemon::started();
    home.ok("passwd.set", json!({"user": "admin", "password": "longenough"}));
    home
}

/// What the last super admin must keep.
const LOSSES: [&str; 10] = [
    r#"{"super_admin": false}"#,
    r#"{"super_admin": false, "role": "admin"}"#,
    r#"{"role": "user"}"#,
    r#"{"role": "guest", "super_admin": false}"#,
    r#"{"provider": "ldap"}"#,
    r#"{"provider": "none"}"#,
    r#"{"provider": "oidc", "auth_id": "subject"}"#,
    r#"{"expires_at": "2099-01-01T00:00:00Z"}"#,
    r#"{"expires_at": "2020-01-01T00:00:00Z"}"#,
    r#"{"can_login": false}"#,
];

fn loss(user: &str, change: &str) -> Value {
    let mut args: Value = serde_json::from_str(change).unwrap();
    args["user"] = json!(user);
    args
}

#[test]
fn the_last_super_admin_keeps_what_it_needs() {
    let mut home = with_password();
    let before = home.ok("users.show", json!({"user": "admin"}));
    for change in LOSSES {
        conflict(&mut home, "users.mod", &loss("admin", change));
    }
    conflict(&mut home, "passwd.remove", &json!({"user": "admin"}));
    conflict(&mut home, "users.rm", &json!({"user": "admin"}));
    assert_eq!(home.ok("users.show", json!({"user": "admin"})), before);
    // All else may change.
    let args = json!({"user": "admin", "role": "admin", "super_admin": true, "provider": "default",
        "can_login": true, "webdav": false, "expires_at": "never", "password": "longenough2",
        "attr": "x"});
    let changed = json!(["password", "provider", "webdav", "attr"]);
    assert_eq!(home.ok("users.mod", args)["changed"], changed);
}

#[test]
fn those_who_may_not_log_in_do_not_count() {
    let mut home = with_password();
    let add = |name: &str, more: Value| {
        let mut args = json!({"name": name, "role": "admin", "super_admin": true});
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        args
    };
    home.ok("users.add", add("none", json!({"provider": "none"})));
    home.ok("users.add", add("gone", json!({"password": "mysecret"})));
    home.ok("users.rm", json!({"user": "gone"}));
    home.ok("users.add", json!({"name": "plain", "role": "admin", "password": "mysecret"}));
    for change in LOSSES {
        conflict(&mut home, "users.mod", &loss("admin", change));
    }
    conflict(&mut home, "passwd.remove", &json!({"user": "admin"}));
    // One that has expired and may not log in with its password may log in all the same.
    let other = add(
        "other",
        json!({"password": "mysecret", "can_login": false,
        "expires_at": "2020-01-01T00:00:00Z"}),
    );
    home.ok("users.add", other);
    // The role alone is then refused by the rule between it and super admin.
    for change in LOSSES.into_iter().filter(|change| *change != LOSSES[2]) {
        home.ok("users.mod", loss("admin", change));
        let back = json!({"user": "admin", "role": "admin", "super_admin": true, "can_login": true,
            "provider": "local", "expires_at": "never"});
        home.ok("users.mod", back);
    }
    assert_eq!(home.ok("passwd.remove", json!({"user": "admin"}))["removed"], true);
    // Now the other may go only where this one stays.
    home.ok("users.mod", json!({"user": "admin", "super_admin": false}));
    conflict(&mut home, "users.rm", &json!({"user": "other"}));
    conflict(&mut home, "users.mod", &json!({"user": "other", "super_admin": false}));
    home.ok("users.mod", json!({"user": "admin", "super_admin": true}));
    home.ok("users.rm", json!({"user": "other"}));
}

#[test]
fn the_first_admin_stays_with_others_too() {
    let mut home = TestDaemon::started();
    let uid = home.ok("users.show", json!({"user": "admin"}))["user"]["uid"].clone();
    let other =
        json!({"name": "other", "role": "admin", "super_admin": true, "password": "mysecret"});
    home.ok("users.add", other);
    conflict(&mut home, "users.rm", &json!({"user": "admin"}));
    conflict(&mut home, "users.rm", &json!({"user": uid}));
    home.ok("users.mod", json!({"user": "admin", "super_admin": false, "role": "guest"}));
    conflict(&mut home, "users.rm", &json!({"user": uid}));
}

#[test]
fn a_password_that_is_not_there_is_not_lost() {
    let mut home = TestDaemon::started();
    let result = home.ok("passwd.remove", json!({"user": "admin"}));
    assert_eq!(result, json!({"removed": false, "sessions_revoked": 0}));
}

#[test]
fn system_rows_are_shown_and_never_changed() {
    let mut home = TestDaemon::started();
    for (uid, display, provider, role) in [
        ("u000000000000001", "Unknown", "none", ""),
        ("u000000000000002", "Visitor", "link", "visitor"),
    ] {
        let user = home.ok("users.show", json!({"user": uid}))["user"].clone();
        assert_eq!(
            (&user["display_name"], &user["provider"], &user["role"], &user["name"]),
            (&json!(display), &json!(provider), &json!(role), &json!("")),
        );
        assert_eq!((&user["may_login"], &user["may_webdav"]), (&json!(false), &json!(false)));
        for (cmd, args) in [
            ("users.mod", json!({"user": uid})),
            ("users.mod", json!({"user": uid, "display_name": "X"})),
            ("users.mod", json!({"user": uid, "disable_2fa": true})),
            ("users.rm", json!({"user": uid})),
            ("users.restore", json!({"user": uid})),
            ("passwd.set", json!({"user": uid, "password": "longenough"})),
            ("passwd.remove", json!({"user": uid})),
        ] {
            conflict(&mut home, cmd, &args);
        }
    }
    for name in ["unknown", "Visitor"] {
        let code = home.refused("users.show", json!({"user": name}))["code"].clone();
        assert_eq!(code, "not_found", "{name}");
    }
}
