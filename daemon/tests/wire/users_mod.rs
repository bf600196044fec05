//! `users.mod`: what changed, in which order, and the sessions that end.

use rusqlite::params;
use serde_json::{Value, json};

use crate::common::database::Database;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;

fn with_bob() -> (TestDaemon, String) {
    let mut home = TestDaemon::started();
    let bob = json!({"name": "bob", "role": "user", "password": "mysecret"});
    let uid = home.ok("users.add", bob)["user"]["uid"].as_str().unwrap().to_owned();
    (home, uid)
}

/// A login, an app password, a session created from it, and a login of somebody else.
pub(super) fn insert_sessions(database: &Database, uid: &str) {
    for (id, user, provider, method, grant) in [
        ("login", uid, "local", "default", "password"),
        ("app", uid, "application", "default", "cli"),
        ("child", uid, "application", "session", "password"),
        ("other", "uother", "local", "default", "password"),
    ] {
        database
            .execute(
                "INSERT OR REPLACE INTO auth_sessions (id, user_uid, auth_provider, auth_method, grant_type)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![id, user, provider, method, grant],
            )
            .unwrap();
    }
}

pub(super) fn sessions(database: &Database) -> Vec<String> {
    let rows = database.rows("SELECT id FROM auth_sessions ORDER BY id", []);
    rows.iter().map(|row| row.get(0).unwrap()).collect()
}

#[test]
fn changed_names_what_differs_in_the_order_of_the_table() {
    let (mut home, _) = with_bob();
    let all = json!({
        "user": "BOB", "expires_at": "2030-01-01T00:00:00Z", "attr": "a", "upload_path": "u",
        "base_path": "~", "webdav": true, "can_login": false, "super_admin": true,
        "auth_id": "subject", "auth_issuer": "i", "provider": "local", "email": "bob@example.com",
        "display_name": "Robert", "password": "mysecret2", "role": "admin",
    });
    let result = home.ok("users.mod", all.clone());
    let order = json!([
        "role",
        "password",
        "display_name",
        "email",
        "provider",
        "auth_id",
        "auth_issuer",
        "super_admin",
        "can_login",
        "webdav",
        "base_path",
        "upload_path",
        "attr",
        "expires_at"
    ]);
    assert_eq!(result["changed"], order);
    assert_eq!(result["user"]["base_path"], "users/bob");
    // The same again: only the password counts as changed, whatever it is.
    assert_eq!(home.ok("users.mod", all)["changed"], json!(["password"]));
    let shown = home.ok("users.show", json!({"user": "bob"}))["user"].clone();
    for nothing in [
        json!({"user": "bob"}),
        json!({"user": "bob", "keep_sessions": true}),
        json!({"user": "bob", "disable_2fa": true}),
        json!({"user": "bob", "disable_2fa": false}),
        json!({"user": "bob", "base_path": "~/", "email": " BOB@example.com"}),
        json!({"user": "bob", "expires_at": "2030-01-01T01:00:00.5+01:00"}),
    ] {
        let result = home.ok("users.mod", nothing.clone());
        let expected = json!({"user": shown, "changed": [], "sessions_revoked": 0});
        assert_eq!(result, expected, "{nothing}");
    }
    let result = home.ok("users.mod", json!({"user": "bob", "expires_at": "never", "email": ""}));
    assert_eq!(result["changed"], json!(["email", "expires_at"]));
}

#[test]
fn a_super_admin_is_shown_as_admin_and_becomes_one() {
    let (mut home, _) = with_bob();
    let error = home.fault("users.mod", json!({"user": "bob", "super_admin": true}));
    assert_eq!(error, ("invalid_argument".into(), "super_admin".into()));
    let both = json!({"user": "bob", "super_admin": true, "role": "admin"});
    assert_eq!(home.ok("users.mod", both)["changed"], json!(["role", "super_admin"]));
    let error = home.fault("users.mod", json!({"user": "bob", "role": "user"}));
    assert_eq!(error, ("invalid_argument".into(), "role".into()));
    // A role below it in the column is shown as admin, and admin is what taking away leaves.
    home.offline(|database| {
        database.execute("UPDATE auth_users SET user_role = 'guest' WHERE user_name = 'bob'", [])
    })
    .unwrap();
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["role"], "admin");
    let result = home.ok("users.mod", json!({"user": "bob", "super_admin": false}));
    assert_eq!(
        (&result["changed"], &result["user"]["role"]),
        (&json!(["super_admin"]), &json!("admin"))
    );
    home.ok("users.mod", json!({"user": "bob", "super_admin": true}));
    let result =
        home.ok("users.mod", json!({"user": "bob", "super_admin": false, "role": "viewer"}));
    assert_eq!(result["changed"], json!(["role", "super_admin"]));
}

