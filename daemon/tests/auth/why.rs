//! `users.why`: everything that prevents a login, and how to fix it.

use serde_json::{Value, json};

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{PASSWORD, add_user, code, login, login_from, quick, refusal, text, with_bob};

fn why(home: &mut TestDaemon, user: &str) -> Value {
    home.ok("users.why", json!({"user": user}))
}

fn codes(answer: &Value) -> Vec<String> {
    answer["reasons"].as_array().unwrap().iter().map(|reason| text(&reason["code"])).collect()
}

#[test]
fn nothing_prevents_the_login_of_an_ordinary_account() {
    let mut home = with_bob();
    let answer = why(&mut home, "bob");
    assert_eq!(answer["can_log_in"], true);
    assert_eq!((&answer["reasons"], &answer["attempts"]), (&json!([]), &json!([])));
    assert_eq!(answer["user"], home.ok("users.show", json!({"user": "bob"}))["user"]);
    for n in 0..12 {
        home.ok("auth.login", login_from(&format!("192.0.2.{n}"), "bob", PASSWORD));
    }
    assert_eq!(why(&mut home, "bob")["attempts"].as_array().unwrap().len(), 10);
    assert_eq!(home.refused("users.why", json!({"user": "nobody"}))["code"], "not_found");
    assert_eq!(home.refused("users.why", json!({"user": ""}))["code"], "not_found");
}

#[test]
fn every_reason_is_named_with_what_mends_it() {
    let mut home = with_bob();
    for (change, code, command) in [
        (
            json!({"expires_at": "2020-01-01T00:00:00Z"}),
            "expired",
            "photoprism users mod --expires-at never bob",
        ),
        (json!({"provider": "ldap"}), "provider", "photoprism users mod --auth default bob"),
        (json!({"provider": "none"}), "provider", "photoprism users mod --auth default bob"),
        (json!({"can_login": false}), "login_off", "photoprism users mod --login bob"),
    ] {
        let mut args = change.clone();
        args["user"] = json!("bob");
        home.ok("users.mod", args);
        let answer = why(&mut home, "bob");
        assert_eq!(codes(&answer), [code], "{change}");
        assert_eq!(answer["can_log_in"], false);
        let reason = &answer["reasons"][0];
        assert_eq!((&reason["command"], &reason["until"]), (&json!(command), &Value::Null));
        assert!(!text(&reason["message"]).is_empty());
        let back = json!({"user": "bob", "expires_at": "never", "provider": "default",
            "can_login": true});
        home.ok("users.mod", back);
        assert_eq!(why(&mut home, "bob")["can_log_in"], true, "{change}");
    }
    home.ok("passwd.remove", json!({"user": "bob"}));
    home.ok("users.mod", json!({"user": "bob", "can_login": false}));
    home.ok("users.mod", json!({"user": "bob", "expires_at": "2020-01-01T00:00:00Z"}));
    home.ok("users.rm", json!({"user": "bob"}));
    let answer = why(&mut home, "bob");
    let mut found = codes(&answer);
    found.sort();
    assert_eq!(found, ["deleted", "expired", "login_off", "no_password"]);
    let deleted = &answer["reasons"][codes(&answer).iter().position(|c| c == "deleted").unwrap()];
    assert_eq!(deleted["command"], "photoprism users restore bob");
    home.offline(|database| {
        let statement = "UPDATE auth_users SET user_role = 'king' WHERE user_name = 'bob'";
        database.execute(statement, []).unwrap();
    });
    assert!(codes(&why(&mut home, "bob")).contains(&"role_unknown".to_owned()));
}

#[test]
fn a_second_factor_is_reported_and_does_not_prevent_a_login() {
    let mut home = with_bob();
    let key = text(&home.ok("users.2fa.enroll", json!({"user": "bob"}))["key"]);
    assert_eq!(codes(&why(&mut home, "bob")), Vec::<String>::new(), "it waits for a code");
    let Some(code) = code(&key, 0) else { return crate::common::skipped("no oathtool here") };
    home.ok("users.2fa.confirm", json!({"user": "bob", "passcode": code}));
    let answer = why(&mut home, "bob");
    assert_eq!(codes(&answer), ["two_factor"]);
    assert_eq!(
        (&answer["can_log_in"], &answer["reasons"][0]["blocks"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(answer["reasons"][0]["command"], "photoprism users 2fa disable bob");
}

#[test]
fn a_lockout_is_reported_until_it_ends() {
    let mut home = quick().args(["--login-burst", "2", "--login-refill", "100"]);
    home.start();
    add_user(&mut home, "bob");
    for _ in 0..3 {
        refusal(&mut home, login("bob", "wrong password"));
    }
    let answer = why(&mut home, "bob");
    let mut found = codes(&answer);
    found.sort();
    assert_eq!(found, ["account_limited", "address_limited"]);
    assert_eq!(answer["can_log_in"], false);
    for reason in answer["reasons"].as_array().unwrap() {
        let until: jiff::Timestamp = text(&reason["until"]).parse().unwrap();
        let left = until.as_second() - crate::setup::unix();
        assert!((90..=101).contains(&left), "{reason}");
        let command = match text(&reason["code"]).as_str() {
            "account_limited" => "photoprism logins clear --user bob",
            _ => "photoprism logins clear --ip 192.0.2.1",
        };
        assert_eq!(reason["command"], command);
    }
    assert_eq!(answer["attempts"].as_array().unwrap().len(), 1);
    home.ok("logins.clear", json!({"name": "bob"}));
    assert_eq!(
        codes(&why(&mut home, "bob")),
        Vec::<String>::new(),
        "no attempt is left to name it"
    );
    home.ok("logins.clear", json!({}));
    assert_eq!(why(&mut home, "bob")["can_log_in"], true);
}
