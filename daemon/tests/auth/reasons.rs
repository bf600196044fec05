//! Why logins are refused: what is answered, recorded and logged, the first reason that holds.

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{
    IP, PASSWORD, add_user, app_password, items, login, quick, record, refusal, text, with_bob,
};

/// A refusal like any other, and its record. Gives what was answered.
fn assert_refused(home: &mut TestDaemon, args: &Value, reason: &str) -> Value {
    let name = text(&args["name"]).trim().to_lowercase();
    let error = home.refused("auth.login", args.clone());
    let code = match reason {
        "passcode missing" => "passcode_required",
        _ => "invalid_credentials",
    };
    assert_eq!(error["code"], code, "{reason}: {error}");
    assert!(error.get("field").is_none() && error.get("hint").is_none(), "{error}");
    let record = record(home, &name);
    assert_eq!((&record["status"], &record["client_ip"]), (&json!(reason), &json!(IP)), "{name}");
    assert!(record["failed_at"].is_string() && record["banned_at"].is_null(), "{record}");
    assert_eq!(record["failed_at"], record["updated_at"]);
    let line = format!("login refused ip={IP} user=\"{name}\" reason=\"{reason}\"");
    home.running().wait_for_log(&line);
    error
}

#[test]
fn every_reason_is_recorded_and_none_is_in_the_reply() {
    let mut home = quick().args(["--login-burst", "1000"]);
    home.start();
    for name in
        ["bob", "gone", "late", "off", "free", "scoped", "stale", "none", "lateapp", "offapp"]
    {
        add_user(&mut home, name);
    }
    let scoped = app_password(&mut home, "scoped", "webdav");
    let none = app_password(&mut home, "none", "*");
    let lateapp = app_password(&mut home, "lateapp", "*");
    let offapp = app_password(&mut home, "offapp", "*");
    let stale = app_password(&mut home, "stale", "*");
    home.ok("users.rm", json!({"user": "gone"}));
    for user in ["late", "lateapp"] {
        home.ok("users.mod", json!({"user": user, "expires_at": "2020-01-01T00:00:00Z"}));
    }
    for user in ["off", "offapp"] {
        home.ok("users.mod", json!({"user": user, "can_login": false}));
    }
    home.ok("users.mod", json!({"user": "none", "provider": "none"}));
    home.ok("passwd.remove", json!({"user": "free"}));
    for provider in ["ldap", "oidc"] {
        let mut args = json!({"name": provider, "role": "user", "provider": provider});
        args["auth_id"] = json!("subject-1");
        home.ok("users.add", args);
    }
    home.offline(|database| {
        let id = "SELECT user_uid FROM auth_users WHERE user_name = 'stale'";
        let statement =
            format!("UPDATE auth_sessions SET sess_expires = 1 WHERE user_uid = ({id})");
        assert_eq!(database.execute(&statement, []).unwrap(), 1);
    });
    let mut answer = None;
    for (name, password, reason) in [
        ("nobody", PASSWORD, "unknown user"),
        ("free", PASSWORD, "no password"),
        ("ldap", PASSWORD, "no password"),
        ("oidc", PASSWORD, "no password"),
        ("bob", "wrong password", "wrong password"),
        ("bob", &scoped, "wrong password"),
        ("stale", &stale, "wrong password"),
        ("scoped", &scoped, "scope"),
        ("gone", PASSWORD, "deleted"),
        ("gone", "wrong password", "wrong password"),
        ("late", PASSWORD, "expired"),
        ("late", "wrong password", "wrong password"),
        ("lateapp", &lateapp, "expired"),
        ("none", &none, "disabled"),
        ("off", PASSWORD, "login off"),
        ("off", "wrong password", "wrong password"),
        ("offapp", &offapp, "login off"),
    ] {
        let reply = assert_refused(&mut home, &login(name, password), reason);
        assert_eq!(reply, *answer.get_or_insert_with(|| reply.clone()), "{reason}");
    }
    assert_eq!(items(&mut home, "auth.ls", json!({"search": "off"})).len(), 1);
}

#[test]
fn for_webdav_alone_an_app_password_needs_no_login() {
    let mut home = with_bob();
    let app = app_password(&mut home, "bob", "*");
    home.ok("users.mod", json!({"user": "bob", "can_login": false}));
    let mut args = login("bob", &app);
    (args["session"], args["scope"]) = (json!(false), json!("webdav"));
    assert_refused(&mut home, &args, "login off");
    home.ok("users.mod", json!({"user": "bob", "webdav": true}));
    assert_eq!(home.ok("auth.login", args.clone())["user"]["may_login"], false);
    for (session, scope) in [(true, "webdav"), (false, "webdav photos"), (false, "photos")] {
        (args["session"], args["scope"]) = (json!(session), json!(scope));
        assert_refused(&mut home, &args, "login off");
    }
}

/// Expired and without a provider: the first of both holds.
#[test]
fn an_account_that_has_expired_is_expired_first() {
    let mut home = with_bob();
    let app = app_password(&mut home, "bob", "*");
    let change = json!({"user": "bob", "provider": "none", "expires_at": "2020-01-01T00:00:00Z"});
    home.ok("users.mod", change);
    assert_refused(&mut home, &login("bob", &app), "expired");
}

/// A right password of an account without a provider: the hash is there, the account is disabled.
#[test]
fn the_right_password_of_a_disabled_account_is_recorded_as_such() {
    let mut home = with_bob();
    home.ok("users.mod", json!({"user": "bob", "provider": "none"}));
    assert_refused(&mut home, &login("bob", PASSWORD), "disabled");
    assert_refused(&mut home, &login("bob", "wrong password"), "wrong password");
}