#[test]
fn each_rule_names_its_field_and_changes_nothing() {
    let (mut home, _) = with_bob();
    let before = home.ok("users.show", json!({"user": "bob"}));
    for (field, value) in [
        ("role", json!("king")),
        ("password", json!("short")),
        ("password", json!("password")),
        ("display_name", json!("a\u{1b}b")),
        ("email", json!("nobody")),
        ("provider", json!("magic")),
        ("provider", json!("oidc")),
        ("auth_id", json!("a\nb")),
        ("base_path", json!("/etc")),
        ("upload_path", json!("a/../b")),
        ("attr", json!("x".repeat(1025))),
        ("expires_at", json!("soon")),
    ] {
        let args = json!({"user": "bob", "webdav": true, field: value});
        let error = home.fault("users.mod", args.clone());
        assert_eq!(error, ("invalid_argument".into(), field.to_owned()), "{args}");
    }
    let error = home
        .fault("users.mod", json!({"user": "bob", "provider": "ldap", "password": "longenough"}));
    assert_eq!(error, ("invalid_argument".into(), "password".into()));
    home.ok("users.add", json!({"name": "longername", "role": "user", "password": "mysecret"}));
    let error = home.fault("users.mod", json!({"user": "longername", "password": "LongerName"}));
    assert_eq!(error, ("invalid_argument".into(), "password".into()));
    let error = home.fault("users.mod", json!({"user": "longername", "email": "x@example.com", "auth_id": "abc", "provider": "oidc"}));
    assert_eq!(error, ("invalid_argument".into(), "auth_id".into()));
    assert_eq!(home.ok("users.show", json!({"user": "bob"})), before);
}

#[test]
fn sessions_end_for_what_touches_rights_and_app_passwords_stay() {
    let (mut home, uid) = with_bob();
    for (change, ends) in [
        (json!({"role": "viewer"}), true),
        (json!({"password": "mysecret2"}), true),
        (json!({"display_name": "B"}), false),
        (json!({"email": "bob@example.com"}), false),
        (json!({"provider": "local"}), true),
        (json!({"auth_id": "subject"}), true),
        (json!({"can_login": false}), true),
        (json!({"webdav": true}), true),
        (json!({"base_path": "a"}), true),
        (json!({"upload_path": "a"}), true),
        (json!({"attr": "a"}), true),
        (json!({"expires_at": "2035-01-01T00:00:00Z"}), true),
        (json!({"role": "admin", "super_admin": true}), true),
        (json!({"super_admin": false, "keep_sessions": true}), false),
        (json!({"attr": "a", "can_login": false}), false),
    ] {
        home.offline(|database| insert_sessions(database, &uid));
        let mut args = json!({"user": uid});
        args.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let result = home.ok("users.mod", args.clone());
        assert_eq!(result["sessions_revoked"], if ends { 2 } else { 0 }, "{args}");
        let left = home.offline(|database| sessions(database));
        let expected: &[&str] =
            if ends { &["app", "other"] } else { &["app", "child", "login", "other"] };
        assert_eq!(left, expected, "{args}");
    }
}

#[test]
fn two_factor_authentication_is_turned_off() {
    let (mut home, uid) = with_bob();
    home.offline(|database| {
        insert_sessions(database, &uid);
        database
            .execute(
                "INSERT INTO passcodes (uid, key_type, key_url, activated_at)
                 VALUES (?1, 'totp', 'otpauth://totp/PhotoPrism:bob', '2026-01-01 00:00:00+00:00')",
                [&uid],
            )
            .unwrap();
        database
            .execute("UPDATE auth_users SET auth_method = '2fa' WHERE user_uid = ?1", [&uid])
            .unwrap();
    });
    let user = home.ok("users.show", json!({"user": "bob"}))["user"].clone();
    assert_eq!((&user["two_factor"], &user["method"]), (&json!(true), &json!("2fa")));
    let args = json!({"user": "bob", "disable_2fa": true, "display_name": "Rob"});
    let result = home.ok("users.mod", args.clone());
    assert_eq!(result["changed"], json!(["display_name", "disable_2fa"]));
    assert_eq!(
        (&result["user"]["two_factor"], &result["user"]["method"]),
        (&json!(false), &json!(""))
    );
    assert_eq!(result["sessions_revoked"], 2);
    assert_eq!(home.ok("users.mod", args)["changed"], json!([]));
    let left: i64 = home.offline(|database| {
        database.query_row("SELECT count(*) FROM passcodes", [], |row| row.get(0)).unwrap()
    });
    assert_eq!(left, 0);
}

#[test]
fn unknown_and_deleted_accounts_are_not_found() {
    let (mut home, uid) = with_bob();
    home.ok("users.rm", json!({"user": "bob"}));
    for user in ["bob", "BOB ", &uid] {
        for (cmd, args) in [
            ("users.mod", json!({"user": user, "attr": "x"})),
            ("users.rm", json!({"user": user})),
            ("passwd.set", json!({"user": user, "password": "longenough"})),
            ("passwd.remove", json!({"user": user})),
        ] {
            let error = home.refused(cmd, args);
            assert_eq!(error["code"], "not_found", "{cmd}");
            assert!(error["hint"].as_str().unwrap().contains("users restore bob"), "{error}");
        }
    }
    for user in ["nobody", "", " ", "%", "b", "2", "utp00pv6ptcwv08t", "a b", "bob@example.com"] {
        for cmd in ["users.mod", "users.rm", "users.show", "users.restore", "passwd.remove"] {
            let error = home.refused(cmd, json!({"user": user}));
            assert_eq!((&error["code"], error.get("hint")), (&json!("not_found"), None), "{user}");
        }
    }
    let error = home.refused("users.show", json!({"user": "Nobody"}));
    assert_eq!(error, json!({"code": "not_found", "message": "user \"nobody\" not found"}));
    let error = home.refused("users.show", json!({"user": "my secret 123"}));
    assert!(!error["message"].as_str().unwrap().contains("secret"), "{error}");
    assert_eq!(error.get("field"), None::<&Value>);
}

#[test]
fn a_deleted_account_comes_back_with_what_is_given() {
    let (mut home, uid) = with_bob();
    home.ok("users.rm", json!({"user": "bob"}));
    let args = json!({"user": "bob", "restore": true, "role": "guest", "password": "mysecret2"});
    let result = home.ok("users.mod", args.clone());
    assert_eq!(result["changed"], json!(["role", "password", "restore"]));
    assert_eq!(result["user"]["uid"], json!(uid));
    assert_eq!(
        (&result["user"]["deleted_at"], &result["user"]["role"]),
        (&Value::Null, &json!("guest"))
    );
    let login = json!({"name": "bob", "password": "mysecret2", "client_ip": "192.0.2.1"});
    assert_eq!(home.ok("auth.login", login)["user"]["uid"], json!(uid));
    // One that is not deleted is changed as ever.
    let result = home.ok("users.mod", json!({"user": "bob", "restore": true}));
    assert_eq!(result["changed"], json!([]));
    home.ok("users.rm", json!({"user": "bob"}));
    let result = home.ok("users.mod", json!({"user": uid, "restore": true}));
    assert_eq!(result["changed"], json!(["restore"]));
}

#[test]
fn an_account_that_is_to_come_back_obeys_the_rules() {
    let (mut home, uid) = with_bob();
    home.ok("users.mod", json!({"user": "bob", "provider": "oidc", "auth_id": "subject"}));
    home.ok("users.rm", json!({"user": "bob"}));
    let refused = |home: &mut TestDaemon, args: Value| {
        let fault = home.fault("users.mod", args);
        let deleted = home.ok("users.show", json!({"user": uid}))["user"]["deleted_at"].clone();
        assert!(deleted.is_string(), "{fault:?}");
        fault
    };
    // Without the argument it is not found, and the hint says how.
    let fault = refused(&mut home, json!({"user": "bob", "role": "guest"}));
    assert_eq!(fault.0, "not_found");
    let fault = refused(&mut home, json!({"user": "bob", "restore": true, "email": "x"}));
    assert_eq!((fault.0.as_str(), fault.1.as_str()), ("invalid_argument", "email"));
    let fault = refused(&mut home, json!({"user": "nobody", "restore": true}));
    assert_eq!(fault.0, "not_found");
    // Somebody else may have its auth id by now: PhotoPrism does not ask the daemon.
    home.stop();
    home.open_database()
        .execute_batch(
            "INSERT INTO auth_users (user_uid, user_name, auth_provider, auth_id)
             VALUES ('usxyz0abc1defgh2', 'other', 'oidc', 'subject')",
        )
        .unwrap();
    home.start();
    let fault = refused(&mut home, json!({"user": "bob", "restore": true}));
    assert_eq!((fault.0.as_str(), fault.1.as_str()), ("exists", "auth_id"));
}