#[test]
fn an_account_of_an_unknown_role_may_not_log_in() {
    let mut home = with_bob();
    home.offline(|database| {
        let statement = "UPDATE auth_users SET user_role = 'visitor' WHERE user_name = 'bob'";
        assert_eq!(database.execute(statement, []).unwrap(), 1);
    });
    assert_refused(&mut home, &login("bob", PASSWORD), "login off");
}

#[test]
fn the_system_accounts_and_no_name_are_nobody() {
    let mut home = with_bob();
    for name in ["", "  "] {
        let reply = home.call("auth.login", login(name, PASSWORD));
        assert_eq!(reply["error"]["code"], "invalid_credentials", "{name:?} {reply}");
        let found = items(&mut home, "logins.ls", json!({}));
        assert_eq!((found.len(), &found[0]["status"]), (1, &json!("unknown user")), "{found:?}");
    }
    for name in ["u000000000000001", "unknown", "visitor"] {
        assert_refused(&mut home, &login(name, PASSWORD), "unknown user");
    }
    let uid = text(&home.ok("users.show", json!({"user": "bob"}))["user"]["uid"]);
    assert_refused(&mut home, &login(&uid, PASSWORD), "unknown user");
}

/// Nothing is recorded, counted or logged that was no attempt.
#[test]
fn bad_arguments_are_not_attempts() {
    let mut home = with_bob();
    let mut full = login("bob", PASSWORD);
    full["realm"] = json!("api");
    for (field, values) in [
        (
            "client_ip",
            vec![
                "",
                "192.0.2",
                "192.0.2.1:80",
                "[::1]",
                "::1/64",
                "fe80::1%lo",
                "localhost",
                " ::1",
            ],
        ),
        ("realm", vec!["", "a\nb"]),
        ("scope", vec!["", "a/b", "* a"]),
        ("client_name", vec!["a\nb"]),
        ("name", vec!["a\u{0}"]),
        ("password", vec!["a\u{0}"]),
    ] {
        for value in values {
            let mut args = full.clone();
            args[field] = json!(value);
            let fault = home.fault("auth.login", args);
            assert_eq!(fault, ("invalid_argument".to_owned(), field.to_owned()), "{value:?}");
        }
    }
    for field in ["name", "password", "client_ip"] {
        let mut args = full.clone();
        args.as_object_mut().unwrap().remove(field);
        assert_eq!(home.fault("auth.login", args).0, "bad_request");
        let mut args = full.clone();
        args[field] = json!(7);
        assert_eq!(home.fault("auth.login", args), ("bad_request".to_owned(), field.to_owned()));
    }
    assert!(items(&mut home, "logins.ls", json!({})).is_empty());
    assert!(!home.running().log().contains("login refused"));
}

#[test]
fn strangers_cannot_forge_a_line_of_the_log() {
    let mut home = with_bob();
    let name = "x\" reason=\"\nlogin ok ip=203.0.113.9 user=\"admin\u{1b}[2J\u{202e}";
    assert_eq!(refusal(&mut home, login(name, PASSWORD)), "invalid_credentials");
    let mut args = login("bob", PASSWORD);
    args["user_agent"] = json!("agent\u{1b}[2J\nlogin ok ip=203.0.113.9 user=\"admin\"");
    home.ok("auth.login", args);
    home.running().wait_for_log("login ok ip=192.0.2.1 user=\"bob\"");
    let log = home.stop();
    for line in log.lines() {
        assert!(!line.contains('\u{1b}') && !line.contains('\u{202e}'), "{line}");
        assert!(!line.starts_with("login"), "{line}");
    }
    let begun = regex::Regex::new(r"^\S+ +INFO +login ok ").unwrap();
    let begins: Vec<_> = log.lines().filter(|line| begun.is_match(line)).collect();
    assert_eq!(begins.len(), 1, "{log}");
    assert!(begins[0].ends_with("login ok ip=192.0.2.1 user=\"bob\""), "{begins:?}");
    let refused = log.lines().find(|line| line.contains("login refused")).unwrap();
    assert!(refused.ends_with("\" reason=\"unknown user\""), "{refused}");
    assert!(refused.contains(r#"login refused ip=192.0.2.1 user="x\" reason=\""#), "{refused}");
    assert!(!log.contains(PASSWORD));
}

#[test]
fn a_refusal_counts_up_until_the_next_success() {
    let mut home = with_bob();
    for count in 1..=3 {
        refusal(&mut home, login("BOB ", "wrong password"));
        let record = record(&mut home, "bob");
        assert_eq!((&record["repeated"], &record["login_at"]), (&json!(count), &Value::Null));
    }
    let mut elsewhere = login("bob", "wrong password");
    elsewhere["realm"] = json!("webdav");
    refusal(&mut home, elsewhere);
    home.ok("auth.login", login("bob", PASSWORD));
    let found = items(&mut home, "logins.ls", json!({"name": "bob", "failed": false}));
    assert_eq!((found.len(), &found[0]["repeated"]), (1, &json!(0)));
    assert_eq!((&found[0]["status"], &found[0]["error"]), (&json!("OK"), &json!("")));
    assert!(found[0]["login_at"].is_string() && found[0]["failed_at"].is_string());
    let found = items(&mut home, "logins.ls", json!({"failed": true}));
    assert_eq!((found.len(), &found[0]["realm"]), (1, &json!("webdav")));
    assert_eq!(found[0]["repeated"], 1);
}
